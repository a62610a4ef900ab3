import type { Strategy } from '../../../lib/engine/overlay/strategy.js';
import { STRATEGIES } from '../../../lib/engine/overlay/strategy.js';
import { type Baseline, BASELINES } from '../baselines/baseline.js';
import type { Scenario } from '../options.js';
import type { SimulationResult } from '../result.js';
import type { Outcome } from './run-pool.js';

/** What a run is made for: a part of the report. */
export type Part = 'busy' | 'quiet' | 'many-origins' | 'large' | 'growth' | 'kill' | 'baseline';

/** One run of the simulator. What is left out is what the scenario has. */
export interface Run {
  readonly part: Part;
  readonly scenario: Scenario;
  readonly nodes: number;
  /** Share of the datagrams that is lost. */
  readonly loss: number;
  readonly seed: number;
  readonly strategy: Strategy;
  readonly baseline?: Baseline;
  readonly payloadBytes?: number;
  readonly messages?: number;
  readonly warmUp?: number;
  readonly origins?: number;
  readonly killShare?: number;
  readonly hasCurves?: boolean;
}

export type SimulationOutcome = Outcome<Run, SimulationResult>;

/** How much is run. */
export interface ReportSize {
  readonly isQuick: boolean;
  /** Nodes of all runs but those for growth and for large messages. */
  readonly nodes: number;
  /** Seeds of the busy origin. */
  readonly busySeeds: readonly number[];
  /** Seeds of the sudden deaths. */
  readonly killSeeds: readonly number[];
  /** Seeds of all others but growth and large messages, which have the first of these. */
  readonly seeds: readonly number[];
  /** Busy origins at once, and messages of all of them together: as many seconds of warm-up as with one. */
  readonly many: {
    readonly nodes: number;
    readonly origins: number;
    readonly messages: number;
    readonly warmUp: number;
  };
  /** Sizes of messages with the nodes that each is sent to, and how many count. */
  readonly large: readonly { readonly payloadBytes: number; readonly nodes: number; readonly messages: number }[];
  readonly growthNodes: readonly number[];
  /** Messages that count, and as many before them where there is a warm-up; undefined for what the scenario has. */
  readonly growthMessages: number;
  readonly busyMessages: number | undefined;
  readonly quietMessages: number | undefined;
}

export const FULL: ReportSize = {
  isQuick: false,
  nodes: 1_000,
  busySeeds: [1, 2, 3, 4, 5],
  killSeeds: [1],
  seeds: [1],
  many: { nodes: 500, origins: 100, messages: 500, warmUp: 5_000 },
  large: [
    { payloadBytes: 65_536, nodes: 1_000, messages: 4 },
    { payloadBytes: 1_048_576, nodes: 1_000, messages: 2 },
  ],
  growthNodes: [10, 100, 1_000, 5_000],
  growthMessages: 100,
  busyMessages: undefined,
  quietMessages: undefined,
};

/** A small version, to see in minutes that all is well. */
export const QUICK: ReportSize = {
  isQuick: true,
  nodes: 100,
  busySeeds: [1],
  killSeeds: [1],
  seeds: [1],
  many: { nodes: 100, origins: 10, messages: 100, warmUp: 500 },
  large: [
    { payloadBytes: 65_536, nodes: 60, messages: 2 },
    { payloadBytes: 1_048_576, nodes: 20, messages: 1 },
  ],
  growthNodes: [10, 50, 100, 200],
  growthMessages: 100,
  busyMessages: 100,
  quietMessages: 12,
};

export const BUSY_LOSSES = [0, 0.02, 0.1, 0.3];
export const QUIET_LOSSES = [0, 0.1, 0.3];
export const LARGE_LOSSES = [0, 0.01, 0.1];
export const KILL_SHARES = [0.3, 0.5, 0.8];
export const BASELINE_LOSSES = [0, 0.1];

/** The strategy that the targets are for. */
export const STRATEGY: Strategy = 'nearest';

/** All runs of the report. */
export function listRuns(size: ReportSize): Run[] {
  const { nodes, busySeeds, seeds, busyMessages } = size;
  const common = { nodes, strategy: STRATEGY };
  const busy = {
    ...common,
    scenario: 'dissemination' as const,
    hasCurves: true,
    ...counts(busyMessages),
  };
  return [
    ...each(BUSY_LOSSES, busySeeds, (loss, seed) => ({ ...busy, part: 'busy', loss, seed })),
    ...BASELINES.flatMap(baseline =>
      each(BASELINE_LOSSES, seeds, (loss, seed) => ({ ...busy, part: 'baseline', loss, seed, baseline })),
    ),
    ...each(QUIET_LOSSES, seeds, (loss, seed) => ({
      ...common,
      part: 'quiet',
      scenario: 'quiet',
      loss,
      seed,
      ...counts(size.quietMessages, 0),
    })),
    ...each([0], seeds, (loss, seed) => ({
      ...common,
      part: 'many-origins',
      scenario: 'many-origins',
      loss,
      seed,
      ...size.many,
    })),
    ...each(size.large, LARGE_LOSSES, (large, loss) => ({
      ...common,
      ...large,
      part: 'large',
      scenario: 'large',
      loss,
      seed: seeds[0]!,
    })),
    ...each(KILL_SHARES, size.killSeeds, (killShare, seed) => ({
      ...common,
      part: 'kill',
      scenario: 'kill',
      loss: 0,
      seed,
      killShare,
    })),
    ...each(size.growthNodes, STRATEGIES.toReversed(), (count, strategy) => ({
      part: 'growth',
      scenario: 'growth',
      nodes: count,
      loss: 0,
      seed: seeds[0]!,
      strategy,
      messages: size.growthMessages,
      warmUp: size.growthMessages,
    })),
  ];
}

/** Nothing when the scenario decides. */
function counts(messages: number | undefined, warmUp = messages): Pick<Run, 'messages' | 'warmUp'> {
  return messages === undefined ? {} : { messages, warmUp };
}

function each<A, B>(as: readonly A[], bs: readonly B[], run: (a: A, b: B) => Run): Run[] {
  return as.flatMap(a => bs.map(b => run(a, b)));
}

/** What the simulator is called with for this run. */
export function argumentsOf(run: Run): string[] {
  const { scenario, nodes, loss, seed, strategy } = run;
  const options: [string, string | number | undefined][] = [
    ['scenario', scenario],
    ['nodes', nodes],
    ['loss', loss],
    ['seed', seed],
    ['strategy', strategy],
    ['baseline', run.baseline],
    ['bytes', run.payloadBytes],
    ['messages', run.messages],
    ['warm-up', run.warmUp],
    ['origins', run.origins],
    ['kill', run.killShare],
  ];
  const given = options.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
  return [...given, ...(run.hasCurves === true ? ['--curves'] : []), '--json'];
}
