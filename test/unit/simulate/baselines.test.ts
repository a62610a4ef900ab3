import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import type { Baseline } from '../../simulate/baselines/baseline.js';
import { BaselineCluster } from '../../simulate/baselines/baseline-cluster.js';
import { DeliveryLog, type Message } from '../../simulate/delivery-log.js';
import type { OverlaySnapshot } from '../../simulate/overlay-history.js';
import { REGIONS } from '../../simulate/regions.js';
import { RunDigest } from '../../simulate/run-digest.js';
import { runSimulation } from '../../simulate/simulation.js';
import { type Traffic, trafficBetween } from '../../simulate/traffic.js';
import { World } from '../../simulate/world.js';

const NODES = 60;
const ORIGIN = 7;

/** Bytes of a segment datagram that holds one of the messages here, and of an announcement. */
const SEGMENT_BYTES = 260;
const ANNOUNCEMENT_BYTES = 61;

interface Setting {
  readonly baseline: Baseline;
  readonly loss?: number;
  readonly messages?: number;
  /** Time between two messages, ms. */
  readonly interval?: number;
  readonly zones?: number;
}

interface Played {
  readonly log: DeliveryLog;
  /** Traffic of each message, from its sending to the next. */
  readonly traffic: readonly Traffic[];
}

/** Sends messages from one origin over links that stay as they are. */
function play({ baseline, loss = 0, messages = 20, interval = 1_000, zones = 16 }: Setting): Played {
  const log = new DeliveryLog(Array.from({ length: messages }, messageOf), NODES);
  const paths = new World({ regions: REGIONS.slice(0, zones), nodes: NODES, loss, uplinkMbits: 1_000, seed: 1 });
  const cluster = new BaselineCluster({
    baseline,
    overlay: OVERLAY,
    paths,
    log,
    digest: new RunDigest(),
    startedAt: 5_000,
  });
  const traffic: Traffic[] = [];
  for (const message of log.messages) {
    const before = cluster.traffic();
    cluster.send(message);
    cluster.advanceTo(cluster.now + interval);
    traffic.push(trafficBetween(before, cluster.traffic()));
  }
  cluster.advanceTo(cluster.now + 10_000);
  return { log, traffic };
}

function messageOf(_: unknown, number: number): Message {
  return { number, origin: ORIGIN, payloadBytes: 200, isMeasured: true, sentAt: Infinity, frames: [] };
}

/** A ring, and three random links that each node chooses. */
function randomOverlay(): OverlaySnapshot {
  const random = new SeededRandom(3);
  const offsets = new Int32Array(NODES + 1);
  const targets: number[] = [];
  for (let node = 0; node < NODES; node++) {
    const others = [(node + 1) % NODES, random.below(NODES), random.below(NODES), random.below(NODES)];
    targets.push(...[...new Set(others)].filter(other => other !== node));
    offsets[node + 1] = targets.length;
  }
  return { at: 0, offsets, targets: Int32Array.from(targets) };
}

/** Each counted once, whichever end named it. */
function countLinks({ offsets, targets }: OverlaySnapshot): number {
  const links = new Set<string>();
  for (let node = 0; node < NODES; node++) {
    for (const target of targets.subarray(offsets[node], offsets[node + 1])) {
      links.add(`${Math.min(node, target)}-${Math.max(node, target)}`);
    }
  }
  return links.size;
}

const OVERLAY = randomOverlay();
const LINKS = countLinks(OVERLAY);

describe('the flood', () => {
  it('sends each message over all links of each node but the one it came on', () => {
    const { traffic, log } = play({ baseline: 'flood', messages: 5 });
    // The origin uses all its links, and each other node all but one.
    const copies = 2 * LINKS - (NODES - 1);
    expect(traffic.map(({ segmentsSent }) => segmentsSent)).toEqual(Array(5).fill(copies));
    expect(traffic.map(({ segmentsReceived }) => segmentsReceived)).toEqual(Array(5).fill(copies));
    expect(traffic[0]!.bytesSent).toBe(copies * SEGMENT_BYTES);
    expect(log.delivered).toBe(5 * (NODES - 1));
    expect(log.duplicates).toBe(0);
  });

  it('loses what is lost on all ways', () => {
    const { log } = play({ baseline: 'flood', loss: 0.6 });
    expect(log.delivered).toBeLessThan(20 * (NODES - 1));
    expect(log.delivered).toBeGreaterThan(10 * (NODES - 1));
  });
});

describe('the shared tree', () => {
  it('comes to exactly one copy when the next message waits for the prunes', () => {
    const { traffic, log } = play({ baseline: 'plumtree' });
    expect(traffic[0]!.segmentsReceived).toBeGreaterThan(2 * (NODES - 1));
    expect(traffic.slice(3).map(({ segmentsReceived }) => segmentsReceived)).toEqual(Array(17).fill(NODES - 1));
    expect(log.delivered).toBe(20 * (NODES - 1));
    expect(log.duplicates).toBe(0);
  });

  it('does so with 20 messages a second where paths are short', () => {
    const { traffic } = play({ baseline: 'plumtree', interval: 50, zones: 1 });
    expect(traffic.at(-1)!.segmentsReceived).toBe(NODES - 1);
  });

  it('announces at both ends of each link that is not in the tree', () => {
    const { datagramsSent, segmentsSent, bytesSent } = play({ baseline: 'plumtree' }).traffic.at(-1)!;
    const announcements = 2 * (LINKS - (NODES - 1));
    expect(datagramsSent - segmentsSent).toBe(announcements);
    expect(bytesSent).toBe(segmentsSent * SEGMENT_BYTES + announcements * ANNOUNCEMENT_BYTES);
  });

  it('delivers all when a tenth is lost, by grafts', () => {
    const { log, traffic } = play({ baseline: 'plumtree', loss: 0.1 });
    expect(log.delivered).toBe(20 * (NODES - 1));
    expect(log.duplicates).toBe(0);
    expect(traffic.reduce((sum, { segmentsRepaired }) => sum + segmentsRepaired, 0)).toBeGreaterThan(0);
  });
});

describe('a run of a baseline', () => {
  it('has the same messages on the links that the engines made, and the result says whose it is', () => {
    const options = { nodes: 24, zones: 4, settleMs: 5_000, messages: 10, warmUp: 10, hasCurves: true } as const;
    const [gwyh, flood, plumtree] = [undefined, 'flood' as const, 'plumtree' as const].map(baseline =>
      runSimulation({ ...options, baseline }),
    );
    expect([gwyh!.protocol, flood!.protocol, plumtree!.protocol]).toEqual(['gwyh', 'flood', 'plumtree']);
    for (const result of [flood!, plumtree!]) {
      expect(result).toMatchObject({ delivered: 1, duplicatesToHandlers: 0, unexplainedMissing: 0 });
      expect(result.links).toEqual(flood!.links);
      expect(result.directMs.p50).toBeCloseTo(gwyh!.directMs.p50, 0);
      expect(result.messages).toBe(10);
      expect(result.curves!.latencyMs).toHaveLength(101);
      expect(result.curves!.latencyMs.at(-1)).toBeCloseTo(result.latencyMs.max, 1);
      expect(result.curves!.copiesByHalfSecond).toHaveLength(2);
    }
    expect(flood!.copiesPerNode).toBeGreaterThan(plumtree!.copiesPerNode);
    expect(runSimulation({ ...options, baseline: 'plumtree' }).digest).toBe(plumtree!.digest);
    expect(flood!.digest).not.toBe(plumtree!.digest);
  });

  it('says why a message is missing: there is no repair', () => {
    const options = { nodes: 24, zones: 4, settleMs: 5_000, messages: 10, warmUp: 0, loss: 0.3 } as const;
    const result = runSimulation({ ...options, subscriptions: 1, baseline: 'flood' });
    expect(result.delivered).toBeLessThan(1);
    expect(result.unexplainedMissing).toBe(0);
    expect(result.explainedMissing['no_repair_in_this_protocol']).toBeGreaterThan(0);
  });

  it('refuses what the models cannot do', () => {
    expect(() => runSimulation({ baseline: 'flood', scenario: 'large' })).toThrow('--baseline');
    expect(() => runSimulation({ baseline: 'flood', payloadBytes: 2_000 })).toThrow('--baseline');
    expect(() => runSimulation({ baseline: 'rumour' as Baseline })).toThrow('flood, plumtree');
  });
});
