/** Runs one bench: see `--help`. */
import { parseArgs } from 'node:util';
import type { Bench } from './bench.js';
import { environment } from './environment.js';
import { runWithChildren } from './processes.js';
import { engine } from './engine/engine.js';
import { guard } from './guard/guard.js';
import { peers } from './peers/peers.js';
import { scale } from './scale/scale.js';
import { transports } from './transports/transports.js';
import { wire } from './wire/wire.js';

const BENCHES = { transports, wire, engine, scale, peers, guard } as unknown as Record<string, Bench>;

const HELP = `Measures, side by side on this machine, and says on what.

  npm run bench -- transports
  npm run --silent bench -- transports --json --quick > transports.json

Benches:
${Object.entries(BENCHES)
  .map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`)
  .join('\n')}

Options:
  --json                one JSON object on stdout in place of a table; progress is on stderr
  --quick               a fraction of the work: figures for a look, too noisy to be cited
  --listeners <n,...>   transports: numbers of listeners (1,3,8)
  --only <name,...>     transports: which (all)
  --nodes <n,...>       scale: numbers of nodes (10,100,1000); peers: one number (20)
  --install             peers: install the package of the other library first
  --update              guard: writes the baseline of this Node.js and processor anew
  --slow <name=percent> guard: extra work for an operation, to see it fail
  --help
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    strict: false,
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  const [name = ''] = positionals;
  const bench = BENCHES[name];
  if (bench === undefined || values['help'] === true) {
    process.stdout.write(HELP);
    return values['help'] === true ? 0 : 2;
  }
  const startedAt = performance.now();
  const result = await bench.run({
    isQuick: values['quick'] === true,
    progress: text => process.stderr.write(`${((performance.now() - startedAt) / 1_000).toFixed(0)} s: ${text}\n`),
    args: process.argv.slice(2),
  });
  const where = environment();
  if (values['json'] === true)
    process.stdout.write(`${JSON.stringify({ bench: name, environment: where, ...result })}\n`);
  else {
    process.stdout.write(`${Object.values(where).join(', ')}\n\n${bench.table(result)}`);
  }
  return bench.isFailed?.(result) === true ? 1 : 0;
}

await runWithChildren(main);
