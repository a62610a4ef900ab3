import {
  checkClusterOptions,
  choice,
  CLUSTER_DEFAULTS,
  type ClusterOptions,
  share,
  UsageError,
  whole,
} from '../options.js';

/** Scenarios that are about members, not messages. */
export const MEMBERSHIP_SCENARIOS = [
  'detection',
  'false-downs',
  'one-way',
  'partition',
  'idle',
  'join',
  'rolling',
] as const;
export type MembershipScenario = (typeof MEMBERSHIP_SCENARIOS)[number];

/** How a partition cuts the cluster: at random into equal parts, or one zone from all others. */
export const PARTITION_SHAPES = ['halves', 'thirds', 'zone'] as const;
export type PartitionShape = (typeof PARTITION_SHAPES)[number];

/** What to simulate, in the scenarios that are about members. */
export interface MembershipOptions extends ClusterOptions {
  readonly scenario: MembershipScenario;
  /** How many of the nodes are seeds of all. */
  readonly seeds: number;
  /** Deaths of `detection`, one after the other. */
  readonly kills: number;
  /** How long `false-downs` goes on, ms. */
  readonly disturbedMs: number;
  /** Share of the nodes that pause now and then in `false-downs`. */
  readonly pausedShare: number;
  /** How long the faults of `one-way` and `partition` last, and how long `idle` is measured, ms. */
  readonly minutesMs: number;
  readonly shape: PartitionShape;
  /** Whether `rolling` kills nodes without a word, in place of letting them leave. */
  readonly isHard: boolean;
}

const MINUTE_MS = 60_000;

export const MEMBERSHIP_DEFAULTS: MembershipOptions = {
  ...CLUSTER_DEFAULTS,
  checkEvery: 'spread',
  scenario: 'detection',
  seeds: 3,
  kills: 100,
  disturbedMs: 60 * MINUTE_MS,
  pausedShare: 0.05,
  minutesMs: MINUTE_MS,
  shape: 'halves',
  isHard: false,
};

/** What everybody believes of everybody is kept for each life: this many take 100 MB. */
const MOST_KILLS = 10_000;

/** Throws a UsageError that names the option and what it takes. */
export function checkMembershipOptions(options: MembershipOptions): void {
  choice('scenario', options.scenario, MEMBERSHIP_SCENARIOS);
  choice('shape', options.shape, PARTITION_SHAPES);
  checkClusterOptions(options);
  if (options.nodes < 3) throw new UsageError('--nodes takes at least 3 for scenarios about members');
  whole('seeds', options.seeds, 1, options.nodes);
  whole('kills', options.kills, 1, MOST_KILLS);
  share('paused', options.pausedShare);
  if (!(options.disturbedMs > 0)) throw new UsageError('--hours takes a time above 0');
  if (!(options.minutesMs > 0)) throw new UsageError('--minutes takes a time above 0');
  if (options.shape === 'zone' && options.zones < 2) throw new UsageError('--shape zone takes at least 2 zones');
}
