import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { format, resolveConfig } from 'prettier';
import type { Figures } from './comparison.js';
import type { Measurement } from './measure.js';

/** From the root of the package, where benches run. */
const FILE = 'test/bench/guard/baseline.json';

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

export function processor(): string {
  return cpus()[0]?.model.trim() ?? 'unknown';
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
  const text = JSON.stringify({ ...read(), [platform()]: baseline });
  writeFileSync(FILE, await format(text, { ...(await resolveConfig(FILE)), parser: 'json' }));
}

function read(): Baselines {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Baselines;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Error(`${FILE} is no JSON: write it anew with --update`, { cause: error });
  }
}
