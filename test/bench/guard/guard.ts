import type { Bench, BenchOptions } from '../bench.js';
import { Worker } from '../processes.js';
import { textTable } from '../text-table.js';
import { type Baseline, platform, processor, readBaseline, writeBaseline } from './baseline.js';
import { compare, type Comparison, isAlarm, isBetter, leastOf } from './comparison.js';
import type { Measurement } from './measure.js';
import type { GuardQuestion } from './worker.js';

/** Processes that have to agree before an alarm is given: one of them may have had no quiet moment for some operation. */
const MOST_ATTEMPTS = 5;

/** Processes that a baseline is the least of. */
const BASELINE_ATTEMPTS = 5;

/**
 * The engine's compiler must decide the same in each process, and a run's garbage must have room. `--predictable` compiles in
 * the thread that runs, so after so many calls and not after some time.
 */
const EXEC_ARGV = ['--predictable', '--hash-seed=1', '--max-semi-space-size=64'];

export interface GuardResult {
  /** `skipped`: there is no baseline for this platform, and nothing was judged. */
  readonly status: 'passed' | 'failed' | 'skipped' | 'updated';
  readonly platform: string;
  readonly attempts: number;
  readonly comparisons: readonly Comparison[];
  /** What else has to be said. */
  readonly notes: readonly string[];
}

export const guard: Bench<GuardResult> = {
  summary: 'operations of the engine against a kept baseline: exits with 1 if one became slower or more wasteful',
  run,
  table,
  isFailed: ({ status }) => status === 'failed',
};

async function run({ args, progress }: BenchOptions): Promise<GuardResult> {
  const slow = slowOption(args);
  if (args.includes('--update')) return update(slow, progress);
  const baseline = readBaseline();
  if (baseline === undefined) {
    const text = `NOTHING WAS COMPARED: there is no baseline for ${platform()}. Write one with: npm run bench -- guard --update`;
    progress(text);
    return { status: 'skipped', platform: platform(), attempts: 0, comparisons: [], notes: [text] };
  }
  const isTimed = baseline.processor === processor();
  const attempts: Measurement[][] = [];
  let comparisons: Comparison[] = [];
  do {
    attempts.push(await measureOnce(slow));
    comparisons = compare(leastOf(attempts), baseline.operations, isTimed);
    for (const each of comparisons.filter(isAlarm))
      progress(`${each.name}: ${each.verdict} in ${attempts.length} of ${MOST_ATTEMPTS}`);
  } while (attempts.length < MOST_ATTEMPTS && comparisons.some(isAlarm));
  const status = comparisons.some(isAlarm) ? 'failed' : 'passed';
  const notes = notesOf(comparisons, baseline, isTimed);
  return { status, platform: platform(), attempts: attempts.length, comparisons, notes };
}

async function update(slow: GuardQuestion['slow'], progress: BenchOptions['progress']): Promise<GuardResult> {
  if (Object.keys(slow).length > 0)
    throw new Error('--slow is to try the guard: a baseline of it would let anything pass');
  const attempts: Measurement[][] = [];
  while (attempts.length < BASELINE_ATTEMPTS) {
    attempts.push(await measureOnce(slow));
    progress(`${attempts.length} of ${BASELINE_ATTEMPTS} processes`);
  }
  const measurements = leastOf(attempts);
  const comparisons = compare(measurements, readBaseline()?.operations ?? {}, true);
  await writeBaseline(measurements);
  return { status: 'updated', platform: platform(), attempts: attempts.length, comparisons, notes: [] };
}

async function measureOnce(slow: GuardQuestion['slow']): Promise<Measurement[]> {
  const [worker] = await Worker.start(new URL('./worker.js', import.meta.url), [], { execArgv: EXEC_ARGV });
  const measurements = await worker.ask<Measurement[]>({ slow } satisfies GuardQuestion);
  await worker.end();
  return measurements;
}

function notesOf(comparisons: readonly Comparison[], baseline: Baseline, isTimed: boolean): string[] {
  const notes: string[] = [];
  if (!isTimed) {
    notes.push(
      `TIMES WERE NOT COMPARED: the baseline is of ${baseline.processor}, this is ${processor()}. Garbage was.`,
    );
  }
  const unknown = comparisons.filter(({ verdict }) => verdict === 'new').map(({ name }) => name);
  if (unknown.length > 0) notes.push(`NOT COMPARED, as the baseline does not know them: ${unknown.join(', ')}`);
  const better = comparisons.filter(each => isBetter(each, isTimed)).map(({ name }) => name);
  if (better.length > 0) notes.push(`Better than the baseline, which should be written anew: ${better.join(', ')}`);
  const gone = Object.keys(baseline.operations).filter(name => comparisons.every(each => each.name !== name));
  if (gone.length > 0) notes.push(`In the baseline, but there no more: ${gone.join(', ')}`);
  if (comparisons.some(isAlarm)) notes.push('If that is what was wanted: npm run bench -- guard --update');
  return notes;
}

/** `--slow "emit path=20"`: per cent of extra work for an operation. */
function slowOption(args: readonly string[]): GuardQuestion['slow'] {
  const entries = args.flatMap((arg, i) => {
    if (arg !== '--slow') return [];
    const [name = '', percent = ''] = (args[i + 1] ?? '').split('=');
    if (!(Number(percent) > 0)) throw new Error('--slow takes an operation and per cent: --slow "emit path=20"');
    return [[name, Number(percent) / 100] as const];
  });
  return Object.fromEntries(entries);
}

function table({ status, platform, attempts, comparisons, notes }: GuardResult): string {
  const rows = comparisons.map(({ name, ratio, bytes, baseline, verdict }) => [
    name,
    ratio.toPrecision(4),
    baseline?.ratio.toPrecision(4) ?? '',
    baseline === undefined ? '' : `${(100 * (ratio / baseline.ratio - 1)).toFixed(1)} %`,
    String(bytes),
    String(baseline?.bytes ?? ''),
    verdict,
  ]);
  const head = ['', 'by reference', 'baseline', 'slower by', 'bytes', 'baseline', ''];
  const lines = [
    ...(comparisons.length === 0 ? [] : [textTable(head, rows)]),
    ...notes.map(note => `${note}\n`),
    `${status} on ${platform}, the least of ${attempts} ${attempts === 1 ? 'process' : 'processes'}\n`,
  ];
  return lines.join('\n');
}
