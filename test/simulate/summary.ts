import type { Carrier } from './carrier.js';
import { quantiles } from './curves.js';
import type { DeliveryLog, Message } from './delivery-log.js';
import type { DirectDelivery } from './direct-delivery.js';
import type { Missing } from './ground-truth.js';
import type { SimulationOptions } from './options.js';
import { type Percentiles, percentilesOf, rounded, roundedPercentiles } from './percentiles.js';
import type { KillReport, SimulationResult } from './result.js';
import type { Plan } from './scenarios.js';
import type { SimulatedCluster } from './simulated-cluster.js';
import type { Traffic } from './traffic.js';

/** All that is known at the end of a run. */
export interface FinishedRun {
  readonly options: SimulationOptions;
  readonly simulated: SimulatedCluster;
  readonly carrier: Carrier;
  /** Copies for each delivery, by half seconds; undefined when no curves are wanted. */
  readonly copies: readonly number[] | undefined;
  readonly plan: Plan;
  readonly log: DeliveryLog;
  readonly missing: readonly Missing[];
  readonly survivors: readonly number[];
  readonly traffic: { readonly warmUp: Traffic; readonly measured: Traffic };
  readonly direct: DirectDelivery;
  readonly unready: number;
  readonly kill: KillReport | undefined;
  readonly stateBytesPerNode: number | undefined;
  /** Wall time of the beginning, ms. */
  readonly startedAt: number;
}

/** Makes figures of what happened. */
export function summarise(run: FinishedRun): SimulationResult {
  const { options, simulated, carrier, log, missing, survivors, traffic } = run;
  const measured = log.messages.filter(message => message.isMeasured);
  const warmUp = log.messages.filter((message, i) => !message.isMeasured && i < measured[0]!.number);
  const payloadBytes = measured[0]!.payloadBytes;
  const figures = latencies(run, measured);
  const receivers = survivors.length - 1;
  const linkCounts = survivors.map(node => simulated.homies[node]!.engine.links.length);
  const bytesPerMessage = traffic.measured.bytesSent / survivors.length / measured.length;
  const segmentBytes = (traffic.measured.segmentsSent * sum(measured, frameBytes)) / sum(measured, segmentCount);
  const isLarge = options.scenario === 'large';
  return {
    protocol: options.baseline ?? 'gwyh',
    scenario: options.scenario,
    nodes: options.nodes,
    zones: options.zones,
    loss: options.loss,
    seed: options.seed,
    strategy: options.strategy,
    subscriptions: options.subscriptions,
    start: options.coldStart ? 'cold' : 'warm',
    cipher: options.cipher,
    uplinkMbits: options.uplinkMbits,
    settleSeconds: options.settleMs / 1_000,
    messages: measured.length,
    warmUpMessages: warmUp.length,
    payloadBytes,
    delivered: figures.delivered / (receivers * measured.length),
    duplicatesToHandlers: log.duplicates,
    unexplainedMissing: missing.filter(({ reason }) => reason === undefined).length,
    explainedMissing: countReasons(missing),
    latencyMs: roundedPercentiles(figures.latency),
    directMs: roundedPercentiles(figures.direct),
    stretch: {
      p50: rounded(figures.latency.p50 / figures.direct.p50),
      p99: rounded(figures.latency.p99 / figures.direct.p99),
    },
    pairStretch: { p50: rounded(figures.pairStretch.p50), p99: rounded(figures.pairStretch.p99) },
    ...(isLarge && { directFanOutMs: rounded(run.direct.fanOutMs(receivers, measured[0]!.frames)) }),
    copiesPerNode: rounded(traffic.measured.segmentsReceived / receivers / sum(measured, segmentCount)),
    warmUpCopiesPerNode:
      warmUp.length === 0 ? 0 : rounded(traffic.warmUp.segmentsReceived / receivers / sum(warmUp, segmentCount)),
    copiesSentPerNode: rounded(traffic.measured.segmentsSent / receivers / sum(measured, segmentCount)),
    bytesPerNodePerMessage: rounded(bytesPerMessage),
    ...(isLarge && { overheadPerMessageByte: rounded(bytesPerMessage / payloadBytes) }),
    controlShare: rounded(1 - segmentBytes / traffic.measured.bytesSent),
    datagramsPerNodePerMessage: rounded(traffic.measured.datagramsSent / survivors.length / measured.length),
    links: { mean: rounded(sum(linkCounts, count => count) / linkCounts.length), max: Math.max(...linkCounts) },
    hops: { p50: figures.hops.p50, max: figures.hops.max },
    repairs: traffic.measured.segmentsRepaired,
    drops: carrier.drops(),
    unready: run.unready,
    ...(run.kill !== undefined && { kill: run.kill }),
    ...(run.stateBytesPerNode !== undefined && { stateBytesPerNode: Math.round(run.stateBytesPerNode) }),
    virtualSeconds: rounded(carrier.now / 1_000),
    wallSeconds: Number(((performance.now() - run.startedAt) / 1_000).toFixed(1)),
    peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1_024),
    digest: simulated.digest.hex(),
    ...(run.copies !== undefined && {
      curves: { latencyMs: figures.latencyCurve, directMs: figures.directCurve, copiesByHalfSecond: run.copies },
    }),
  };
}

interface Latencies {
  readonly delivered: number;
  readonly latency: Percentiles;
  readonly direct: Percentiles;
  readonly pairStretch: Percentiles;
  readonly hops: Percentiles;
  readonly latencyCurve: readonly number[];
  readonly directCurve: readonly number[];
}

function latencies(run: FinishedRun, measured: readonly Message[]): Latencies {
  const { log, survivors, direct } = run;
  const most = measured.length * survivors.length;
  const latency = new Float64Array(most);
  const stretch = new Float64Array(most);
  const hops = new Float64Array(most);
  const straight = new Float64Array(most);
  let pairs = 0;
  let delivered = 0;
  for (const message of measured) {
    if (message.sentAt === Infinity) continue;
    for (const node of survivors) {
      if (node === message.origin) continue;
      const expected = direct.delayMs(message.origin, node, message.frames);
      straight[pairs++] = expected;
      if (!log.has(message, node)) continue;
      latency[delivered] = log.latency(message, node);
      stretch[delivered] = latency[delivered]! / expected;
      hops[delivered++] = log.hops(message, node);
    }
  }
  return {
    delivered,
    latency: percentilesOf(latency.subarray(0, delivered)),
    direct: percentilesOf(straight.subarray(0, pairs)),
    pairStretch: percentilesOf(stretch.subarray(0, delivered)),
    hops: { ...percentilesOf(hops.subarray(0, delivered)) },
    latencyCurve: quantiles(latency.subarray(0, delivered)),
    directCurve: quantiles(straight.subarray(0, pairs)),
  };
}

function countReasons(missing: readonly Missing[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of missing) if (reason !== undefined) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

const frameBytes = (message: Message) => message.frames.reduce((bytes, frame) => bytes + frame, 0);
const segmentCount = (message: Message) => message.frames.length;

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
