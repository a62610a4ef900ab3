import type { Operation } from './operation.js';

/**
 * Runs that are looked at, and how many of the least and of the most are left out: now and then the runtime itself allocates.
 * Of the others the mean counts, as a slab is allocated in one run and used in several.
 */
const RUNS = 60;
const LEFT_OUT = 6;

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
  return { heapBytes: mean(heap), bufferBytes: mean(buffers) };
}

function mean(values: number[]): number {
  const counted = values.sort((a, b) => a - b).slice(LEFT_OUT, -LEFT_OUT);
  return Math.max(0, Math.round(counted.reduce((sum, value) => sum + value, 0) / counted.length));
}
