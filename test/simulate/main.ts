/** Runs one simulation: see `--help`. */
import { type CommandLine, HELP, parseCommandLine } from './command-line.js';
import { runMembership } from './membership/membership-simulation.js';
import { UsageError } from './options.js';
import { isSound } from './result.js';
import { runSimulation } from './simulation.js';
import { table } from './table.js';

/** Wall time between two lines of progress, ms. */
const PROGRESS_MS = 5_000;

function main(): number {
  const commandLine = parseCommandLine(process.argv.slice(2));
  if (commandLine.isHelp) {
    process.stdout.write(HELP);
    return 0;
  }
  return commandLine.subject === 'members' ? runAboutMembers(commandLine) : runAboutMessages(commandLine);
}

function runAboutMessages({ options, isJson }: Extract<CommandLine, { subject: 'messages' }>): number {
  const result = runSimulation(options, {
    progress: teller(),
    onUnexplained: ({ message, node }) => {
      process.stderr.write(`missing without a reason: seed ${options.seed}, message ${message}, node ${node}\n`);
    },
  });
  print(result, isJson);
  return isSound(result) ? 0 : 1;
}

function runAboutMembers({ options, isJson }: Extract<CommandLine, { subject: 'members' }>): number {
  const result = runMembership(options, { progress: teller() });
  print(result, isJson);
  return result.failures.length === 0 ? 0 : 1;
}

function print(result: object, isJson: boolean): void {
  process.stdout.write(isJson ? `${JSON.stringify(result, undefined, 2)}\n` : table(result));
}

/** Tells how far the run is, not too often. */
function teller(): (text: string) => void {
  const startedAt = performance.now();
  let toldAt = startedAt;
  return text => {
    if (performance.now() < toldAt + PROGRESS_MS) return;
    toldAt = performance.now();
    process.stderr.write(`${((toldAt - startedAt) / 1_000).toFixed(0)} s: ${text}\n`);
  };
}

try {
  process.exitCode = main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\nSee --help.\n`);
  process.exitCode = 2;
}
