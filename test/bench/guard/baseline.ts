import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { formatted } from '../../report/write-files.js';
import type { Figures } from './comparison.js';
import type { Measurement } from './measure.js';

/** From the root of the package, where benches run. */
const FILE = 'test/bench/guard/baseline.json';

const CPU_INFO = '/proc/cpuinfo';

/** What the operations took where and when the baseline was written. */
export interface Baseline {
  readonly date: string;
  readonly node: string;
  readonly processor: string;
  readonly operations: Readonly<Record<string, Figures>>;
}

/** By the platform: another compiler of JavaScript, or another set of instructions, makes other figures. */
type Baselines = Readonly<Record<string, Baseline>>;

export function platform(): string {
  return `node${process.versions.node.split('.')[0]}-${process.arch}`;
}

/** Its name and, as hosts of virtual machines tell no more than a family's, the numbers of its kind where Linux has them. */
export function processor(): string {
  const name = cpus()[0]?.model.trim() ?? 'unknown';
  if (!existsSync(CPU_INFO)) return name;
  const info = readFileSync(CPU_INFO, 'utf8');
  const numbers = ['cpu family', 'model', 'stepping'].map(key => new RegExp(`^${key}\\s*: (.*)$`, 'm').exec(info)?.[1]);
  return [name, ...numbers.filter(number => number !== undefined)].join(' ');
}

/** The baseline of this platform; undefined when there is none. */
export function readBaseline(): Baseline | undefined {
  return read()[platform()];
}

/** Writes the baseline of this platform, and leaves those of others as they are. */
export async function writeBaseline(measurements: readonly Measurement[]): Promise<void> {
  const operations = measurements.map(({ name, ratio, bytes }) => [
    name,
    { ratio: Number(ratio.toPrecision(4)), bytes },
  ]);
  const baseline: Baseline = {
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    processor: processor(),
    operations: Object.fromEntries(operations) as Record<string, Figures>,
  };
  writeFileSync(FILE, await formatted(FILE, JSON.stringify({ ...read(), [platform()]: baseline })));
}

function read(): Baselines {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Baselines;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Error(`${FILE} is no JSON: write it anew with --update`, { cause: error });
  }
}
