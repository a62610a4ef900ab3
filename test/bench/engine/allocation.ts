import type { Operation } from './operation.js';

/** Runs that are looked at; the median counts, as now and then the runtime itself allocates. */
const RUNS = 21;

/** What one operation leaves to the garbage collector, bytes. */
export interface Allocation {
  /** In the heap: what the collector has to walk over. */
  readonly heapBytes: number;
  /** In array buffers, which it only frees. */
  readonly bufferBytes: number;
}

/** Needs `--expose-gc`, and a young generation large enough that nothing is collected during a run. */
export async function allocationOf(operation: Operation): Promise<Allocation> {
  const { count } = operation;
  const heap: number[] = [];
  const buffers: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    await operation.prepare?.();
    globalThis.gc!();
    const before = process.memoryUsage();
    await operation.run();
    const after = process.memoryUsage();
    heap.push((after.heapUsed - before.heapUsed) / count);
    buffers.push((after.arrayBuffers - before.arrayBuffers) / count);
    await operation.cleanUp?.();
  }
  return { heapBytes: middle(heap), bufferBytes: middle(buffers) };
}

function middle(values: number[]): number {
  return Math.max(0, Math.round(values.sort((a, b) => a - b)[values.length >> 1]!));
}
