/** Nodes in processes that are killed or stand still: see `--help`. */
import { parseArgs } from 'node:util';
import { type Distribution, median } from '../processes/distribution.js';
import { Fleet } from '../processes/fleet.js';
import { runProgram, UsageError } from '../processes/program.js';
import type { ClusterFleet } from './cluster-fleet.js';
import { type ClusterOptions, type ClusterResult, killAndPause } from './kill-and-pause.js';
import { SimulatedFleet } from './simulated-fleet.js';

const HELP = `Hundreds of real nodes in three processes on loopback. One process is killed and started again at the same addresses,
another one stands still (SIGSTOP) and goes on. Tells how long the rest took to notice, and how long until all see all, beside
what the simulator has for the same engines: once with a processor for each process, which takes for each datagram what the real
ones took, and once without any waiting.

  npm run test:cluster
  npm run --silent test:cluster -- --nodes 30 --pause 5 --json

Options:
  --nodes <n>                  nodes in all, a third of them in each process (300)
  --pause <s>                  for how long a process stands still (20)
  --quiet <s>                  for how long nothing happens between the steps (10)
  --heartbeat <ms>,<missed>    the option "heartbeat" of the nodes (their default)
  --runs <n>                   of each kind; the table then has medians, and in brackets the least and the most (1)
  --seed <n>                   of the first simulation, later ones have the next (1)
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
      runs: { type: 'string', default: '1' },
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
  const [firstSeed, runs] = [Number(values.seed), Number(values.runs)];
  if (!(options.nodes >= 6 && options.pauseMs >= 0 && options.quietMs >= 0)) {
    throw new UsageError('--nodes is a number from 6 on, --pause and --quiet are seconds.');
  }
  if (!Number.isInteger(firstSeed)) throw new UsageError('--seed is a whole number.');
  if (!(Number.isInteger(runs) && runs >= 1)) throw new UsageError('--runs is a whole number from 1 on.');
  const comparison = await compare(options, runs, firstSeed);
  process.stdout.write(values.json ? `${JSON.stringify(comparison)}\n` : table(comparison));
  return 0;
}

/** The same script on real processes and on simulated ones: a result for each run. */
export interface ClusterComparison {
  readonly real: readonly ClusterResult[];
  /** Each process with one processor, which takes for a datagram what those of the first real run took. */
  readonly oneProcessorEach: readonly ClusterResult[];
  /** With as many processors as they want. */
  readonly noWaiting: readonly ClusterResult[];
}

async function compare(options: ClusterOptions, runs: number, firstSeed: number): Promise<ClusterComparison> {
  const repeat = async (name: string, fleetOf: (seed: number) => ClusterFleet) => {
    const results = [];
    for (let i = 0; i < runs; i++) {
      tell(`${name}, run ${i + 1} of ${runs}`);
      results.push(await killAndPause(fleetOf(firstSeed + i), options, tell));
    }
    return results;
  };
  const real = await repeat('real', () => new Fleet(HANG_MS));
  const datagramMs = real[0]!.datagramMs!;
  return {
    real,
    oneProcessorEach: await repeat('one processor each', seed => new SimulatedFleet(HANG_MS, seed, datagramMs)),
    noWaiting: await repeat('no waiting', seed => new SimulatedFleet(HANG_MS, seed, 0)),
  };
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

function table({ real, oneProcessorEach, noWaiting }: ClusterComparison): string {
  const figures = [real, oneProcessorEach, noWaiting].map(results => results.map(figuresOf));
  const rows = [
    ['', 'real', 'simulated, one processor each', 'simulated, no waiting'],
    ...Object.keys(figures[0]![0]!).map(name => [name, ...figures.map(each => textOf(each.map(one => one[name])))]),
  ];
  return rows
    .map(
      cells =>
        `${cells
          .map((cell, i) => cell.padEnd(i === 0 ? 20 : 32))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}

/** Distributions become a figure each for median, p99 and maximum. */
function figuresOf(result: ClusterResult): Record<string, number | undefined> {
  const entries = Object.entries(result) as [string, number | Distribution | undefined][];
  return Object.fromEntries(
    entries.flatMap(([name, value]) =>
      typeof value === 'object'
        ? Object.entries(value).map(([point, ms]) => [`${name} ${point}`, ms])
        : [[name, value]],
    ),
  );
}

function textOf(values: readonly (number | undefined)[]): string {
  const known = values.filter(value => value !== undefined);
  if (known.length === 0) return '-';
  const [least, middle, most] = [Math.min(...known), median(known), Math.max(...known)].map(value =>
    Number(value.toPrecision(4)),
  );
  return known.length === 1 ? String(middle) : `${middle} (${least} to ${most})`;
}

await runProgram(main);
