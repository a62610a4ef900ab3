import type { Endpoint } from '../../lib/engine/endpoint.js';
import type { EngineOptions } from '../../lib/engine/engine-options.js';
import { VirtualCluster, type VirtualHomie } from '../../lib/testing/virtual-cluster.js';

/** One-way delays between cloud regions, ms: Virginia, Oregon, São Paulo, Ireland, Frankfurt, Mumbai, Singapore, Tokyo. */
const DELAYS_MS = [
  [0.35, 34, 57, 34, 45, 93, 108, 73],
  [34, 0.35, 87, 62, 71, 108, 82, 49],
  [57, 87, 0.35, 89, 101, 150, 162, 128],
  [34, 62, 89, 0.35, 13, 61, 87, 101],
  [45, 71, 101, 13, 0.35, 55, 80, 112],
  [93, 108, 150, 61, 55, 0.35, 30, 60],
  [108, 82, 162, 87, 80, 30, 0.35, 35],
  [73, 49, 128, 101, 112, 60, 35, 0.35],
];

export const REGIONS = DELAYS_MS.length;

/** Jitter: up to this share is added to each delay. */
const JITTER_SHARE = 0.05;

/** A cluster spread evenly over eight regions of the world. */
export class RegionWorld {
  readonly cluster: VirtualCluster;
  /** A homie whose datagrams take 150 ms longer in each direction. */
  slow: VirtualHomie | undefined;
  private readonly regionOf = new Map<string, number>();

  /**
   * @param zoneOf the zone that a homie of a region is told it is in.
   * @param isIntroduced whether all know each other from the start; else they join through the first.
   */
  constructor(
    nodes: number,
    zoneOf: (region: number) => string,
    engine: Partial<EngineOptions> = {},
    isIntroduced = true,
  ) {
    this.cluster = new VirtualCluster({
      seed: 11,
      checkEvery: 1_000,
      conditions: (from, to) => {
        const slowAddress = this.slow?.endpoint.address;
        const extraMs = from.address === slowAddress || to.address === slowAddress ? 150 : 0;
        const latencyMs = DELAYS_MS[this.regionAt(from)]![this.regionAt(to)]! + extraMs;
        return { latencyMs, jitterMs: JITTER_SHARE * latencyMs };
      },
      // Nobody dies here: rare heartbeats keep the tests short.
      engine: { strategy: 'nearest', heartbeat: { intervalMs: 5_000, missed: 3 }, ...engine },
    });
    for (let i = 0; i < nodes; i++) {
      const endpoint = { address: this.cluster.network.newAddress(), port: 6969 };
      this.regionOf.set(endpoint.address, i % REGIONS);
      this.cluster.add({ zone: zoneOf(i % REGIONS), endpoint });
    }
    if (isIntroduced) this.cluster.introduceAll();
  }

  regionAt({ address }: Endpoint): number {
    return this.regionOf.get(address)!;
  }

  /** The homie runs elsewhere from now on, under the same address. */
  move(homie: VirtualHomie, region: number): void {
    this.regionOf.set(homie.endpoint.address, region);
  }

  /** Feeds beside the ring predecessor in the homie's own region, and in others. */
  feedsOf(homie: VirtualHomie): { near: number; far: number } {
    const feeds = homie.engine.links.filter(link => link.isFeed && !link.isLocked);
    const near = feeds.filter(link => this.regionAt(link.endpoint) === this.regionAt(homie.endpoint)).length;
    return { near, far: feeds.length - near };
  }
}

/** Looks at the feeds of all homies this often, ms, and counts those that appear from now on; but for one homie's. */
export function watchFeeds({ homies, network }: VirtualCluster, everyMs: number, but?: VirtualHomie): () => number {
  let changes = 0;
  const feedsOf = (homie: VirtualHomie) =>
    homie.engine.links.filter(link => link.isFeed && link.id !== but?.id).map(link => link.id);
  let known = homies.map(feedsOf);
  const look = () => {
    const now = homies.map(feedsOf);
    now.forEach((feeds, i) => (changes += feeds.filter(feed => !known[i]!.includes(feed)).length));
    known = now;
    network.schedule(network.now() + everyMs, look);
  };
  look();
  return () => changes;
}
