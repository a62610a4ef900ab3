/** Runs one simulation: see `--help`. */
import { type CommandLine, HELP, parseCommandLine } from './command-line.js';
import { runMembership } from './membership/membership-simulation.js';
import { print, runProgram, teller } from './program.js';
import { isSound } from './result.js';
import { runSimulation } from './simulation.js';

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

runProgram(main);
