/** Does all runs of the report and writes it: see `--help`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { isSound } from '../result.js';
import { writeDocument } from './document.js';
import { drawPlots } from './plots.js';
import { hashOfCode, RunCache } from './run-cache.js';
import { runAll } from './run-pool.js';
import { copySimulator } from './simulator-copy.js';
import { FULL, listRuns, type Outcome, QUICK, type Run } from './runs.js';
import { judge, listTargets } from './targets.js';
import { numberText, percentText } from './texts.js';

const HELP = `Runs all simulations of the report, and writes docs/SIMULATION.md and its plots.

  npm run simulate:report -- [--quick] [--parallel 2] [--output docs] [--only busy]

  --quick         a small version: fewer nodes and seeds, some minutes
  --parallel <n>  runs at a time (2, or 1 on one processor); of large clusters one at a time
  --output <dir>  where the report goes (docs)
  --only <part>   only this part's runs, to fill the cache, and no report: busy, baseline, quiet, many-origins, large, kill, growth

Runs that are done are kept in node_modules/.cache, until the code changes: an interrupted report goes on where it was.
Exits with 1 when a run failed: a message was missing without a reason, or reached a handler twice, or there was no result.
`;

/** From `dist/simulate/test/simulate/report` to the root of the package. */
const here = dirname(fileURLToPath(import.meta.url));
const simulator = dirname(here);
const compiled = join(simulator, '../..');
const root = join(compiled, '../..');

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean' },
      parallel: { type: 'string' },
      output: { type: 'string' },
      only: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const parallel = Number(values.parallel ?? Math.min(2, availableParallelism()));
  if (!Number.isInteger(parallel) || parallel < 1) throw new Error('--parallel takes a whole number from 1');
  const size = values.quick === true ? QUICK : FULL;
  const runs = listRuns(size).filter(({ part }) => values.only === undefined || part === values.only);
  if (runs.length === 0) throw new Error(`--only: there is no part "${values.only}"`);
  const code = hashOfCode([join(compiled, 'lib'), simulator], here);
  const directory = join(root, 'node_modules/.cache/nestjs-gwyh-simulation');
  const cache = new RunCache(directory, code);
  const outcomes = await runAll(runs, {
    program: join(copySimulator(compiled, directory, code), relative(compiled, simulator), 'main.js'),
    cache,
    parallel,
    onDone: progressOf(runs.length),
  });
  const failed = outcomes.filter(({ result }) => result === undefined || !isSound(result));
  if (values.only === undefined) {
    const judgements = listTargets(size).map(target => judge(target, outcomes));
    const plots = drawPlots(outcomes, size);
    const environment = `Node ${process.versions.node}, ${process.platform} ${process.arch}`;
    const output = join(root, values.output ?? 'docs');
    mkdirSync(output, { recursive: true });
    const file = join(output, 'SIMULATION.md');
    const style = await resolveConfig(join(root, 'package.json'));
    const document = writeDocument({ size, outcomes, judgements, plots, environment });
    writeFileSync(file, await format(document, { ...style, parser: 'markdown' }));
    for (const plot of plots) writeFileSync(join(output, plot.file), plot.svg);
    for (const { target, measured, isMet } of judgements) {
      if (isMet) continue;
      const wanted = `${target.bound} ${target.limit}`;
      tell(`missed: ${target.item}, ${target.conditions}, ${target.figure}: ${numberText(measured)}, not ${wanted}`);
    }
    tell(`${judgements.filter(({ isMet }) => isMet).length} of ${judgements.length} targets are met`);
  }
  for (const { run } of failed) tell(`failed: ${describe(run)}`);
  return failed.length === 0 ? 0 : 1;
}

function progressOf(total: number): (outcome: Outcome, seconds: number, complaint: string) => void {
  let done = 0;
  return ({ run, result }, seconds, complaint) => {
    const figures =
      result === undefined
        ? 'no result'
        : `p50 ${result.stretch.p50}x, p99 ${result.stretch.p99}x, ${result.copiesPerNode} copies, ` +
          `${percentText(result.delivered)} delivered`;
    tell(`${++done} of at most ${total}: ${describe(run)}: ${figures}, ${seconds.toFixed(0)} s`);
    if (complaint !== '') tell(complaint);
  };
}

function describe({ part, nodes, strategy, baseline, loss, seed, payloadBytes, killShare }: Run): string {
  const details = [
    payloadBytes === undefined ? [] : `${payloadBytes} B`,
    killShare === undefined ? [] : `${percentText(killShare)} killed`,
  ].flat();
  return [part, `${nodes} nodes`, baseline ?? strategy, `${percentText(loss)} loss`, `seed ${seed}`, ...details].join(
    ', ',
  );
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

process.exitCode = await main();
