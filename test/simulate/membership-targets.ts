/** Does all runs about members, judges them, and writes docs/MEMBERSHIP.md: see `--help`. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { MEMBERSHIP_SCENARIOS } from './membership/options.js';
import type { MembershipResult } from './membership/result.js';
import { writeDocument } from './membership/targets/document.js';
import { argumentsOf, FULL, listRuns, type MembershipOutcome, QUICK } from './membership/targets/runs.js';
import { listTargets } from './membership/targets/targets.js';
import { environment, prepareSimulator, writeFiles } from './report/report-files.js';
import { runAll } from './report/run-pool.js';
import { judge } from './report/targets.js';
import { tell, tellVerdict } from './report/verdict.js';

const HELP = `Runs all simulations about members, judges them, and writes docs/MEMBERSHIP.md.

  npm run simulate:membership -- [--quick] [--seeds 5] [--parallel 2] [--output docs] [--only detection] [--results <file>]

  --quick            a small version: fewer nodes, deaths, hours and seeds, some minutes
  --seeds <n>        seeds of each run (${FULL.seeds}, or ${QUICK.seeds})
  --parallel <n>     runs at a time (2, or 1 on one processor), the cheapest first
  --output <dir>     where the document goes (docs)
  --only <scenario>  only the runs and targets of this scenario, and no document: ${MEMBERSHIP_SCENARIOS.join(', ')}

  --results <file>   where the results of runs that are done are kept (a file in node_modules/.cache)

Runs that are done are not done again until the code changes: what was interrupted goes on where it was.
Exits with 1 when a target is missed.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean' },
      seeds: { type: 'string' },
      parallel: { type: 'string' },
      output: { type: 'string' },
      only: { type: 'string' },
      results: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const parallel = wholeFrom1('parallel', values.parallel, Math.min(2, availableParallelism()));
  const wanted = values.quick === true ? QUICK : FULL;
  const size = { ...wanted, seeds: wholeFrom1('seeds', values.seeds, wanted.seeds) };
  const runs = listRuns(size).filter(({ scenario }) => values.only === undefined || scenario === values.only);
  if (runs.length === 0) throw new Error(`--only: there is no scenario "${values.only}"`);
  const { program, cache } = prepareSimulator<MembershipResult>(values.results);
  const outcomes = await runAll(runs, {
    program,
    argumentsOf,
    cache,
    parallel,
    largeRuns: 'last',
    onDone: progressOf(runs.length),
  });
  const judgements = listTargets(size)
    .filter(({ selects }) => values.only === undefined || runs.some(selects))
    .map(target => judge(target, outcomes));
  if (values.only === undefined) {
    const document = writeDocument({ size, outcomes, judgements, environment });
    await writeFiles(values.output ?? 'docs', { 'MEMBERSHIP.md': document });
  }
  tellVerdict(judgements);
  return judgements.every(({ isMet }) => isMet) ? 0 : 1;
}

function wholeFrom1(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`--${name} takes a whole number from 1`);
}

function progressOf(total: number): (outcome: MembershipOutcome, seconds: number, complaint: string) => void {
  let done = 0;
  return ({ run, result }, seconds, complaint) => {
    const verdict = result === undefined ? 'no result' : result.failures.join('; ') || 'sound';
    const options = argumentsOf(run).slice(1, -1).join(' ');
    tell(`${++done} of at most ${total}: ${options}: ${verdict}, ${seconds.toFixed(0)} s`);
    if (result === undefined) tell(complaint);
  };
}

process.exitCode = await main();
