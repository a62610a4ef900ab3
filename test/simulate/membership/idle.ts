import { HEADER_BYTES as UDP_HEADER_BYTES } from '../world.js';
import { percentilesOf, type Percentiles, rounded, roundedPercentiles } from '../percentiles.js';
import { FrameCounts } from './frame-counts.js';
import type { ScenarioReport } from './scenario.js';
import type { Stage } from './stage.js';

/**
 * Before the scenario `idle` measures, ms: sessions that were only needed for the beginning are dropped after a minute, and
 * the search for near feeds has calmed down.
 */
const CALMING_MS = 120_000;

/** What the other scenarios measure, ms, right after the settling. */
const SHORT_MS = 10_000;

export interface IdleCost {
  readonly bytesPerSecond: number;
  readonly packetsPerSecond: number;
}

export interface IdleReport {
  readonly seconds: number;
  /** Bytes a second by node. */
  readonly bytesPerSecond: Percentiles;
  readonly packetsPerSecond: Percentiles;
  /** With the headers of IPv4 and UDP, the mean of all nodes. */
  readonly bytesPerSecondWithHeaders: number;
  readonly links: Readonly<Record<'mean' | 'max', number>>;
  /** Sessions of a node, and what waits for their timers. */
  readonly sessions: Readonly<Record<'mean' | 'max', number>>;
  /** Bytes a second and node by kind of frame, and the heads of datagrams; null when the cipher hides them. */
  readonly bytesPerSecondByFrame: Readonly<Record<string, number>> | null;
}

/** What all nodes send in a time without messages, on average. */
export function measureIdle(stage: Stage, ms = SHORT_MS): IdleCost {
  const before = stage.simulated.traffic();
  stage.advance(ms);
  const after = stage.simulated.traffic();
  const nodeSeconds = (stage.nodes * ms) / 1_000;
  return {
    bytesPerSecond: rounded((after.bytesSent - before.bytesSent) / nodeSeconds),
    packetsPerSecond: rounded((after.datagramsSent - before.datagramsSent) / nodeSeconds),
  };
}

/** Nothing happens. */
export function runIdle(stage: Stage): ScenarioReport & { cost: IdleCost; idle: IdleReport } {
  const { minutesMs, cipher, nodes } = stage.options;
  stage.advance(CALMING_MS);
  const { network } = stage.simulated.cluster;
  const frames = cipher === 'null' ? new FrameCounts() : undefined;
  const digest = network.onDatagram;
  if (frames !== undefined) {
    network.onDatagram = (from, to, datagram) => {
      digest?.(from, to, datagram);
      frames.add(datagram);
    };
  }
  const before = sentBy(stage);
  const cost = measureIdle(stage, minutesMs);
  network.onDatagram = digest;
  const after = sentBy(stage);
  const seconds = minutesMs / 1_000;
  const perSecond = (of: 'bytes' | 'datagrams') =>
    roundedPercentiles(percentilesOf(Float64Array.from(after, (node, i) => (node[of] - before[i]![of]) / seconds)));
  const gauges = (of: (node: number) => number) => {
    const values = Array.from({ length: nodes }, (_, node) => of(node));
    return { mean: rounded(values.reduce((sum, value) => sum + value, 0) / nodes), max: Math.max(...values) };
  };
  const byFrame = [...(frames?.bytes ?? [])].sort(([, a], [, b]) => b - a);
  return {
    detectionMs: null,
    convergenceMs: null,
    failures: [],
    cost,
    idle: {
      seconds,
      bytesPerSecond: perSecond('bytes'),
      packetsPerSecond: perSecond('datagrams'),
      bytesPerSecondWithHeaders: rounded(cost.bytesPerSecond + UDP_HEADER_BYTES * cost.packetsPerSecond),
      links: gauges(node => stage.homie(node).engine.links.length),
      sessions: gauges(node => stage.homie(node).engine.metrics()['sessions'] ?? NaN),
      bytesPerSecondByFrame:
        frames === undefined
          ? null
          : Object.fromEntries(byFrame.map(([name, bytes]) => [name, rounded(bytes / seconds / nodes)])),
    },
  };
}

function sentBy(stage: Stage): { bytes: number; datagrams: number }[] {
  return Array.from({ length: stage.nodes }, (_, node) => {
    const { counters } = stage.homie(node).engine.context;
    return { bytes: counters.bytesSent, datagrams: counters.datagramsSent };
  });
}
