import { UsageError } from './options.js';
import { table } from './table.js';

/** Wall time between two lines of progress, ms. */
const PROGRESS_MS = 5_000;

/** Runs a program for people: what it returns is its exit code, and an option that cannot be used is said and ends it with 2. */
export function runProgram(main: () => number): void {
  try {
    process.exitCode = main();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\nSee --help.\n`);
    process.exitCode = 2;
  }
}

export function print(result: object, isJson: boolean): void {
  process.stdout.write(isJson ? `${JSON.stringify(result, undefined, 2)}\n` : table(result));
}

/** Tells how far the run is, not too often. */
export function teller(): (text: string) => void {
  const startedAt = performance.now();
  let toldAt = startedAt;
  return text => {
    if (performance.now() < toldAt + PROGRESS_MS) return;
    toldAt = performance.now();
    process.stderr.write(`${((toldAt - startedAt) / 1_000).toFixed(0)} s: ${text}\n`);
  };
}
