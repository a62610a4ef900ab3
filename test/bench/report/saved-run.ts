import { existsSync, readFileSync } from 'node:fs';
import type { Environment } from '../environment.js';

/** The result of one bench, and where it is from. */
export interface SavedResult {
  readonly environment: Environment;
  /** A fraction of the work was done: figures for a look. */
  readonly isQuick: boolean;
  readonly result: object;
}

/** The last result of each bench, by its name. They may be of different days and machines: each says so. */
export type SavedRun = Readonly<Record<string, SavedResult>>;

export const SAVED_RUN_FILE = 'benchmarks.json';

/** No results when there is no such file. Throws when it is no saved run. */
export function readSavedRun(file: string): SavedRun {
  if (!existsSync(file)) return {};
  let run: unknown;
  try {
    // A figure that is not a number is written as null.
    run = JSON.parse(readFileSync(file, 'utf8'), (_key, value: unknown) => value ?? NaN);
  } catch (error) {
    throw new Error(`${file} is no JSON: measure anew with npm run bench:report`, { cause: error });
  }
  if (typeof run !== 'object' || run === null) throw new Error(`${file} has no results by bench`);
  for (const [name, saved] of Object.entries(run as Partial<Record<string, Partial<SavedResult>>>)) {
    const isWhole = typeof saved?.result === 'object' && typeof saved.environment?.date === 'string';
    if (!isWhole) throw new Error(`${file}: "${name}" has no result or environment; measure it with --only ${name}`);
  }
  return run as SavedRun;
}
