/** Runs all benches and writes their report: see `--help`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '../../processes/program.js';
import { withMarkedSection } from '../../report/marked-section.js';
import { writeFiles } from '../../report/write-files.js';
import { environment } from '../environment.js';
import { endAllChildren, runWithChildren } from '../processes.js';
import { summaryText, judgeAll } from './judgement.js';
import { README_MARK } from './readme.js';
import { render } from './render.js';
import { readSavedRun, SAVED_RUN_FILE, type SavedResult, type SavedRun } from './saved-run.js';
import type { Section } from './section.js';
import { SECTIONS } from './sections.js';

const DOCUMENTS = 'docs';
const README = 'README.md';
const NAMES = SECTIONS.map(({ name }) => name).join(',');

const HELP = `Runs the benches, saves their results in docs/${SAVED_RUN_FILE}, and writes docs/BENCHMARKS.md, its plots and the
section of the README of them.

  npm run bench:report
  npm run bench:report -- --only transports,wire
  npm run bench:report -- --from docs/${SAVED_RUN_FILE}

  --only <name,...>  measures only these, and keeps the saved results of the others: ${NAMES}
  --from <file>      measures nothing, and writes the report of these results
  --quick            a fraction of the work, for a look; the report says so
  --install          peers: installs the package of the other library first
  --output <dir>     where the report goes (docs); elsewhere than there the README is left as it is
  --help

Exits with 1 when a bench failed: what it had saved before is kept then.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      from: { type: 'string' },
      quick: { type: 'boolean' },
      install: { type: 'boolean' },
      output: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const output = values.output ?? DOCUMENTS;
  const { from } = values;
  if (from !== undefined) {
    if (!existsSync(from)) throw new UsageError(`--from is ${from}, which does not exist: measure first.`);
    await write(readSavedRun(from), output);
    return 0;
  }
  const chosen = chosenSections(values.only);
  let run = readSavedRun(join(output, SAVED_RUN_FILE));
  const failed: string[] = [];
  for (const section of chosen) {
    const saved = await measure(section, values.quick === true, values.install === true ? ['--install'] : []);
    if (saved === undefined) failed.push(section.name);
    else run = { ...run, [section.name]: saved };
    // Measuring takes long: what is there is kept, whatever becomes of the rest.
    await write(run, output);
  }
  tell(summaryText(judgeAll(SECTIONS, run)));
  if (failed.length > 0) tell(`failed, and not renewed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

function chosenSections(only: string | undefined): readonly Section[] {
  if (only === undefined) return SECTIONS;
  return only.split(',').map(wanted => {
    const section = SECTIONS.find(({ name }) => name === wanted);
    if (section === undefined) throw new UsageError(`--only names "${wanted}": give some of ${NAMES}.`);
    return section;
  });
}

/** Undefined when the bench failed. */
async function measure(
  { name, bench }: Section,
  isQuick: boolean,
  args: readonly string[],
): Promise<SavedResult | undefined> {
  const startedAt = performance.now();
  const where = environment();
  const progress = (text: string) =>
    tell(`${name}, ${((performance.now() - startedAt) / 1_000).toFixed(0)} s: ${text}`);
  try {
    const result = await bench.run({ isQuick, progress, args });
    tell(`${name}:\n${bench.table(result)}`);
    return { environment: where, isQuick, result };
  } catch (error) {
    progress(`failed: ${error instanceof UsageError ? error.message : (error as Error).stack}`);
    return undefined;
  } finally {
    endAllChildren();
  }
}

async function write(run: SavedRun, output: string): Promise<void> {
  const { files, readme } = render(SECTIONS, run);
  await writeFiles(output, files);
  if (output !== DOCUMENTS) return;
  writeFileSync(README, withMarkedSection(readFileSync(README, 'utf8'), README_MARK, readme));
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

await runWithChildren(main);
