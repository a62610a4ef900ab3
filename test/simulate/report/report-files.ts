import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFiles as writeFilesTo } from '../../report/write-files.js';
import { hashOfCode, RunCache } from './run-cache.js';
import { copySimulator } from './simulator-copy.js';

/** From `dist/simulate/test/simulate/report` to the root of the package. */
const here = dirname(fileURLToPath(import.meta.url));
const simulator = dirname(here);
const compiled = join(simulator, '../..');
const root = join(compiled, '../..');

/** What makes documents of results, and does not change them. */
const WRITERS = [here, join(simulator, 'membership/targets')];

/** What it is made of. */
const PARTS = [...['engine', 'runtime', 'testing'].map(floor => join(compiled, 'lib', floor)), simulator];

/**
 * The simulator as it is now, for all runs of a report, and the results that it has had.
 * @param results the file where these are kept. Default: one that goes with the packages.
 */
export function prepareSimulator<Result>(results?: string): {
  readonly program: string;
  readonly cache: RunCache<Result>;
} {
  const code = hashOfCode(PARTS, ...WRITERS);
  const directory = join(root, 'node_modules/.cache/nestjs-gwyh-simulation');
  const copy = copySimulator(compiled, directory, code);
  const path = results === undefined ? join(directory, 'results.jsonl') : join(root, results);
  return { program: join(copy, relative(compiled, simulator), 'main.js'), cache: new RunCache(path, code) };
}

/** Writes files of a report. The directory is below the package. */
export function writeFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  return writeFilesTo(join(root, directory), files);
}

/** On what a report was made. */
export const environment = `Node ${process.versions.node}, ${process.platform} ${process.arch}`;
