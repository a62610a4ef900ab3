/** Does all runs of the report and writes it: see `--help`. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isSound, type SimulationResult } from '../result.js';
import { writeDocument } from './document.js';
import { drawPlots } from './plots.js';
import { environment, prepareSimulator, writeFiles } from './report-files.js';
import { runAll } from './run-pool.js';
import { argumentsOf, FULL, listRuns, QUICK, type Run, type SimulationOutcome } from './runs.js';
import { judge, listTargets } from './targets.js';
import { percentText } from '../../report/texts.js';
import { tell, tellVerdict } from './verdict.js';

const HELP = `Runs all simulations of the report, and writes docs/SIMULATION.md and its plots.

  npm run simulate:report -- [--quick] [--parallel 2] [--output docs] [--only busy]

  --quick         a small version: fewer nodes and seeds, some minutes
  --parallel <n>  runs at a time (2, or 1 on one processor); of large clusters one at a time
  --output <dir>  where the report goes (docs)
  --only <part>   only this part's runs, to fill the cache, and no report: busy, baseline, quiet, many-origins, large, kill, growth

Runs that are done are kept in node_modules/.cache, until the code changes: an interrupted report goes on where it was.
Exits with 1 when a run failed: a message was missing without a reason, or reached a handler twice, or there was no result.
`;

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
  const { program, cache } = prepareSimulator<SimulationResult>();
  const outcomes = await runAll(runs, {
    program,
    argumentsOf,
    cache,
    parallel,
    largeRuns: 'first',
    onDone: progressOf(runs.length),
  });
  const failed = outcomes.filter(({ result }) => result === undefined || !isSound(result));
  if (values.only === undefined) {
    const judgements = listTargets(size).map(target => judge(target, outcomes));
    const plots = drawPlots(outcomes, size);
    const document = writeDocument({ size, outcomes, judgements, plots, environment });
    const drawings = Object.fromEntries(plots.map(({ file, svg }) => [file, svg]));
    await writeFiles(values.output ?? 'docs', { 'SIMULATION.md': document, ...drawings });
    tellVerdict(judgements);
  }
  for (const { run } of failed) tell(`failed: ${describe(run)}`);
  return failed.length === 0 ? 0 : 1;
}

function progressOf(total: number): (outcome: SimulationOutcome, seconds: number, complaint: string) => void {
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

process.exitCode = await main();
