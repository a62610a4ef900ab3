import { check, format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../simulate/command-line.js';
import type { MembershipResult } from '../../simulate/membership/result.js';
import { writeDocument } from '../../simulate/membership/targets/document.js';
import {
  argumentsOf,
  FULL,
  listRuns,
  type MembershipOutcome,
  type MembershipRun,
  QUICK,
} from '../../simulate/membership/targets/runs.js';
import { listTargets } from '../../simulate/membership/targets/targets.js';
import { NO_JUDGEMENTS } from '../../simulate/membership/witness.js';
import { judge } from '../../simulate/report/targets.js';

const percentiles = { p50: 2_000, p99: 4_000, max: 5_000 };
const broadcasts = {
  sent: 20,
  refused: 0,
  expected: 400,
  lost: 0,
  lostWithoutPath: 0,
  duplicates: 0,
  latencyMs: percentiles,
  examples: [],
  failures: [],
};

/** A result that keeps all targets. */
function goodResult({ scenario, nodes, loss, seed, ...run }: MembershipRun): MembershipResult {
  return {
    ...NO_JUDGEMENTS,
    scenario,
    nodes,
    loss,
    seed,
    zones: 16,
    strategy: 'nearest',
    subscriptions: 5,
    start: 'warm',
    cipher: run.cipher ?? 'xsalsa20-poly1305',
    settleSeconds: 30,
    detectionMs: percentiles,
    convergenceMs: 9_000,
    idleBytesPerSecondPerNode: 1_000,
    idlePacketsPerSecondPerNode: 10,
    memberBytes: 390,
    falseDownExamples: [],
    detection: {
      kills: 100,
      isRestarting: true,
      inDoubtMs: percentiles,
      firstMs: percentiles,
      perSurvivorMs: percentiles,
      rejoinMs: percentiles,
      untold: 0,
    },
    disturbance: { hours: run.hours ?? 0, pausedShare: 0.05, pauses: 9, nodeHours: 100, suspicionsPerNodeHour: 0.5 },
    oneWay: [
      {
        name: 'a fault',
        concerned: 1,
        reachedByShare: 0.5,
        mustStay: true,
        falselyDownMembers: 0,
        falseDowns: 0,
        excusedDowns: 0,
        suspicions: 3,
        healedMs: 900,
        failures: [],
      },
    ],
    partition: {
      shape: run.shape ?? 'halves',
      minutes: run.minutes ?? 1,
      sides: [nodes / 2, nodes / 2],
      separatedPairs: 50,
      unnoticedPairs: 0,
      unhealedPairs: 0,
      broadcasts,
    },
    idle: {
      seconds: 60,
      bytesPerSecond: percentiles,
      packetsPerSecond: percentiles,
      bytesPerSecondWithHeaders: 1_300,
      links: { mean: 10, max: 14 },
      sessions: { mean: 12, max: 20 },
      bytesPerSecondByFrame: { heartbeat: 500, datagramHeads: 500 },
    },
    join: { seeds: 3, readyMs: percentiles, fullMs: percentiles, unready: 0, incomplete: 0, broadcasts },
    rolling: {
      restarts: nodes,
      atATime: 5,
      isHard: run.isHard ?? false,
      readyMs: percentiles,
      unready: 0,
      seconds: 100,
      broadcasts,
    },
    datagramsSent: 9_000,
    drops: {},
    failures: [],
    virtualSeconds: 60,
    wallSeconds: 60,
    peakMemoryMiB: 500,
    digest: '0123456789abcdef',
  };
}

const RUNS = listRuns(FULL);
const TARGETS = listTargets(FULL);
const GOOD: readonly MembershipOutcome[] = RUNS.map(run => ({ run, result: goodResult(run) }));

/** All targets that are missed when the first such run has another result. */
function missedWhen(
  changes: Partial<MembershipResult> | undefined,
  isChanged: (run: MembershipRun) => boolean,
): string[] {
  const changed = GOOD.find(({ run }) => isChanged(run))!;
  const outcomes = GOOD.map(outcome => {
    if (outcome !== changed) return outcome;
    return { run: outcome.run, result: changes === undefined ? undefined : { ...outcome.result!, ...changes } };
  });
  return TARGETS.map(target => judge(target, outcomes))
    .filter(({ isMet }) => !isMet)
    .map(({ target }) => `${target.conditions}: ${target.figure}`);
}

const isDetection = ({ scenario, nodes, loss }: MembershipRun) =>
  scenario === 'detection' && nodes === 1_000 && loss === 0;
const isLargest = ({ scenario, nodes }: MembershipRun) => scenario === 'idle' && nodes === 5_000;
const isPartition = ({ scenario, minutes }: MembershipRun) => scenario === 'partition' && minutes === 30;

function write(outcomes: readonly MembershipOutcome[]): string {
  const judgements = TARGETS.map(target => judge(target, outcomes));
  return writeDocument({ size: FULL, outcomes, judgements, environment: 'a machine' });
}

describe('the runs about members', () => {
  it.each([FULL, QUICK])('are different from each other, and the simulator takes them (quick: $isQuick)', size => {
    const runs = listRuns(size).map(argumentsOf);
    expect(new Set(runs.map(run => run.join(' '))).size).toBe(runs.length);
    for (const run of runs) expect(parseCommandLine(run).subject).toBe('members');
  });

  it('say all that they are', () => {
    const texts = RUNS.map(run => argumentsOf(run).join(' '));
    for (const text of [
      '--scenario detection --nodes 1000 --loss 0.1 --seed 5 --kills 100 --json',
      '--scenario false-downs --nodes 1000 --loss 0.05 --seed 1 --cipher null --hours 2 --paused 0.05 --json',
      '--scenario partition --nodes 200 --loss 0 --seed 3 --minutes 30 --shape zone --json',
      '--scenario rolling --nodes 200 --loss 0 --seed 2 --hard --json',
    ]) {
      expect(texts).toContain(text);
    }
  });

  it('assert all invariants after every input, but in those of many nodes and of long times', () => {
    const unchecked = RUNS.filter(({ check }) => check !== 1);
    expect(new Set(RUNS.filter(({ check }) => check === 1).map(({ scenario }) => scenario))).toEqual(
      new Set(['idle', 'detection', 'one-way']),
    );
    for (const { nodes, hours = 0 } of unchecked) expect(nodes > 100 || hours >= 24).toBe(true);
  });

  it('are those that the targets are about, the cheapest first', () => {
    for (const target of TARGETS) expect(RUNS.some(target.selects)).toBe(true);
    expect(RUNS[0]).toMatchObject({ scenario: 'idle', nodes: 10 });
    expect(RUNS.at(-1)).toMatchObject({ scenario: 'false-downs' });
  });
});

describe('a target about members', () => {
  it('is met when all its runs keep it', () => {
    expect(missedWhen({}, () => true)).toEqual([]);
  });

  it('is missed when one of five seeds misses it', () => {
    expect(missedWhen({ detectionMs: { ...percentiles, p99: 6_001 } }, isDetection)).toEqual([
      '1,000 nodes, 0 % loss: p99 until it is down everywhere',
    ]);
    expect(missedWhen({ convergenceMs: 10_001 }, isPartition)).toEqual(['30 min: until all see all']);
    expect(missedWhen({ falseDowns: 1, failures: ['a false down'] }, isPartition)).toEqual(['30 min: false downs']);
    expect(missedWhen({ failures: ['a lost broadcast'] }, isPartition)).toEqual(['30 min: other faults']);
  });

  it('is missed when the cluster never converged, or there is no result', () => {
    expect(missedWhen({ convergenceMs: null }, isPartition)).toEqual(['30 min: until all see all']);
    expect(missedWhen(undefined, isPartition)).toHaveLength(4);
  });

  it('of the idle cost compares all sizes', () => {
    expect(missedWhen({ idleBytesPerSecondPerNode: 1_201 }, isLargest)).toEqual([
      '10 to 5,000 nodes: bytes: the largest by the smallest',
    ]);
    expect(missedWhen({ memberBytes: 401 }, isLargest)).toEqual(['10 to 5,000 nodes: bytes of a member in a table']);
  });
});

describe('the document about members', () => {
  it('has all tables, and Prettier accepts it', async () => {
    const document = write(GOOD);
    for (const part of [
      '| 1,000 | 10 % | 5 |',
      '| a fault |',
      '| halves | 30 |',
      '| rolling restart, killed |',
      '5,000',
    ]) {
      expect(document).toContain(part);
    }
    expect(document).not.toMatch(/undefined|NaN|Infinity|null\b(?! cipher)|\*\*missed\*\*|small version/);
    const options = { parser: 'markdown', printWidth: 120 };
    expect(await check(await format(document, options), options)).toBe(true);
  });

  it('says what is missed, what never came, and what has no result', () => {
    const outcomes = GOOD.map(({ run, result }) => {
      if (run.scenario === 'join') return { run, result: undefined };
      return { run, result: isPartition(run) ? { ...result!, convergenceMs: null } : result };
    });
    const document = write(outcomes);
    expect(document).toContain('**missed**');
    expect(document).toContain('| never |');
    expect(document).toContain('| mass start | 1,000 | 0 | – |');
    expect(document).not.toMatch(/undefined|NaN/);
  });
});
