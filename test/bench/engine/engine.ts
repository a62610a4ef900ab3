import type { Bench, BenchOptions } from '../bench.js';
import { Worker } from '../processes.js';
import { textTable } from '../text-table.js';
import type { Allocation } from './allocation.js';
import type { TimeShares } from './profile.js';

export interface OperationFigures extends Allocation {
  readonly name: string;
  readonly what: string;
  /** Median, and the least that was seen: on a busy machine the first is of the others as well. */
  readonly ns: number;
  readonly leastNs: number;
}

export interface EngineResult {
  readonly operations: readonly OperationFigures[];
  /** Where the time of the two paths goes. The preparations for each run are in it: emitting, of the receive path. */
  readonly profile: Readonly<Record<string, TimeShares>>;
}

export const engine: Bench<EngineResult> = {
  summary: 'ns and garbage of one operation, without sockets, and where the time goes',
  run,
  table,
};

async function run({ isQuick }: BenchOptions): Promise<EngineResult> {
  const execArgv = ['--expose-gc', '--max-semi-space-size=64'];
  const [worker] = await Worker.start(new URL('./worker.js', import.meta.url), [], { execArgv });
  const result = await worker.ask<EngineResult>({ isQuick });
  await worker.end();
  return result;
}

function table({ operations, profile }: EngineResult): string {
  const rows = operations.map(({ name, ns, leastNs, heapBytes, bufferBytes, what }) =>
    [name, ns, leastNs, heapBytes, bufferBytes, what].map(String),
  );
  const lines = [textTable(['', 'ns', 'least ns', 'heap bytes', 'buffer bytes', 'what'], rows)];
  for (const [name, shares] of Object.entries(profile)) {
    const parts = Object.entries(shares).map(([part, share]) => `${part} ${(100 * share).toFixed(1)} %`);
    lines.push(`\n${name}: ${parts.join(', ')}\n`);
  }
  return lines.join('');
}
