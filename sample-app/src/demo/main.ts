import { readCommandLine, USAGE } from './command-line.js';
import { runDemo } from './run-demo.js';

const command = readCommandLine(process.argv.slice(2));
if ('mistake' in command) {
  console.error(`${command.mistake}\n\n${USAGE}`);
  process.exitCode = 2;
} else if (command.run === 'help') {
  console.log(USAGE);
} else {
  process.exitCode = await runDemo(command.run);
}
