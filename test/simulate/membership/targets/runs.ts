import type { Outcome } from '../../report/run-pool.js';
import type { Cipher } from '../../options.js';
import type { MembershipScenario, PartitionShape } from '../options.js';
import { PARTITION_SHAPES } from '../options.js';
import type { MembershipResult } from '../result.js';

/** One run of the simulator. What is left out is what the scenario has. */
export interface MembershipRun {
  readonly scenario: MembershipScenario;
  readonly nodes: number;
  readonly loss: number;
  readonly seed: number;
  readonly cipher?: Cipher;
  readonly kills?: number;
  readonly hours?: number;
  readonly paused?: number;
  readonly minutes?: number;
  readonly shape?: PartitionShape;
  readonly isHard?: boolean;
  /** When the invariants of each engine are asserted. Default: spread. */
  readonly check?: number;
}

export type MembershipOutcome = Outcome<MembershipRun, MembershipResult>;

/** A time of false downs, with what it is about. */
export interface Disturbance {
  readonly nodes: number;
  readonly hours: number;
  readonly loss: number;
  readonly paused: number;
}

/** How much is run. */
export interface TargetsSize {
  readonly isQuick: boolean;
  /** Sizes of the clusters in which nodes die, and how many do. */
  readonly detectionNodes: readonly number[];
  readonly kills: number;
  readonly disturbances: readonly Disturbance[];
  readonly oneWayNodes: number;
  readonly oneWayMinutes: number;
  readonly partitionNodes: number;
  readonly partitionMinutes: readonly number[];
  /** One seed each. */
  readonly idleNodes: readonly number[];
  readonly idleMinutes: number;
  readonly joinNodes: number;
  readonly rollingNodes: number;
  readonly seeds: number;
}

export const FULL: TargetsSize = {
  isQuick: false,
  detectionNodes: [10, 100, 1_000],
  kills: 100,
  disturbances: [
    { nodes: 200, hours: 2, loss: 0.3, paused: 0 },
    { nodes: 100, hours: 24, loss: 0.05, paused: 0.05 },
    { nodes: 1_000, hours: 2, loss: 0.05, paused: 0.05 },
  ],
  oneWayNodes: 100,
  oneWayMinutes: 2,
  partitionNodes: 200,
  partitionMinutes: [1, 30],
  idleNodes: [10, 100, 1_000, 5_000],
  idleMinutes: 2,
  joinNodes: 1_000,
  rollingNodes: 200,
  seeds: 5,
};

/** A small version, to see in minutes that all is well. */
export const QUICK: TargetsSize = {
  isQuick: true,
  detectionNodes: [10, 50],
  kills: 10,
  disturbances: [
    { nodes: 30, hours: 0.25, loss: 0.3, paused: 0 },
    { nodes: 30, hours: 0.5, loss: 0.05, paused: 0.05 },
  ],
  oneWayNodes: 30,
  oneWayMinutes: 1,
  partitionNodes: 30,
  partitionMinutes: [1, 5],
  idleNodes: [10, 50, 100],
  idleMinutes: 1,
  joinNodes: 100,
  rollingNodes: 40,
  seeds: 1,
};

/** Of larger and of longer runs the invariants are asserted now and then, see `--check spread`. */
export const MOST_CHECKED_NODES = 100;
export const MOST_CHECKED_NODE_HOURS = 40;

export const DETECTION_LOSSES = [0, 0.1];

/** All runs, the cheapest first. */
export function listRuns(size: TargetsSize): MembershipRun[] {
  const seeds = Array.from({ length: size.seeds }, (_, i) => i + 1);
  const base = { loss: 0, seed: 1 };
  const once: MembershipRun[] = [
    ...size.detectionNodes.flatMap(nodes =>
      DETECTION_LOSSES.map(loss => ({ ...base, scenario: 'detection' as const, nodes, loss, kills: size.kills })),
    ),
    ...size.disturbances.map(each => ({ ...base, ...each, scenario: 'false-downs' as const, cipher: 'null' as const })),
    { ...base, scenario: 'one-way', nodes: size.oneWayNodes, minutes: size.oneWayMinutes },
    ...size.partitionMinutes.flatMap(minutes =>
      PARTITION_SHAPES.map(shape => ({
        ...base,
        scenario: 'partition' as const,
        nodes: size.partitionNodes,
        minutes,
        shape,
      })),
    ),
    { ...base, scenario: 'join', nodes: size.joinNodes },
    ...[false, true].map(isHard => ({ ...base, scenario: 'rolling' as const, nodes: size.rollingNodes, isHard })),
  ];
  const runs = once.flatMap(run => seeds.map(seed => ({ ...run, seed })));
  // Nothing random happens here: one seed tells all.
  const idle = size.idleNodes.map(nodes => ({
    ...base,
    scenario: 'idle' as const,
    nodes,
    minutes: size.idleMinutes,
    cipher: 'null' as const,
  }));
  return [...runs, ...idle]
    .map(run => (isAffordable(run) ? { ...run, check: 1 } : run))
    .sort((a, b) => nodeHours(a) - nodeHours(b));
}

/** Whether all invariants are asserted after every event: that doubles the time at 100 nodes, and takes five times as long at 1,000. */
function isAffordable(run: MembershipRun): boolean {
  return run.nodes <= MOST_CHECKED_NODES && nodeHours(run) <= MOST_CHECKED_NODE_HOURS;
}

/** Virtual time of a run by its nodes, roughly: what it costs. */
function nodeHours(run: MembershipRun): number {
  const { nodes, scenario, kills = 0, hours = 0, minutes = 0 } = run;
  const seconds: Record<MembershipScenario, number> = {
    detection: 30 + 8 * kills,
    'false-downs': 3_600 * hours,
    'one-way': 8 * (60 * minutes + 40),
    partition: 60 * minutes + 60,
    idle: 150 + 60 * minutes,
    join: 40,
    rolling: nodes,
  };
  return (nodes * (seconds[scenario] + 30)) / 3_600;
}

/** What the simulator is called with for this run. */
export function argumentsOf(run: MembershipRun): string[] {
  const options: [string, string | number | undefined][] = [
    ['scenario', run.scenario],
    ['nodes', run.nodes],
    ['loss', run.loss],
    ['seed', run.seed],
    ['cipher', run.cipher],
    ['kills', run.kills],
    ['hours', run.hours],
    ['paused', run.paused],
    ['minutes', run.minutes],
    ['shape', run.shape],
    ['check', run.check],
  ];
  const given = options.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
  return [...given, ...(run.isHard === true ? ['--hard'] : []), '--json'];
}
