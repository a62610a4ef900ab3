import { describe, expect, it } from 'vitest';
import type { MemberRecord } from '../../lib/engine/membership/member.js';
import { VirtualCluster, type VirtualClusterOptions, type VirtualHomie } from '../../lib/testing/virtual-cluster.js';

/** At the default heartbeats. */
const DETECTION_MS = 3_000;

function startCluster(homies: number, options: VirtualClusterOptions = {}): VirtualCluster {
  const cluster = new VirtualCluster({ seed: 5, ...options });
  for (let i = 0; i < homies; i++) cluster.add();
  if (!cluster.join()) throw new Error('the cluster did not form');
  return cluster;
}

function told(cluster: VirtualCluster, type: string, id: string): number[] {
  return cluster.homies
    .filter(homie => homie.isRunning)
    .map(
      homie => homie.events.filter(event => event.type === type && 'member' in event && event.member.id === id).length,
    );
}

describe('members', () => {
  it('find each other when two name each other as seeds and say Hello at once', () => {
    const cluster = new VirtualCluster();
    const a = { address: '10.9.0.1', port: 6969 };
    const b = { address: '10.9.0.2', port: 6969 };
    cluster.add({ endpoint: a, seeds: [b] });
    cluster.add({ endpoint: b, seeds: [a] });
    expect(cluster.join(5_000)).toBe(true);
  });

  it('find each other when all have the same list of seeds, themselves included', () => {
    const cluster = new VirtualCluster();
    const endpoints = Array.from({ length: 5 }, (_, i) => ({ address: `10.9.0.${i + 1}`, port: 6969 }));
    for (const endpoint of endpoints) cluster.add({ endpoint, seeds: endpoints });
    expect(cluster.join(5_000)).toBe(true);
  });

  it('keep looking for a seed that starts an hour later', () => {
    const cluster = new VirtualCluster();
    const seed = { address: '10.9.0.9', port: 6969 };
    cluster.add({ seeds: [seed] });
    cluster.advance(3_600_000);
    cluster.add({ endpoint: seed, seeds: [] });
    expect(cluster.join(20_000)).toBe(true);
  });

  it('that leave are told as left everywhere, once, and never as down', () => {
    const cluster = startCluster(20);
    cluster.advance(1_000);
    const leaver = cluster.homies[6]!;
    leaver.leave();
    cluster.advance(1_000);
    const others = cluster.homies.filter(homie => homie !== leaver);
    for (const homie of others) expect(homie.engine.peer(leaver.id)).toBeUndefined();
    cluster.advance(60_000);
    expect(told(cluster, 'left', leaver.id)).toEqual(Array(19).fill(1));
    expect(told(cluster, 'down', leaver.id)).toEqual(Array(19).fill(0));
    for (const homie of others) expect(homie.engine.members.length).toBe(18);
  });

  it('keep their sessions through rekeying for an hour without a gap', () => {
    const cluster = startCluster(5, { checkEvery: 10 });
    for (let minute = 0; minute < 60; minute++) {
      cluster.homies[minute % 5]!.broadcast(Uint8Array.of(minute));
      cluster.advance(60_000);
    }
    for (const [i, homie] of cluster.homies.entries()) {
      expect(homie.arrivals.length).toBe(48);
      for (const other of cluster.homies) expect(told(cluster, 'down', other.id)[i]).toBe(0);
    }
  });

  it('do not die of 20 % loss in twenty minutes', () => {
    const cluster = startCluster(8, { conditions: { latencyMs: 20, loss: 0.2 }, checkEvery: 200 });
    cluster.advance(1_200_000);
    for (const homie of cluster.homies) {
      expect(homie.events.filter(event => event.type === 'down')).toEqual([]);
      expect(homie.engine.members.length).toBe(7);
      expect(homie.engine.isReady).toBe(true);
    }
  });

  it('that move to another address keep their sessions and their place', () => {
    const cluster = startCluster(4);
    cluster.advance(10_000);
    const mover = cluster.homies[2]!;
    const elsewhere = { address: '10.77.0.1', port: 1234 };
    cluster.network.move(mover.endpoint, elsewhere);
    cluster.advance(15_000);
    cluster.homies[0]!.broadcast(Uint8Array.of(9));
    cluster.advance(1_000);
    expect(mover.arrivals.map(arrival => arrival.payload[0])).toEqual([9]);
    expect(told(cluster, 'down', mover.id)).toEqual([0, 0, 0, 0]);
    for (const homie of cluster.homies.filter(other => other !== mover)) {
      expect(homie.engine.peer(mover.id)!.endpoint).toEqual(elsewhere);
    }
  });

  it('join by the hundred through one seed within seconds', () => {
    const cluster = new VirtualCluster({ seed: 8, conditions: { latencyMs: 20, jitterMs: 10 }, checkEvery: 200 });
    for (let i = 0; i < 100; i++) cluster.add();
    expect(cluster.join(10_000)).toBe(true);
    for (const homie of cluster.homies) expect(homie.events.filter(event => event.type === 'down')).toEqual([]);
  });

  it.each([0, 0.1])('learn a thousand others from one, though pages overtake each other (loss %d)', loss => {
    const cluster = new VirtualCluster({ seed: 8, conditions: { latencyMs: 20, jitterMs: 10, loss } });
    const knowing = cluster.add();
    knowing.introduce(Array.from({ length: 1_000 }, (_, number) => stranger(number)));
    const joining = cluster.add();
    const isWhole = () => joining.engine.members.length === 1_001;
    expect(cluster.network.advanceUntil(isWhole, loss === 0 ? 1_500 : 4_000)).toBe(true);
  });
});

/** A member that nobody can reach, as it is told of. */
function stranger(number: number): MemberRecord {
  const id = number.toString(16).padStart(4, '0').repeat(8);
  const endpoint = { address: `10.9.${number >> 8}.${number & 255}`, port: 6969 };
  return { id, zone: 'elsewhere', incarnation: 1, state: 'up', endpoint };
}

/** A cluster on a network with some latency, which had time to settle; what was told until then is forgotten. */
function startSettled(homies: number, options: VirtualClusterOptions = {}): VirtualCluster {
  const cluster = startCluster(homies, { conditions: { latencyMs: 20, jitterMs: 10 }, checkEvery: 200, ...options });
  cluster.advance(10_000);
  forgetEvents(cluster);
  return cluster;
}

function forgetEvents(cluster: VirtualCluster): void {
  for (const homie of cluster.homies) homie.events.length = 0;
}

/** All that was told of members in doubt or dead, as `who type whom` by number. */
function doubts(cluster: VirtualCluster): string[] {
  const numberOf = (id: string) => cluster.homies.findIndex(homie => homie.id === id);
  return cluster.homies.flatMap((homie, who) =>
    homie.events.flatMap(event =>
      event.type === 'suspect' || event.type === 'down' ? [`${who} ${event.type} ${numberOf(event.member.id)}`] : [],
    ),
  );
}

/** Lets time pass until all see all as up; returns how long that took, ms. */
function untilAllSeeAll(cluster: VirtualCluster, mostMs: number): number {
  const from = cluster.network.now();
  const { homies } = cluster;
  const isSeen = () =>
    homies.every(
      ({ engine }) =>
        engine.members.length === homies.length - 1 && engine.members.every(({ state }) => state === 'up'),
    );
  return cluster.network.advanceUntil(isSeen, mostMs) ? cluster.network.now() - from : Infinity;
}

/** Nothing gets from one to the other, in either direction. */
function cut(cluster: VirtualCluster, a: VirtualHomie, b: VirtualHomie): void {
  cluster.network.block(a.endpoint, b.endpoint);
  cluster.network.block(b.endpoint, a.endpoint);
}

const isolate = (cluster: VirtualCluster, { endpoint }: VirtualHomie) => cluster.network.partition([endpoint.address]);

describe('a homie that is killed', () => {
  it.each([
    [2, 0, 4_000, 6_000],
    [3, 0, 4_000, 6_000],
    [4, 0.1, 5_000, 8_000],
    [30, 0, 4_000, 6_000],
    [30, 0.1, 5_000, 8_000],
  ])(
    'in a cluster of %d at a loss of %d is in doubt everywhere within %d ms, and down within %d ms',
    (homies, loss, inDoubtMs, downMs) => {
      const cluster = startSettled(homies, { conditions: { latencyMs: 20, jitterMs: 10, loss } });
      const victim = cluster.homies.at(-1)!;
      victim.kill();
      cluster.advance(inDoubtMs);
      expect(told(cluster, 'suspect', victim.id)).toEqual(Array(homies - 1).fill(1));
      cluster.advance(downMs - inDoubtMs);
      expect(told(cluster, 'down', victim.id)).toEqual(Array(homies - 1).fill(1));
      cluster.advance(60_000);
      expect(doubts(cluster).every(doubt => doubt.endsWith(` ${homies - 1}`))).toBe(true);
      expect(told(cluster, 'down', victim.id)).toEqual(Array(homies - 1).fill(1));
    },
  );

  it('together with a third of the cluster is down everywhere, and nobody else is', () => {
    const cluster = startSettled(30);
    const victims = cluster.homies.slice(20);
    for (const victim of victims) victim.kill();
    cluster.advance(4 * DETECTION_MS);
    for (const victim of victims) expect(told(cluster, 'down', victim.id)).toEqual(Array(20).fill(1));
    for (const homie of cluster.homies.slice(0, 20)) {
      expect(homie.engine.members.length).toBe(19);
      expect(told(cluster, 'down', homie.id)).toEqual(Array(20).fill(0));
    }
  });

  it('in the second in which it joined is down as well', () => {
    const cluster = startSettled(10);
    const late = cluster.add();
    cluster.network.advanceUntil(
      () =>
        cluster.homies.every(({ engine, id }) => id === late.id || engine.members.some(each => each.id === late.id)),
      10_000,
    );
    late.kill();
    cluster.advance(4 * DETECTION_MS);
    expect(told(cluster, 'down', late.id)).toEqual(Array(10).fill(1));
  });

  it('and started again on the same address is known to all as somebody new, and only its former life is down', () => {
    const cluster = startSettled(15);
    const former = cluster.homies[6]!;
    former.kill();
    const next = cluster.restart(former);
    cluster.advance(DETECTION_MS);
    for (const homie of cluster.homies.filter(each => each !== next)) {
      expect(homie.engine.members.map(({ id }) => id)).toContain(next.id);
    }
    cluster.advance(3 * DETECTION_MS);
    expect(untilAllSeeAll(cluster, 1_000)).toBe(0);
    const others = cluster.homies.filter(each => each !== next);
    for (const homie of others) {
      const down = homie.events.flatMap(event => (event.type === 'down' ? [event.member.id] : []));
      expect(down).toEqual([former.id]);
    }
  });

  it('and started again two seconds later is ready within seconds, though others still look for its former life', () => {
    const cluster = startSettled(30, { seed: 2 });
    for (let first = 5; first < 30; first += 5) {
      const former = cluster.homies.slice(first, first + 5);
      for (const homie of former) homie.kill();
      cluster.advance(2_000);
      const next = former.map(homie => cluster.restart(homie));
      expect(cluster.network.advanceUntil(() => next.every(({ engine }) => engine.isReady), 3_000)).toBe(true);
      cluster.advance(2_000);
    }
  });
});

describe('a homie that does not run for a while', () => {
  it.each(['datagrams', 'timers'] as const)('of 4 s is never down, and takes nobody else for dead: %s first', first => {
    const cluster = startSettled(20);
    const sleeper = cluster.homies[7]!;
    sleeper.pause();
    cluster.advance(4_000);
    sleeper.resume(first);
    expect(untilAllSeeAll(cluster, 5_000)).toBeLessThan(1_000);
    cluster.advance(30_000);
    expect(doubts(cluster).filter(doubt => !/^\d+ suspect 7$/.test(doubt))).toEqual([]);
    expect(told(cluster, 'down', sleeper.id)).toEqual(Array(20).fill(0));
  });

  it.each(['datagrams', 'timers'] as const)(
    'of 20 s is down, comes back by itself, and accuses nobody: %s first',
    first => {
      const cluster = startSettled(20);
      const sleeper = cluster.homies[7]!;
      sleeper.pause();
      cluster.advance(20_000);
      expect(told(cluster, 'down', sleeper.id)).toEqual(cluster.homies.map(homie => (homie === sleeper ? 0 : 1)));
      sleeper.resume(first);
      expect(untilAllSeeAll(cluster, 30_000)).toBeLessThan(10_000);
      cluster.advance(30_000);
      expect(doubts(cluster).every(doubt => doubt.endsWith(' 7'))).toBe(true);
      expect(doubts(cluster).filter(doubt => doubt.startsWith('7 '))).toEqual([]);
      expect(told(cluster, 'down', sleeper.id)).toEqual(cluster.homies.map(homie => (homie === sleeper ? 0 : 1)));
    },
  );

  it.each(['datagrams', 'timers'] as const)(
    'twice, and runs for a moment in between in which it hears of no accusation yet, is never down: %s first',
    first => {
      const cluster = startSettled(20, { conditions: { latencyMs: 50, jitterMs: 25 } });
      // The accusation comes some 2 s after the first standstill began, and the death 3 s after the accusation.
      for (let i = 0; i < 15; i++) {
        const sleepers = [0, 1, 2].map(each => cluster.homies[(3 * i + each) % 20]!);
        for (const sleeper of sleepers) sleeper.pause();
        cluster.advance(1_600 + 50 * i);
        for (const sleeper of sleepers) sleeper.resume(first);
        cluster.advance(5);
        for (const sleeper of sleepers) sleeper.pause();
        cluster.advance(3_900);
        for (const sleeper of sleepers) sleeper.resume(first);
        cluster.advance(4_000);
      }
      expect(doubts(cluster).filter(doubt => doubt.includes('down'))).toEqual([]);
    },
  );

  it('with half of the cluster, for 4 s, brings nobody down', () => {
    const cluster = startSettled(20);
    for (const homie of cluster.homies.slice(10)) homie.pause();
    cluster.advance(4_000);
    for (const homie of cluster.homies.slice(10)) homie.resume();
    cluster.advance(30_000);
    expect(doubts(cluster).filter(doubt => doubt.includes('down'))).toEqual([]);
    expect(untilAllSeeAll(cluster, 1_000)).toBe(0);
  });
});

describe('a homie that cannot be reached', () => {
  it('by one of its links only is not accused: the two find other links', () => {
    const cluster = startSettled(15);
    const one = cluster.homies[4]!;
    const link = one.engine.links.find(({ isFeedActive }) => isFeedActive)!;
    const other = cluster.homies.find(({ id }) => id === link.id)!;
    cut(cluster, one, other);
    cluster.advance(60_000);
    expect(doubts(cluster)).toEqual([]);
    for (const homie of [one, other]) expect(homie.engine.isReady).toBe(true);
    expect(one.engine.links.some(({ id }) => id === other.id)).toBe(false);
  });

  it('in one direction only, by one of its links, is not accused either', () => {
    const cluster = startSettled(15);
    const one = cluster.homies[4]!;
    const other = cluster.homies.find(({ id }) => id === one.engine.links[0]!.id)!;
    cluster.network.block(one.endpoint, other.endpoint);
    cluster.advance(60_000);
    expect(doubts(cluster)).toEqual([]);
  });

  it('by anybody accuses nobody itself, and is back soon when it can be reached again', () => {
    const cluster = startSettled(15);
    const lonely = cluster.homies[4]!;
    isolate(cluster, lonely);
    cluster.advance(20_000);
    expect(told(cluster, 'down', lonely.id)).toEqual(cluster.homies.map(homie => (homie === lonely ? 0 : 1)));
    expect(doubts(cluster).filter(doubt => doubt.startsWith('4 '))).toEqual([]);
    forgetEvents(cluster);
    cluster.network.heal();
    expect(untilAllSeeAll(cluster, 60_000)).toBeLessThan(10_000);
    cluster.advance(30_000);
    expect(doubts(cluster).filter(doubt => doubt.includes('down'))).toEqual([]);
  });

  it('by anybody for long takes all others for lost, and learns of them again when it can be reached', () => {
    const cluster = startSettled(15);
    const lonely = cluster.homies[4]!;
    isolate(cluster, lonely);
    cluster.advance(60_000);
    expect([lonely.engine.members.length, lonely.engine.isReady]).toEqual([0, false]);
    expect(doubts(cluster).filter(doubt => doubt.startsWith('4 down')).length).toBe(14);
    forgetEvents(cluster);
    cluster.network.heal();
    expect(untilAllSeeAll(cluster, 60_000)).toBeLessThan(10_000);
    // It held no tombstones of the others: nobody but itself had to prove that it lives.
    cluster.advance(30_000);
    expect(doubts(cluster)).toEqual([]);
  });
});

describe('a partition', () => {
  it.each([60_000, 300_000])(
    'in halves of %d ms heals soon after its end, and nobody is declared down after it',
    ms => {
      const cluster = startSettled(16);
      const hosts = cluster.homies.map(homie => homie.endpoint.address);
      cluster.network.partition(hosts.slice(0, 8), hosts.slice(8));
      cluster.advance(ms);
      for (const homie of cluster.homies) expect(homie.engine.members.length).toBe(7);
      forgetEvents(cluster);
      cluster.network.heal();
      expect(untilAllSeeAll(cluster, 60_000)).toBeLessThan(10_000);
      cluster.homies[0]!.broadcast(Uint8Array.of(1));
      cluster.homies[15]!.broadcast(Uint8Array.of(2));
      cluster.advance(30_000);
      expect(doubts(cluster).filter(doubt => doubt.includes('down'))).toEqual([]);
      for (const homie of cluster.homies.slice(1, 15)) expect(homie.arrivals.length).toBe(2);
    },
  );

  it('of every homie from every other one heals also when the seed of all has died before', () => {
    const cluster = startSettled(12);
    cluster.homies[0]!.kill();
    cluster.advance(20_000);
    cluster.homies.shift();
    cluster.network.partition(...cluster.homies.map(({ endpoint }) => [endpoint.address]));
    cluster.advance(60_000);
    for (const homie of cluster.homies) expect(homie.engine.members).toEqual([]);
    cluster.network.heal();
    expect(untilAllSeeAll(cluster, 60_000)).toBeLessThan(10_000);
  });
});

describe('a homie that changes its address', () => {
  it('is known to all under the new one soon, those included that have no link with it, and nobody doubts it', () => {
    // By `nearest` all would have measured all by now, and so have a session with it.
    const cluster = startSettled(25, { engine: { strategy: 'uniform' } });
    const mover = cluster.homies[4]!;
    const elsewhere = { address: '10.77.0.1', port: 1234 };
    const strangers = cluster.homies.filter(homie => homie !== mover && homie.engine.peer(mover.id) === undefined);
    expect(strangers.length).toBeGreaterThan(5);
    mover.move(elsewhere);
    cluster.advance(5_000);
    const known = cluster.homies
      .filter(homie => homie !== mover)
      .map(({ engine }) => engine.members.find(({ id }) => id === mover.id)?.endpoint);
    expect(known).toEqual(Array(24).fill(elsewhere));
    cluster.advance(30_000);
    expect(doubts(cluster)).toEqual([]);
    mover.broadcast(Uint8Array.of(9));
    cluster.advance(1_000);
    for (const homie of cluster.homies) expect(homie.arrivals.length).toBe(homie === mover ? 0 : 1);
  });

  it.each([20_000, 60_000])('while nobody can reach it for %d ms comes back under the new one', ms => {
    const cluster = startSettled(15, { engine: { strategy: 'uniform' } });
    const mover = cluster.homies[4]!;
    const elsewhere = { address: '10.77.0.1', port: 1234 };
    isolate(cluster, mover);
    cluster.advance(ms);
    mover.move(elsewhere);
    cluster.network.heal();
    expect(untilAllSeeAll(cluster, 60_000)).toBeLessThan(10_000);
    const known = cluster.homies
      .filter(homie => homie !== mover)
      .map(({ engine }) => engine.members.find(({ id }) => id === mover.id)?.endpoint);
    expect(known).toEqual(Array(14).fill(elsewhere));
  });
});
