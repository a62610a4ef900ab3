/** Runs one simulation: see `--help`. */
import { HELP, parseCommandLine } from './command-line.js';
import { UsageError } from './options.js';
import { isSound } from './result.js';
import { runSimulation } from './simulation.js';
import { table } from './table.js';

/** Wall time between two lines of progress, ms. */
const PROGRESS_MS = 5_000;

function main(): number {
  const { options, isJson, isHelp } = parseCommandLine(process.argv.slice(2));
  if (isHelp) {
    process.stdout.write(HELP);
    return 0;
  }
  const startedAt = performance.now();
  let toldAt = startedAt;
  const result = runSimulation(options, {
    progress: text => {
      if (performance.now() < toldAt + PROGRESS_MS) return;
      toldAt = performance.now();
      process.stderr.write(`${((toldAt - startedAt) / 1_000).toFixed(0)} s: ${text}\n`);
    },
    onUnexplained: ({ message, node }) => {
      process.stderr.write(`missing without a reason: seed ${options.seed}, message ${message}, node ${node}\n`);
    },
  });
  process.stdout.write(isJson ? `${JSON.stringify(result, undefined, 2)}\n` : table(result));
  return isSound(result) ? 0 : 1;
}

try {
  process.exitCode = main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\nSee --help.\n`);
  process.exitCode = 2;
}
