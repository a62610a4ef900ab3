import { describe, expect, it } from 'vitest';
import { STRATEGIES, type Strategy } from '../../lib/engine/overlay/strategy.js';
import { VirtualCluster } from '../../lib/testing/virtual-cluster.js';

const NODES = 200;
const ZONES = ['a', 'b', 'c', 'd'];
const SUBSCRIPTIONS = 5;

/** 200 homies in four zones of different sizes: 100, 50, 30 and 20. For `nearest` the own zone is the nearest. */
function startCluster(strategy: Strategy): VirtualCluster {
  const zoneOf = new Map<string, string>();
  const cluster = new VirtualCluster({
    seed: 4,
    conditions: (from, to) => {
      const isNear = strategy === 'nearest' && zoneOf.get(from.address) === zoneOf.get(to.address);
      return { latencyMs: isNear ? 1 : 10, jitterMs: isNear ? 0.2 : 2 };
    },
    checkEvery: 500,
    engine: { strategy, subscriptions: SUBSCRIPTIONS },
  });
  for (let i = 0; i < NODES; i++) {
    const zone = i % 20 < 10 ? 'a' : i % 20 < 15 ? 'b' : i % 20 < 18 ? 'c' : 'd';
    const endpoint = { address: cluster.network.newAddress(), port: 6969 };
    zoneOf.set(endpoint.address, zone);
    cluster.add({ zone, endpoint });
  }
  if (!cluster.join()) throw new Error('the cluster did not form');
  // Time for feeds that were chosen with half of the cluster known to be let go.
  cluster.advance(10_000);
  return cluster;
}

/** Share of local feeds that a strategy promises for these zones, and how many other zones each homie hears directly. */
const PROMISED: Record<Strategy, { local: number; tolerance: number; otherZones: number; hops: number }> = {
  // By chance a feed is local with the squares of the zones' shares: 0.25 + 0.0625 + 0.0225 + 0.01.
  uniform: { local: 0.345, tolerance: 0.04, otherZones: 0, hops: 6 },
  // Three of the four chosen feeds go to the three other zones.
  'hub-and-spoke': { local: 0.25, tolerance: 0, otherZones: 3, hops: 6 },
  'prefer-local': { local: 2 / 3, tolerance: 0.05, otherZones: 0, hops: 6 },
  'prefer-remote': { local: 1 / 3, tolerance: 0.05, otherZones: 0, hops: 6 },
  // Two of the four are near. The best local ones are taken by then, so that the far ones are rarely local. Short hops
  // are cheap: the quickest path has more of them.
  nearest: { local: 0.6, tolerance: 0.05, otherZones: 0, hops: 16 },
};

interface FeedShares {
  /** Of the feeds that the strategy chose (not the ring's), the share in the homie's own zone. */
  readonly local: number;
  /** Zones other than its own that a homie has chosen feeds in, the least of all homies. */
  readonly fewestOtherZones: number;
}

function feedShares(cluster: VirtualCluster): FeedShares {
  const zoneOf = new Map(cluster.homies.map(homie => [homie.id, homie.options.zone]));
  let local = 0;
  let chosen = 0;
  let fewestOtherZones = ZONES.length;
  for (const homie of cluster.homies) {
    const zones = homie.engine.links
      .filter(link => link.isFeedActive && !link.isLocked)
      .map(link => zoneOf.get(link.id)!);
    expect(homie.engine.feedCount).toBe(SUBSCRIPTIONS);
    chosen += zones.length;
    local += zones.filter(zone => zone === homie.options.zone).length;
    const others = new Set(zones.filter(zone => zone !== homie.options.zone));
    fewestOtherZones = Math.min(fewestOtherZones, others.size);
  }
  return { local: local / chosen, fewestOtherZones };
}

function segmentsReceived(cluster: VirtualCluster): number {
  return cluster.homies.reduce((sum, homie) => sum + homie.engine.context.counters.segmentsReceived, 0);
}

describe.each(STRATEGIES)('200 homies with the strategy %s', strategy => {
  const cluster = startCluster(strategy);

  it('have all the feeds they want and at least one subscriber each', () => {
    for (const homie of cluster.homies) {
      expect(homie.engine.feedCount).toBe(SUBSCRIPTIONS);
      expect(homie.engine.subscriberCount).toBeGreaterThanOrEqual(1);
    }
  });

  it('choose feeds in the shares that the strategy promises', () => {
    const { local, fewestOtherZones } = feedShares(cluster);
    console.log(`${strategy}: ${(100 * local).toFixed(1)} % local feeds, at least ${fewestOtherZones} other zones`);
    const promised = PROMISED[strategy];
    expect(Math.abs(local - promised.local)).toBeLessThanOrEqual(promised.tolerance);
    expect(fewestOtherZones).toBeGreaterThanOrEqual(promised.otherZones);
  });

  it('hear a broadcast of each fourth of them exactly once, over few hops', () => {
    const origins = cluster.homies.filter((_, i) => i % 4 === 0);
    const before = cluster.homies.map(homie => homie.arrivals.length);
    const copiesBefore = segmentsReceived(cluster);
    for (const [i, homie] of origins.entries()) {
      expect(homie.broadcast(Uint8Array.of(i))).toBe('accepted');
      cluster.advance(50);
    }
    cluster.advance(2_000);
    for (const [i, homie] of cluster.homies.entries()) {
      const heard = homie.arrivals.slice(before[i]).map(arrival => arrival.payload[0]);
      const expected = origins.map((_, origin) => origin).filter(origin => origins[origin] !== homie);
      expect(heard.sort((a, b) => a! - b!)).toEqual(expected);
    }
    const hops = cluster.homies.flatMap(homie => homie.arrivals.map(arrival => arrival.hops)).sort((a, b) => a - b);
    const copies = (segmentsReceived(cluster) - copiesBefore) / (origins.length * (NODES - 1));
    const [median, most] = [hops[hops.length >> 1]!, hops[hops.length - 1]!];
    console.log(`${strategy}: ${copies.toFixed(2)} copies a homie, ${median} hops at the median, ${most} at most`);
    // Links go both ways, so about 2 x 5 of them carry a flood, and one of them brought it.
    expect(copies).toBeLessThan(2 * SUBSCRIPTIONS);
    expect(most).toBeLessThanOrEqual(PROMISED[strategy].hops);
  });
});
