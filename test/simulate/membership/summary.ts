import { rounded } from '../percentiles.js';
import type { RunDigest } from '../run-digest.js';
import type { IdleCost } from './idle.js';
import type { MembershipOptions } from './options.js';
import type { MembershipResult } from './result.js';
import type { ScenarioReport } from './scenario.js';
import type { Stage } from './stage.js';
import { addJudgements, MOST_EXAMPLES, NO_JUDGEMENTS } from './witness.js';

/** All that is known at the end of a run. */
export interface FinishedMembershipRun {
  readonly options: MembershipOptions;
  readonly stages: readonly Stage[];
  readonly report: ScenarioReport;
  readonly idle: IdleCost;
  readonly memberBytes: number;
  readonly digest: RunDigest;
  /** Wall time of the beginning, ms. */
  readonly startedAt: number;
}

/** Makes figures of what happened. */
export function summarise(run: FinishedMembershipRun): MembershipResult {
  const { options, stages, idle } = run;
  const { detectionMs, convergenceMs, failures, ...details } = run.report;
  const { falseDowns, ...judgements } = stages
    .map(({ witness }) => witness.judgements)
    .reduce(addJudgements, NO_JUDGEMENTS);
  const tableFaults = stages.reduce((sum, stage) => sum + stage.countTableFaults(), 0);
  return {
    scenario: options.scenario,
    nodes: options.nodes,
    zones: options.zones,
    loss: options.loss,
    seed: options.seed,
    strategy: options.strategy,
    subscriptions: options.subscriptions,
    start: options.coldStart || options.scenario === 'join' ? 'cold' : 'warm',
    cipher: options.cipher,
    settleSeconds: options.settleMs / 1_000,
    detectionMs,
    falseDowns,
    convergenceMs: convergenceMs === null ? null : rounded(convergenceMs),
    idleBytesPerSecondPerNode: idle.bytesPerSecond,
    idlePacketsPerSecondPerNode: idle.packetsPerSecond,
    memberBytes: run.memberBytes,
    ...judgements,
    falseDownExamples: stages.flatMap(({ witness }) => witness.examples).slice(0, MOST_EXAMPLES),
    ...details,
    datagramsSent: stages.reduce((sum, { simulated }) => sum + simulated.cluster.network.counts.sent, 0),
    drops: dropsOf(stages),
    failures: [...commonFailures(falseDowns, judgements.falseLeaves, tableFaults), ...failures],
    virtualSeconds: rounded(stages.reduce((sum, { now }) => sum + now, 0) / 1_000),
    wallSeconds: Number(((performance.now() - run.startedAt) / 1_000).toFixed(1)),
    peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1_024),
    digest: run.digest.hex(),
  };
}

function commonFailures(falseDowns: number, falseLeaves: number, tableFaults: number): string[] {
  const failures = [];
  if (falseDowns > 0) failures.push(`${falseDowns} times a member was told to be down that was not`);
  if (falseLeaves > 0) failures.push(`${falseLeaves} times a member was told to have left that had not`);
  if (tableFaults > 0) failures.push(`${tableFaults} entries of member tables were never told, or told otherwise`);
  return failures;
}

function dropsOf(stages: readonly Stage[]): Record<string, number> {
  const drops: Record<string, number> = {};
  for (const { simulated } of stages) {
    for (const [reason, count] of Object.entries(simulated.drops())) drops[reason] = (drops[reason] ?? 0) + count;
  }
  return drops;
}
