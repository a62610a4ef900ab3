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

/** The simulator as it is now, for all runs of a report, and the results that it has had. */
export function prepareSimulator<Result>(): { readonly program: string; readonly cache: RunCache<Result> } {
  const code = hashOfCode([join(compiled, 'lib'), simulator], ...WRITERS);
  const directory = join(root, 'node_modules/.cache/nestjs-gwyh-simulation');
  const copy = copySimulator(compiled, directory, code);
  return { program: join(copy, relative(compiled, simulator), 'main.js'), cache: new RunCache(directory, code) };
}

/** Writes files of a report. The directory is below the package. */
export function writeFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  return writeFilesTo(join(root, directory), files);
}

/** On what a report was made. */
export const environment = `Node ${process.versions.node}, ${process.platform} ${process.arch}`;
