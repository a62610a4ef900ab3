import { describe, expect, it } from 'vitest';
import { VirtualCluster, type VirtualClusterOptions } from '../../lib/testing/virtual-cluster.js';

function startCluster(homies: number, options: VirtualClusterOptions = {}, zones = 1): VirtualCluster {
  const cluster = new VirtualCluster({ seed: 2, ...options });
  for (let i = 0; i < homies; i++) cluster.add({ zone: `zone-${i % zones}` });
  if (!cluster.join()) throw new Error('the cluster did not form');
  return cluster;
}

/** Bytes that differ everywhere, so that a segment in the wrong place is seen. */
function pattern(bytes: number): Uint8Array {
  return new Uint8Array(bytes).map((_, i) => (i * 31 + (i >> 8) * 7 + (i >> 16)) & 255);
}

describe('a broadcast', () => {
  it('of one byte, or of none, arrives as it was', () => {
    const cluster = startCluster(3);
    cluster.homies[0]!.broadcast(new Uint8Array(0));
    cluster.homies[0]!.broadcast(Uint8Array.of(42));
    cluster.advance(100);
    for (const homie of cluster.homies.slice(1)) {
      expect(homie.arrivals.map(arrival => [...arrival.payload])).toEqual([[], [42]]);
    }
  });

  it('tells its origin, zone, place in the stream and hops', () => {
    const cluster = startCluster(2, {}, 2);
    const [sender, receiver] = cluster.homies;
    sender!.broadcast(Uint8Array.of(1));
    sender!.broadcast(Uint8Array.of(2));
    cluster.advance(100);
    expect(receiver!.arrivals[1]).toMatchObject({
      origin: { id: sender!.id, zone: 'zone-0' },
      sequence: 2,
      hops: 1,
      receivedFrom: sender!.id,
    });
  });

  it('is handled only in the zones it names, and still crosses the others', () => {
    const cluster = startCluster(30, { engine: { subscriptions: 2 } }, 3);
    cluster.homies[0]!.broadcast(Uint8Array.of(1), ['zone-2', 'elsewhere']);
    cluster.advance(500);
    for (const homie of cluster.homies.slice(1)) {
      expect(homie.arrivals.length).toBe(homie.options.zone === 'zone-2' ? 1 : 0);
    }
  });

  it('larger than the limit is refused and nothing is sent', () => {
    const cluster = startCluster(2, { engine: { maxMessageBytes: 10_000 } });
    cluster.advance(1_000);
    const sent = cluster.network.counts.sent;
    expect(cluster.homies[0]!.broadcast(new Uint8Array(10_001))).toBe('too_large');
    expect(cluster.homies[0]!.broadcast(new Uint8Array(10_000))).toBe('accepted');
    cluster.advance(100);
    expect(cluster.homies[1]!.arrivals.length).toBe(1);
    expect(cluster.network.counts.sent).toBeGreaterThan(sent);
  });

  it('of 64 KiB crosses a network that reorders and duplicates 5 % of the datagrams', () => {
    const cluster = startCluster(20, {
      conditions: { latencyMs: 10, reordering: 0.05, reorderingMs: 15, duplication: 0.05 },
    });
    const payload = pattern(65_536);
    cluster.homies[7]!.broadcast(payload);
    cluster.advance(5_000);
    for (const homie of cluster.homies) {
      if (homie === cluster.homies[7]) continue;
      expect(homie.arrivals.length).toBe(1);
      expect(homie.arrivals[0]!.payload).toEqual(payload);
    }
  });

  it('of 1 MiB is whole everywhere at 10 % loss', () => {
    const cluster = startCluster(6, { conditions: { latencyMs: 10, loss: 0.1 }, checkEvery: 100 });
    const payload = pattern(1_048_576);
    cluster.homies[0]!.broadcast(payload);
    cluster.advance(10_000);
    for (const homie of cluster.homies.slice(1)) {
      expect(homie.arrivals.length).toBe(1);
      expect(Buffer.compare(homie.arrivals[0]!.payload, payload)).toBe(0);
    }
  });

  it.each([0.1, 0.3])('reaches all 50 homies at a loss of %d, each exactly once', loss => {
    const cluster = new VirtualCluster({ seed: 3, conditions: { latencyMs: 20, loss }, checkEvery: 50 });
    for (let i = 0; i < 50; i++) cluster.add();
    expect(cluster.join(120_000)).toBe(true);
    for (let i = 0; i < 50; i++) {
      cluster.homies[(i * 7) % 50]!.broadcast(Uint8Array.of(i));
      cluster.advance(100);
    }
    cluster.advance(15_000);
    for (const homie of cluster.homies) {
      const own = cluster.homies.indexOf(homie);
      const expected = Array.from({ length: 50 }, (_, i) => i).filter(i => (i * 7) % 50 !== own);
      expect(homie.arrivals.map(arrival => arrival.payload[0]!).sort((a, b) => a - b)).toEqual(expected);
    }
  });

  it('that was lost at the end of a burst is found by the digest that follows', () => {
    const cluster = startCluster(2);
    const [sender, receiver] = cluster.homies;
    cluster.advance(6_000);
    sender!.broadcast(Uint8Array.of(1));
    cluster.advance(20);
    cluster.network.partition([sender!.endpoint.address], [receiver!.endpoint.address]);
    sender!.broadcast(Uint8Array.of(2));
    cluster.advance(20);
    cluster.network.heal();
    cluster.advance(1_000);
    expect(receiver!.arrivals.map(arrival => arrival.payload[0])).toEqual([1, 2]);
  });

  it('that nobody can bring any more is counted as lost, once', () => {
    const cluster = startCluster(2);
    const [sender, receiver] = cluster.homies;
    sender!.broadcast(Uint8Array.of(1));
    cluster.advance(100);
    cluster.network.partition([sender!.endpoint.address], [receiver!.endpoint.address]);
    sender!.broadcast(Uint8Array.of(2));
    // Longer than the segment cache, shorter than the sessions: with a quick heartbeat the link would be gone.
    cluster.advance(9_000);
    cluster.network.heal();
    sender!.broadcast(Uint8Array.of(3));
    cluster.advance(60_000);
    const heard = receiver!.arrivals.map(arrival => arrival.payload[0]);
    const lost = receiver!.engine.metrics()['drop.segment_lost'];
    expect(heard.length + lost!).toBe(3);
  });

  it('of a node that started anew under its old id is told from those of its former life', () => {
    const cluster = startCluster(3);
    const former = cluster.homies[2]!;
    former.broadcast(Uint8Array.of(1));
    cluster.advance(100);
    former.kill();
    cluster.advance(1_000);
    const again = cluster.add({ id: former.id, endpoint: former.endpoint });
    cluster.advance(10_000);
    again.broadcast(Uint8Array.of(2));
    cluster.advance(1_000);
    for (const homie of cluster.homies.slice(0, 2)) {
      expect(homie.arrivals.map(arrival => arrival.payload[0])).toEqual([1, 2]);
    }
  });
});
