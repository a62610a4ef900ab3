import { percentile } from '../statistics.js';
import type { ArrivalReport } from './arrivals.js';

/** Messages of one run at all nodes but their origins. */
export interface GossipFigures {
  /** At the slowest node, from the first call to its last arrival: what was lost does not count. */
  readonly perSecond: number;
  /** Deliveries that did not happen. */
  readonly lost: number;
  /** Deliveries that happened again: always 0, or a promise is broken. */
  readonly duplicates: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** Of all processes, for a million deliveries. */
  readonly cpuSecondsPerMillion: number;
}

export interface GossipRun {
  /** Of each process. */
  readonly reports: readonly ArrivalReport[];
  /** Of each node, in the order of the reports: how many messages are not its own. */
  readonly expected: readonly number[];
  readonly begunUs: number;
  readonly cpuSeconds: number;
}

export function gossipFigures({ reports, expected, begunUs, cpuSeconds }: GossipRun): GossipFigures {
  const received = reports.flatMap(report => report.received);
  const lastAtUs = reports.flatMap(report => report.lastAtUs);
  const latenciesUs = reports.flatMap(report => report.latenciesUs);
  const deliveries = sum(received);
  const rates = received.flatMap((count, node) => {
    if (expected[node] === 0) return [];
    return count === 0 ? 0 : (count / (lastAtUs[node]! - begunUs)) * 1e6;
  });
  return {
    perSecond: rates.reduce((least, rate) => Math.min(least, rate), Infinity),
    lost: sum(expected) - deliveries,
    duplicates: sum(reports.map(({ duplicates }) => duplicates)),
    latencyMs: { p50: percentile(latenciesUs, 0.5) / 1_000, p99: percentile(latenciesUs, 0.99) / 1_000 },
    cpuSecondsPerMillion: (cpuSeconds / deliveries) * 1e6,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
