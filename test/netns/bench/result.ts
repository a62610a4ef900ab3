import type { Calibration } from './calibration.js';
import type { Flow, Measured } from './cases.js';
import type { BenchOptions, Case } from './command-line.js';
import { type Distribution, median, round, shareOf } from '../../processes/distribution.js';
import { fairnessOf } from './figures.js';

/** Medians over the runs of one case; of distributions, the medians of their figures. */
export interface CaseResult {
  readonly goodputMbits: number;
  readonly goodputOfLink: number;
  readonly goodputOfUdp: number;
  readonly use: number;
  readonly lossShare: number;
  readonly queueMs: Distribution | undefined;
  readonly pingMs: Distribution | undefined;
  readonly smallMs: Distribution | undefined;
  readonly roundTripMs: Distribution | undefined;
  readonly messageMs: Distribution | undefined;
  /** The sum over all runs: living nodes that were suspected. */
  readonly suspicions: number;
  readonly refused: number;
  readonly corrupt: number;
  /** Jain's index, with two senders. */
  readonly fairness?: number;
  /** With loss: against the goodput of the case "relay", which has none. */
  readonly goodputOfLossless?: number;
  /** Beside TCP: each against what its kind gets alone. */
  readonly gossipShare?: number;
  readonly tcpShare?: number;
  readonly runs: readonly Measured[];
}

export interface RateResult {
  readonly rateMbits: number;
  /** Processes that waited for a processor, for each that there is, on average over the last minute. */
  readonly load: number;
  readonly bufferMs: number;
  readonly bed: Calibration;
  readonly cases: Partial<Record<Case, CaseResult>>;
}

export interface BenchResult {
  readonly node: string;
  readonly options: Omit<BenchOptions, 'isJson' | 'isHelp'>;
  readonly rates: readonly RateResult[];
}

export function caseResult(rateMbits: number, bed: Calibration, runs: readonly Measured[]): CaseResult {
  const flows = runs.map(run => run.flows);
  const goodputMbits = median(flows.map(each => total(each, flow => flow.goodputMbits)));
  const all = flows.flat();
  const isShared = flows[0]!.length > 1;
  const tcpMbits = runs.flatMap(run => run.tcpMbits ?? []);
  return {
    goodputMbits,
    goodputOfLink: shareOf(goodputMbits, rateMbits),
    goodputOfUdp: shareOf(goodputMbits, bed.udpMbits),
    use: median(runs.map(run => run.passage.use)),
    lossShare: median(runs.map(run => run.passage.lossShare)),
    queueMs: medians(runs.map(run => run.passage.queueMs)),
    pingMs: medians(runs.map(run => run.passage.probeMs)),
    smallMs: medians(all.map(flow => flow.smallMs)),
    roundTripMs: medians(all.map(flow => flow.roundTripMs)),
    messageMs: medians(all.map(flow => flow.messageMs)),
    suspicions: total(all, flow => flow.suspicions),
    refused: total(all, flow => flow.refused),
    corrupt: total(all, flow => flow.corrupt),
    ...(isShared && { fairness: median(flows.map(each => fairnessOf(each.map(flow => flow.goodputMbits)))) }),
    ...(tcpMbits.length > 0 && {
      gossipShare: shareOf(goodputMbits, bed.udpMbits),
      tcpShare: shareOf(median(tcpMbits), bed.tcpMbits),
    }),
    runs,
  };
}

function total(flows: readonly Flow[], figure: (flow: Flow) => number): number {
  return round(flows.reduce((sum, flow) => sum + figure(flow), 0));
}

function medians(distributions: readonly (Distribution | undefined)[]): Distribution | undefined {
  const known = distributions.filter(each => each !== undefined);
  if (known.length === 0) return undefined;
  const of = (figure: keyof Distribution) => median(known.map(each => each[figure]));
  return { p50: of('p50'), p99: of('p99'), max: of('max') };
}
