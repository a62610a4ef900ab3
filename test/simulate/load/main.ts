/** Runs one simulation of a cluster under load: see `--help`. */
import { parseArgs } from 'node:util';
import { replaceCipher } from '../null-cipher.js';
import { UsageError } from '../options.js';
import { print, runProgram, teller } from '../program.js';
import { runSlowLinks, SLOW_LINKS_DEFAULTS, type SlowLinksResult } from './slow-links.js';
import { runSoak, SOAK_DEFAULTS, type SoakResult } from './soak.js';

const HELP = `Simulates a cluster under load, in virtual time.

  npm run simulate:load -- --scenario slow-links --nodes 100 --seconds 20 --seed 1 --json

Scenarios:
  slow-links     lines from 1 Mbit/s to 1 Gbit/s, and one origin that offers ten times what the slowest takes
  soak           hours in which anything happens; then all is quiet, and nothing may be left of it

Options:
  --nodes <n>    nodes (${SLOW_LINKS_DEFAULTS.nodes}; ${SOAK_DEFAULTS.nodes} of "soak")
  --seconds <s>  of load, in "slow-links" (${SLOW_LINKS_DEFAULTS.seconds})
  --hours <h>    virtual hours of "soak" (${SOAK_DEFAULTS.hours})
  --seed <n>     same seed, same run (1)
  --json         one JSON object in place of a table
  --help

Exits with 1 when somebody was taken for dead, when a fast node missed a message, when one is missing that no counter knows,
or when something is left in the end.
`;

function main(): number {
  const { values } = parseArgs({
    options: {
      scenario: { type: 'string' },
      nodes: { type: 'string' },
      seconds: { type: 'string' },
      hours: { type: 'string' },
      seed: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  replaceCipher();
  const seed = numberOf('seed', values.seed, 1);
  if (values.scenario === 'slow-links') {
    const result = runSlowLinks({
      seed,
      nodes: numberOf('nodes', values.nodes, SLOW_LINKS_DEFAULTS.nodes),
      seconds: numberOf('seconds', values.seconds, SLOW_LINKS_DEFAULTS.seconds),
    });
    return finish(result, isFair(result), values.json === true);
  }
  if (values.scenario === 'soak') {
    const nodes = numberOf('nodes', values.nodes, SOAK_DEFAULTS.nodes);
    const hours = numberOf('hours', values.hours, SOAK_DEFAULTS.hours);
    const result = runSoak({ seed, nodes, hours }, teller());
    return finish(result, isClean(result), values.json === true);
  }
  throw new UsageError('--scenario takes one of: slow-links, soak');
}

/** Fast lines carry what is offered and what they pass on: theirs is at least four times the load. */
function isFair({ classes, uncounted, falseDowns, offeredMbits }: SlowLinksResult): boolean {
  const fast = classes.filter(({ fromMbits }) => fromMbits >= 4 * offeredMbits);
  return falseDowns === 0 && uncounted === 0 && fast.every(({ worstDelivered }) => worstDelivered === 1);
}

function isClean({ isWhole, duplicates, left }: SoakResult): boolean {
  return isWhole && duplicates === 0 && left.length === 0;
}

function finish(result: object, isSound: boolean, isJson: boolean): number {
  print(result, isJson);
  return isSound ? 0 : 1;
}

function numberOf(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (value > 0 && value < Infinity) return value;
  throw new UsageError(`--${name} takes a number above 0`);
}

runProgram(main);
