import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from 'prettier';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../simulate/command-line.js';
import { writeDocument } from '../../simulate/report/document.js';
import { drawPlots } from '../../simulate/report/plots.js';
import { hashOfCode, RunCache } from '../../simulate/report/run-cache.js';
import { copySimulator } from '../../simulate/report/simulator-copy.js';
import { argumentsOf, FULL, listRuns, QUICK, type Run, type SimulationOutcome } from '../../simulate/report/runs.js';
import { judge, listTargets } from '../../simulate/report/targets.js';
import { bytesText, markdownTable, millisecondsText, percentText } from '../../report/texts.js';
import type { SimulationResult } from '../../simulate/result.js';

/** A result that keeps all targets. */
function goodResult(run: Run): SimulationResult {
  const percentiles = { p50: 80, p99: 110, max: 120 };
  return {
    protocol: run.baseline ?? 'gwyh',
    scenario: run.scenario,
    nodes: run.nodes,
    zones: 16,
    loss: run.loss,
    seed: run.seed,
    strategy: run.strategy,
    subscriptions: 5,
    start: 'warm',
    cipher: 'xsalsa20-poly1305',
    uplinkMbits: 1_000,
    settleSeconds: 30,
    messages: 200,
    warmUpMessages: 200,
    payloadBytes: 200,
    delivered: 1,
    duplicatesToHandlers: 0,
    unexplainedMissing: 0,
    explainedMissing: {},
    latencyMs: percentiles,
    directMs: percentiles,
    stretch: { p50: 1, p99: 1 },
    pairStretch: { p50: 1, p99: 1 },
    copiesPerNode: 1.2,
    warmUpCopiesPerNode: 2,
    copiesSentPerNode: 1.2,
    bytesPerNodePerMessage: 400,
    overheadPerMessageByte: 1.1,
    controlShare: 0.2,
    datagramsPerNodePerMessage: 2,
    links: { mean: 9, max: 14 },
    hops: { p50: 4, max: 9 },
    repairs: 0,
    drops: {},
    unready: 0,
    kill: {
      share: run.killShare ?? 0,
      killed: 500,
      survivors: 500,
      broadcasts: Array.from({ length: 10 }, (_, i) => ({
        at: 5_000 * i,
        origin: i,
        reachable: 499,
        withinTwoSeconds: i === 0 ? 0.996 : 1,
        finally: 1,
      })),
    },
    virtualSeconds: 60,
    wallSeconds: 60,
    peakMemoryMiB: 1_000,
    digest: '0123456789abcdef',
    curves: {
      latencyMs: Array.from({ length: 101 }, (_, i) => i),
      directMs: Array.from({ length: 101 }, (_, i) => i),
      copiesByHalfSecond: [4, 2, 1],
    },
  };
}

const RUNS = listRuns(FULL);
const TARGETS = listTargets(FULL);
const GOOD: readonly SimulationOutcome[] = RUNS.map(run => ({ run, result: goodResult(run) }));

/** All targets that are missed when one run has another result. */
function missedWhen(changes: Partial<SimulationResult> | undefined, isChanged: (run: Run) => boolean): string[] {
  const changed = GOOD.find(({ run }) => isChanged(run))!;
  const outcomes = GOOD.map(outcome => {
    if (outcome !== changed) return outcome;
    return { run: outcome.run, result: changes === undefined ? undefined : { ...outcome.result!, ...changes } };
  });
  return TARGETS.map(target => judge(target, outcomes))
    .filter(({ isMet }) => !isMet)
    .map(({ target }) => `${target.conditions}: ${target.figure}`);
}

/** Runs that other figures are tried with. */
const isThirdSeed = (run: Run) => run.part === 'busy' && run.loss === 0.1 && run.seed === 3;
const isFirstOfMany = (run: Run) => run.part === 'many-origins' && run.seed === 1;
const isLargest = (run: Run) => run.part === 'growth' && run.nodes === 5_000 && run.strategy === 'nearest';
const isHalfKilled = (run: Run) => run.part === 'kill' && run.killShare === 0.5;

const countRuns = (part: Run['part']) => RUNS.filter(run => run.part === part).length;

/** The whole report on these outcomes. */
function write(outcomes: readonly SimulationOutcome[]): string {
  return writeDocument({
    size: FULL,
    outcomes,
    judgements: TARGETS.map(target => judge(target, outcomes)),
    plots: drawPlots(outcomes, FULL),
    environment: 'a machine',
  });
}

describe('the runs of the report', () => {
  it.each([FULL, QUICK])('are different from each other, and the simulator takes them (quick: $isQuick)', size => {
    const runs = listRuns(size).map(argumentsOf);
    expect(new Set(runs.map(run => run.join(' '))).size).toBe(runs.length);
    for (const run of runs) expect(() => parseCommandLine(run)).not.toThrow();
  });

  it('say all that they are', () => {
    const run = RUNS.find(
      ({ part, loss, baseline }) => part === 'baseline' && loss === 0.1 && baseline === 'plumtree',
    )!;
    expect(argumentsOf(run).join(' ')).toBe(
      '--scenario dissemination --nodes 1000 --loss 0.1 --seed 1 --strategy nearest --baseline plumtree --curves --json',
    );
  });

  it('are those that the targets ask for', () => {
    expect(countRuns('busy')).toBe(4 * 5);
    expect(countRuns('baseline')).toBe(2 * 2);
    expect(countRuns('growth')).toBe(4 * 5);
    for (const target of TARGETS) expect(RUNS.some(target.selects)).toBe(true);
  });
});

describe('a target', () => {
  it('is met when all its runs keep it', () => {
    expect(missedWhen({}, () => true)).toEqual([]);
  });

  it('may be met exactly', () => {
    expect(missedWhen({ copiesPerNode: 1.3 }, run => run.part === 'busy' && run.loss === 0)).toEqual([]);
  });

  it('is missed when one of five seeds misses it', () => {
    expect(missedWhen({ copiesPerNode: 2.01 }, isThirdSeed)).toEqual(['10 % loss: copies']);
    expect(missedWhen({ stretch: { p50: 1.11, p99: 1.61 } }, isThirdSeed)).toEqual([
      '10 % loss: median by direct',
      '10 % loss: p99 by direct',
    ]);
    expect(missedWhen({ delivered: 0.99999 }, isThirdSeed)).toEqual(['10 % loss: delivered']);
    expect(missedWhen({ unexplainedMissing: 1 }, isThirdSeed)).toEqual(['10 % loss: faults']);
    expect(missedWhen({ duplicatesToHandlers: 1 }, isThirdSeed)).toEqual(['10 % loss: faults']);
  });

  it('is missed when a run has no result, no figure, or was not made', () => {
    expect(missedWhen(undefined, isFirstOfMany)).toHaveLength(4);
    expect(missedWhen({ copiesPerNode: NaN }, isFirstOfMany)).toEqual(['100 origins, no loss: copies']);
    expect(judge(TARGETS[0]!, [])).toMatchObject({ runs: 0, measured: NaN, isMet: false });
  });

  it('of growth compares the largest cluster with a hundred nodes', () => {
    expect(missedWhen({ stretch: { p50: 1.15, p99: 1.15 } }, isLargest)).toEqual([]);
    expect(missedWhen({ stretch: { p50: 1, p99: 1.16 } }, isLargest)).toEqual([
      '100 to 5,000 nodes: growth of p99 by direct',
    ]);
  });

  it('of a death is about the first and the tenth broadcast', () => {
    const { kill } = GOOD.find(({ run }) => isHalfKilled(run))!.result!;
    const broadcasts = kill!.broadcasts.map(each => ({ ...each, withinTwoSeconds: 0.989 }));
    expect(missedWhen({ kill: { ...kill!, broadcasts } }, isHalfKilled)).toEqual([
      '50 % of the nodes die: first broadcast within 2 s',
      '50 % of the nodes die: tenth broadcast within 2 s',
    ]);
  });
});

describe('the document', () => {
  it('has all tables and plots', () => {
    const document = write(GOOD);
    for (const part of ['| 5,000 | `nearest` |', '| plumtree |', '| 1 MiB |', '| Sudden death |', 'on a machine.']) {
      expect(document).toContain(part);
    }
    for (const { file } of drawPlots(GOOD, FULL)) expect(document).toContain(`](${file})`);
    expect(document).not.toMatch(/undefined|NaN|Infinity|\*\*missed\*\*|small version/);
  });

  it('says what is missed, and what has no result', () => {
    const outcomes = GOOD.map(({ run, result }) => ({ run, result: run.part === 'growth' ? undefined : result }));
    const document = write(outcomes);
    expect(document).toContain('**missed**');
    expect(document).toContain('| Growth | 0 of 4 | **fail** |');
    expect(document).not.toMatch(/undefined|NaN|Infinity/);
    for (const { svg } of drawPlots(outcomes, FULL)) expect(svg).not.toMatch(/undefined|NaN|Infinity/);
  });

  it('is the same each time, whatever the clock says', () => {
    const slower = GOOD.map(({ run, result }) => ({ run, result: { ...result!, wallSeconds: 99, peakMemoryMiB: 9 } }));
    expect(write(slower)).toBe(write(GOOD));
  });
});

describe('the document that is kept', () => {
  it('can be formatted to what Prettier accepts', async () => {
    const { format } = await import('prettier');
    const document = writeDocument({
      size: QUICK,
      outcomes: [],
      judgements: [],
      plots: drawPlots([], QUICK),
      environment: '',
    });
    const options = { parser: 'markdown', printWidth: 120 };
    expect(await check(await format(document, options), options)).toBe(true);
  });
});

describe('texts', () => {
  it('are short and exact', () => {
    expect([0.995, 1, 0, 0.02, 0.999999, NaN].map(percentText)).toEqual([
      '99.5 %',
      '100 %',
      '0 %',
      '2 %',
      '99.999 %',
      '–',
    ]);
    expect([12, 1_536, 65_536, 1_048_576].map(bytesText)).toEqual(['12 B', '1.5 KiB', '64 KiB', '1 MiB']);
    expect(millisecondsText(1_234.56)).toBe('1,234.6 ms');
    expect(markdownTable(['a', 'b'], [['1', '2']])).toBe('| a | b |\n| --- | --- |\n| 1 | 2 |');
  });
});

describe('the cache of results', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'simulation-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('keeps results for the same options and the same code, across processes', () => {
    const result = goodResult(RUNS[0]!);
    new RunCache(join(directory, 'results.jsonl'), 'code').put(['--seed', '1'], result);
    expect(new RunCache(join(directory, 'results.jsonl'), 'code').get(['--seed', '1'])).toEqual(result);
    expect(new RunCache(join(directory, 'results.jsonl'), 'code').get(['--seed', '2'])).toBeUndefined();
    expect(new RunCache(join(directory, 'results.jsonl'), 'other code').get(['--seed', '1'])).toBeUndefined();
  });

  it('goes on after a line that was not written to its end', () => {
    appendFileSync(join(directory, 'results.jsonl'), '{"key":"code --seed 1","res');
    const cache = new RunCache(join(directory, 'results.jsonl'), 'code');
    expect(cache.get(['--seed', '1'])).toBeUndefined();
    cache.put(['--seed', '1'], goodResult(RUNS[0]!));
    expect(new RunCache(join(directory, 'results.jsonl'), 'code').get(['--seed', '1'])).toBeDefined();
  });

  it('runs a copy of the code that later changes do not touch', () => {
    const compiled = join(directory, 'compiled');
    mkdirSync(compiled);
    writeFileSync(join(compiled, 'main.js'), '1');
    const copy = copySimulator(compiled, directory, 'hash');
    writeFileSync(join(compiled, 'main.js'), '2');
    expect(copySimulator(compiled, directory, 'hash')).toBe(copy);
    expect(readFileSync(join(copy, 'main.js'), 'utf8')).toBe('1');
    expect(readdirSync(directory).sort()).toEqual(['compiled', 'hash']);
  });

  it('notices each change of the code, but not of the report', () => {
    const report = join(directory, 'report');
    mkdirSync(report);
    writeFileSync(join(directory, 'engine.js'), '1');
    writeFileSync(join(report, 'table.js'), '1');
    const before = hashOfCode([directory], report);
    writeFileSync(join(report, 'table.js'), '2');
    expect(hashOfCode([directory], report)).toBe(before);
    writeFileSync(join(directory, 'engine.js'), '2');
    expect(hashOfCode([directory], report)).not.toBe(before);
  });
});
