/** Whether a cluster of real hosts heals: see `--help`. */
import { parseArgs } from 'node:util';
import { missingRequirements } from '../bed/requirements.js';
import { type Figures, SCENARIOS } from './scenarios.js';

const HELP = `Five hosts, each a network namespace with a real process and a cable to a switch: cables are pulled, the switch is cut in
two, addresses change. Tells how long it took until all was well again. Needs Linux, root, and the commands ip and tc
(Debian package iproute2). Touches nothing outside of namespaces that it makes itself, and leaves none behind.

  npm run test:netns
  npm run --silent test:netns -- --only cable,partition --json

Scenarios:
${SCENARIOS.map(({ name, sentence }) => `  ${name.padEnd(14)}${sentence}\n`).join('')}
Options:
  --only <list>   some of the scenarios
  --json          one JSON object on stdout in place of lines; progress is on stderr
  --help

Exits with 1 when something does not hold. Where something it needs is missing, it says what, and all counts as skipped.
`;

interface Outcome {
  readonly name: string;
  readonly sentence: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  readonly figures?: Figures;
  readonly error?: string;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const only = values.only?.split(',');
  const unknown = only?.filter(name => !SCENARIOS.some(scenario => scenario.name === name)) ?? [];
  if (unknown.length > 0) {
    process.stderr.write(`There is no scenario "${unknown.join('", "')}". See --help.\n`);
    return 2;
  }
  const print = (text: string) => void (values.json ? process.stderr : process.stdout).write(`${text}\n`);
  const missing = missingRequirements(['ip', 'tc']);
  if (missing.length > 0) print(`SKIPPED: nothing was tested. What is missing:\n  ${missing.join('\n  ')}`);
  const outcomes: Outcome[] = [];
  for (const { name, sentence, run } of SCENARIOS.filter(each => only?.includes(each.name) ?? true)) {
    const outcome: Outcome = { name, sentence, ...(missing.length > 0 ? { state: 'skipped' } : await outcomeOf(run)) };
    outcomes.push(outcome);
    print(`${outcome.state}: ${sentence}${outcome.error === undefined ? '' : `\n  ${outcome.error}`}`);
  }
  print(tableOf(outcomes));
  const count = (state: Outcome['state']) => outcomes.filter(outcome => outcome.state === state).length;
  const counts = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
  if (values.json)
    process.stdout.write(`${JSON.stringify({ node: process.version, ...counts, scenarios: outcomes })}\n`);
  print(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return counts.failed > 0 ? 1 : 0;
}

async function outcomeOf(run: () => Promise<Figures>): Promise<Pick<Outcome, 'state' | 'figures' | 'error'>> {
  try {
    return { state: 'passed', figures: await run() };
  } catch (error) {
    return { state: 'failed', error: (error as Error).message };
  }
}

/** What most scenarios have; the rest goes by its names. */
const COLUMNS: readonly (readonly [figure: string, title: string])[] = [
  ['downFirstMs', 'first down'],
  ['downLastMs', 'all down'],
  ['healMs', 'healed'],
  ['reachMs', 'broadcasts'],
];
const NAME_WIDTH = 14;
const CELL_WIDTH = 14;

/** Times after the cable was pulled or plugged in, or the like, and of a broadcast from each host to all. */
function tableOf(outcomes: readonly Outcome[]): string {
  const known = COLUMNS.map(([figure]) => figure);
  const lines = outcomes.flatMap(({ name, figures }) => {
    if (figures === undefined) return [];
    const rest = Object.keys(figures).filter(figure => !known.includes(figure));
    const others = rest.map(figure => `${figure.replace(/Ms$/, '')} ${cellOf(figures, figure)}`).join(', ');
    return row(
      name,
      known.map(figure => cellOf(figures, figure)),
      others,
    );
  });
  const titles = COLUMNS.map(([, title]) => title);
  return lines.length === 0 ? '' : `\n${[row('', titles, 'other'), ...lines].join('\n')}`;
}

function row(name: string, cells: readonly string[], rest: string): string {
  return `${name.padEnd(NAME_WIDTH)}${cells.map(cell => cell.padEnd(CELL_WIDTH)).join('')}${rest}`.trimEnd();
}

function cellOf(figures: Figures, figure: string): string {
  const value = figures[figure];
  if (value === undefined) return '-';
  return figure.endsWith('Ms') ? `${value} ms` : String(value);
}

process.exitCode = await main();
