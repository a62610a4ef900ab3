import { spawn } from 'node:child_process';
import type { RunCache } from './run-cache.js';

/** A run with what came of it: undefined when it ended without a result. */
export interface Outcome<Run, Result> {
  readonly run: Run;
  readonly result: Result | undefined;
}

/** Runs of so many nodes are done one after the other, beside smaller ones: two of them may not fit in memory. */
const LARGE_NODES = 2_000;

/** Memory that a run may take, MiB. */
const MOST_MEMORY_MIB = 20_000;

export interface RunPoolOptions<Run, Result> {
  /** The compiled simulator. */
  readonly program: string;
  /** What it is called with for a run. */
  readonly argumentsOf: (run: Run) => readonly string[];
  readonly cache: RunCache<Result>;
  /** Runs at a time. */
  readonly parallel: number;
  /** Whether runs of large clusters are done before all others, or after them. */
  readonly largeRuns: 'first' | 'last';
  /** Told of each run that is done. */
  readonly onDone: (outcome: Outcome<Run, Result>, seconds: number, complaint: string) => void;
}

/** Does all runs, each in a process of its own, and returns what came of them in the same order. */
export async function runAll<Run extends { readonly nodes: number }, Result>(
  runs: readonly Run[],
  options: RunPoolOptions<Run, Result>,
): Promise<Outcome<Run, Result>[]> {
  const outcomes = new Map<Run, Outcome<Run, Result>>();
  const work = async (queue: Run[]) => {
    for (let run = queue.shift(); run !== undefined; run = queue.shift()) outcomes.set(run, await runOne(run, options));
  };
  const small = runs.filter(({ nodes }) => nodes < LARGE_NODES);
  const large = runs.filter(({ nodes }) => nodes >= LARGE_NODES);
  const workers = Array.from({ length: options.parallel - 1 }, () => work(small));
  const [before, after] = options.largeRuns === 'first' ? [large, small] : [small, large];
  await Promise.all([work(before).then(() => work(after)), ...workers]);
  return runs.map(run => outcomes.get(run)!);
}

async function runOne<Run, Result>(
  run: Run,
  { program, argumentsOf, cache, onDone }: RunPoolOptions<Run, Result>,
): Promise<Outcome<Run, Result>> {
  const options = argumentsOf(run);
  const known = cache.get(options);
  if (known !== undefined) return { run, result: known };
  const startedAt = performance.now();
  const { status, output, complaint } = await execute(program, options);
  const result = status === 0 || status === 1 ? parseResult<Result>(output) : undefined;
  // A run that failed would fail again: the same code and the same options give the same result.
  if (result !== undefined) cache.put(options, result);
  const outcome = { run, result };
  onDone(outcome, (performance.now() - startedAt) / 1_000, status === 0 ? '' : complaint);
  return outcome;
}

interface Ended {
  /** Exit code; undefined when a signal ended it. */
  readonly status: number | undefined;
  readonly output: string;
  /** The end of what it wrote on stderr. */
  readonly complaint: string;
}

/** Characters of a complaint that are kept. */
const COMPLAINT_LENGTH = 2_000;

function execute(program: string, options: readonly string[]): Promise<Ended> {
  // Those of `npm run simulate`.
  const nodeOptions = ['--expose-gc', `--max-old-space-size=${MOST_MEMORY_MIB}`, '--max-semi-space-size=64'];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...nodeOptions, program, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-COMPLAINT_LENGTH);
    });
    child.on('error', reject);
    child.on('close', status => resolve({ status: status ?? undefined, output, complaint }));
  });
}

function parseResult<Result>(output: string): Result | undefined {
  try {
    return JSON.parse(output) as Result;
  } catch {
    return undefined;
  }
}
