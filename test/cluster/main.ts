/** Nodes in processes that are killed or stand still: see `--help`. */
import { parseArgs } from 'node:util';
import type { Distribution } from '../processes/distribution.js';
import { type ClusterOptions, type ClusterResult, killAndPause } from './kill-and-pause.js';

const HELP = `Hundreds of real nodes in three processes on loopback. One process is killed and started again at the same addresses,
another one stands still (SIGSTOP) and goes on. Tells how long the rest took to notice, and how long until all see all.

  npm run test:cluster
  npm run --silent test:cluster -- --nodes 30 --pause 5 --json

Options:
  --nodes <n>                  nodes in all, a third of them in each process (300)
  --pause <s>                  for how long a process stands still (20)
  --quiet <s>                  for how long nothing happens between the steps (10)
  --heartbeat <ms>,<missed>    the option "heartbeat" of the nodes (their default)
  --json                       one JSON object on stdout in place of a table; progress is on stderr
  --help

Exits with 1 when the nodes do not agree in the end, or one was taken for dead that ran.
`;

/** Nothing may take longer, ms. */
const HANG_MS = 180_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string', default: '300' },
      pause: { type: 'string', default: '20' },
      quiet: { type: 'string', default: '10' },
      heartbeat: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [intervalMs, missed] = values.heartbeat?.split(',').map(Number) ?? [];
  const options: ClusterOptions = {
    nodes: Number(values.nodes),
    pauseMs: 1_000 * Number(values.pause),
    quietMs: 1_000 * Number(values.quiet),
    heartbeat: values.heartbeat === undefined ? undefined : { intervalMs: intervalMs!, missed: missed! },
    hangMs: HANG_MS,
  };
  if (!(options.nodes >= 6 && options.pauseMs >= 0 && options.quietMs >= 0)) {
    process.stderr.write('--nodes is a number from 6 on, --pause and --quiet are seconds. See --help.\n');
    return 2;
  }
  const result = await killAndPause(options, text => void process.stderr.write(`${text}\n`));
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : table(result));
  return result.falseDowns === 0 ? 0 : 1;
}

function table(result: ClusterResult): string {
  return Object.entries(result)
    .map(([name, value]) => `${name.padEnd(24)}${typeof value === 'number' ? value : textOf(value as Distribution)}\n`)
    .join('');
}

function textOf({ p50, p99, max }: Distribution): string {
  return `p50 ${p50}  p99 ${p99}  max ${max}`;
}

process.exitCode = await main();
