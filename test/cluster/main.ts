/** Nodes in processes that are killed or stand still: see `--help`. */
import { parseArgs } from 'node:util';
import type { Distribution } from '../processes/distribution.js';
import { Fleet } from '../processes/fleet.js';
import { runProgram, UsageError } from '../processes/program.js';
import type { ClusterFleet } from './cluster-fleet.js';
import { type ClusterOptions, type ClusterResult, killAndPause } from './kill-and-pause.js';
import { SimulatedFleet } from './simulated-fleet.js';

const HELP = `Hundreds of real nodes in three processes on loopback. One process is killed and started again at the same addresses,
another one stands still (SIGSTOP) and goes on. Tells how long the rest took to notice, and how long until all see all, beside
what the simulator has for the same: the same engines, with as many processors as they want.

  npm run test:cluster
  npm run --silent test:cluster -- --nodes 30 --pause 5 --json

Options:
  --nodes <n>                  nodes in all, a third of them in each process (300)
  --pause <s>                  for how long a process stands still (20)
  --quiet <s>                  for how long nothing happens between the steps (10)
  --heartbeat <ms>,<missed>    the option "heartbeat" of the nodes (their default)
  --seed <n>                   of the simulation (1)
  --json                       one JSON object on stdout in place of a table; progress is on stderr
  --help

Exits with 1 when not all nodes come to see all, after each step, or a broadcast does not reach all exactly once. How long it
took and who was wrongly taken for dead are figures: they depend on how much of the processor the nodes get.
`;

/** Nothing may take longer, ms. */
const HANG_MS = 240_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string', default: '300' },
      pause: { type: 'string', default: '20' },
      quiet: { type: 'string', default: '10' },
      heartbeat: { type: 'string' },
      seed: { type: 'string', default: '1' },
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
  };
  const seed = Number(values.seed);
  if (!(options.nodes >= 6 && options.pauseMs >= 0 && options.quietMs >= 0)) {
    throw new UsageError('--nodes is a number from 6 on, --pause and --quiet are seconds.');
  }
  if (!Number.isInteger(seed)) throw new UsageError('--seed is a whole number.');
  const run = (fleet: ClusterFleet) => killAndPause(fleet, options, text => void process.stderr.write(`${text}\n`));
  const real = await run(new Fleet(HANG_MS));
  process.stderr.write('the same is simulated\n');
  const comparison = { real, simulated: await run(new SimulatedFleet(HANG_MS, seed)) };
  process.stdout.write(values.json ? `${JSON.stringify(comparison)}\n` : table(comparison));
  return 0;
}

export interface ClusterComparison {
  readonly real: ClusterResult;
  readonly simulated: ClusterResult;
}

function table({ real, simulated }: ClusterComparison): string {
  const names = Object.keys(real) as (keyof ClusterResult)[];
  const rows = [['', 'real', 'simulated'], ...names.map(name => [name, textOf(real[name]), textOf(simulated[name])])];
  return rows
    .map(
      ([name, ...texts]) =>
        `${name!.padEnd(24)}${texts
          .map(text => text.padEnd(40))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}

function textOf(value: number | Distribution | undefined): string {
  if (value === undefined) return '-';
  if (typeof value === 'number') return String(value);
  return `p50 ${value.p50}  p99 ${value.p99}  max ${value.max}`;
}

await runProgram(main);
