import { describe, expect, it } from 'vitest';
import { Keyring } from '../../lib/engine/crypto/keyring.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { VirtualCluster, type VirtualHomie } from '../../lib/testing/virtual-cluster.js';

const STRANGER = { address: '10.66.6.6', port: 666 };

/** Everything that could grow. */
function stateOf(homie: VirtualHomie): Record<string, number> {
  const metrics = homie.engine.metrics();
  const gauges = ['members', 'tombstones', 'peers', 'links', 'sessions', 'unconfirmedSessions', 'origins', 'timers'];
  return Object.fromEntries(gauges.map(name => [name, metrics[name]!]));
}

/** All datagrams of a cluster's life: every step of the handshake, heartbeats, member pages, broadcasts. */
function recordedDatagrams(keyring?: Keyring): Uint8Array[] {
  const recorded: Uint8Array[] = [];
  const cluster = new VirtualCluster({ seed: 21, engine: keyring === undefined ? {} : { keyring } });
  cluster.network.onDatagram = (_from, _to, datagram) => recorded.push(datagram.slice());
  for (let i = 0; i < 4; i++) cluster.add();
  cluster.join();
  cluster.homies[0]!.broadcast(new Uint8Array(5_000));
  cluster.advance(20_000);
  return recorded;
}

function liveCluster(): VirtualCluster {
  const cluster = new VirtualCluster({ seed: 22, checkEvery: 1_000 });
  for (let i = 0; i < 3; i++) cluster.add();
  if (!cluster.join()) throw new Error('the cluster did not form');
  cluster.advance(10_000);
  return cluster;
}

/** Counts what the homie sends to anybody but its own kind. */
function countReplies(cluster: VirtualCluster): () => number {
  const known = new Set(cluster.homies.map(homie => homie.endpoint.address));
  let replies = 0;
  cluster.network.onDatagram = (_from, to) => {
    if (!known.has(to.address)) replies++;
  };
  return () => replies;
}

describe('a stranger without the key', () => {
  it('gets no reply to any bytes of any length, and leaves no trace but counters', () => {
    const cluster = liveCluster();
    const target = cluster.homies[1]!;
    const replies = countReplies(cluster);
    const before = stateOf(target);
    const random = new SeededRandom(1);
    for (let length = 0; length <= 1_600; length++) {
      const datagram = new Uint8Array(length);
      random.fill(datagram);
      target.inject(STRANGER, datagram);
    }
    expect(stateOf(target)).toEqual(before);
    cluster.advance(1_000);
    expect(replies()).toBe(0);
    const { drops } = target.engine.context.counters;
    expect(drops.short + drops.unreadable).toBe(1_601);
  });

  it('gets no reply to a single datagram of a cluster with another key: Hellos, Ohais, OkBosses, GoTeams, data', () => {
    const foreign = recordedDatagrams(Keyring.derive('virtual', [new Uint8Array(32).fill(99)]));
    const cluster = liveCluster();
    const target = cluster.homies[1]!;
    const replies = countReplies(cluster);
    const before = stateOf(target);
    for (const datagram of foreign) target.inject(STRANGER, datagram.slice());
    expect(foreign.length).toBeGreaterThan(100);
    expect(stateOf(target)).toEqual(before);
    cluster.advance(1_000);
    expect(replies()).toBe(0);
    expect(target.engine.context.counters.drops.unreadable).toBe(foreign.length);
  });

  it('gets no reply with the key of another cluster name', () => {
    const foreign = recordedDatagrams(Keyring.derive('another', [new Uint8Array(32).fill(7)]));
    const cluster = liveCluster();
    const replies = countReplies(cluster);
    for (const datagram of foreign) cluster.homies[1]!.inject(STRANGER, datagram.slice());
    cluster.advance(1_000);
    expect(replies()).toBe(0);
  });

  it('who repeats genuine data datagrams, from anywhere, changes nothing', () => {
    const cluster = liveCluster();
    const target = cluster.homies[1]!;
    const recorded: Uint8Array[] = [];
    cluster.network.onDatagram = (_from, to, datagram) => {
      if (to.address === target.endpoint.address) recorded.push(datagram.slice());
    };
    cluster.homies[0]!.broadcast(Uint8Array.of(1));
    cluster.advance(12_000);
    const replies = countReplies(cluster);
    const before = stateOf(target);
    const arrivals = target.arrivals.length;
    for (const datagram of recorded) target.inject(STRANGER, datagram.slice());
    expect(target.engine.context.counters.drops.replayed).toBe(recorded.length);
    expect(stateOf(target)).toEqual(before);
    expect(target.arrivals.length).toBe(arrivals);
    cluster.advance(1_000);
    expect(replies()).toBe(0);
  });

  it('cannot break live sessions with 100,000 random and mutated datagrams', () => {
    const genuine = recordedDatagrams();
    const cluster = liveCluster();
    const target = cluster.homies[1]!;
    cluster.network.onDatagram = (_from, to, datagram) => {
      if (to.address === target.endpoint.address) genuine.push(datagram.slice());
    };
    cluster.advance(30_000);
    cluster.network.onDatagram = undefined;
    const before = stateOf(target);
    const random = new SeededRandom(7);
    for (let i = 0; i < 100_000; i++) {
      const from = i % 3 === 0 ? cluster.homies[0]!.endpoint : STRANGER;
      target.inject(from, mutate(genuine[random.below(genuine.length)]!, random));
      if (i % 10_000 === 0) cluster.advance(10);
    }
    const after = stateOf(target);
    for (const [gauge, value] of Object.entries(before))
      expect([gauge, after[gauge]! <= value + 2]).toEqual([gauge, true]);
    target.engine.check();
    cluster.homies[0]!.broadcast(Uint8Array.of(77));
    target.broadcast(Uint8Array.of(78));
    cluster.advance(1_000);
    expect(target.arrivals.at(-1)!.payload[0]).toBe(77);
    expect(cluster.homies[0]!.arrivals.at(-1)!.payload[0]).toBe(78);
    expect(target.events.filter(event => event.type === 'down')).toEqual([]);
  });
});

/** One of: noise, flipped bits, cut short, made longer, two spliced together. Never the datagram itself. */
function mutate(datagram: Uint8Array, random: SeededRandom): Uint8Array {
  const copy = datagram.slice();
  switch (random.below(4)) {
    case 0: {
      const noise = new Uint8Array(random.below(1_500));
      random.fill(noise);
      return noise;
    }
    case 1:
      copy[random.below(copy.length)]! ^= 1 << random.below(8);
      return copy;
    case 2:
      return copy.subarray(0, random.below(copy.length));
    default: {
      const longer = new Uint8Array(copy.length + 1 + random.below(64));
      random.fill(longer);
      longer.set(copy);
      return longer;
    }
  }
}
