import type { Operation } from '../engine/operation.js';

/** How often all operations take turns. */
export interface Rounds {
  /** Before anything counts: until the code is compiled, and what fills up while it runs is full. */
  readonly warmUp: number;
  readonly timed: number;
  /** For the garbage, which is nearly the same each time. */
  readonly weighed: number;
}

/** What one process says of an operation. */
export interface Measurement {
  readonly name: string;
  /** Its time by that of its reference, once each. */
  readonly ratio: number;
  /** What it leaves to the garbage collector, heap and array buffers. */
  readonly bytes: number;
}

/**
 * Measures all operations run by run in turns, each after a run of its reference. Whatever else the machine does makes a run
 * slower and never quicker, and mostly for longer than a run takes: the least of many is that of an idle machine, and what
 * is left of the machine is the same in both.
 * Needs a young generation in which some runs have room, as a collection hides what they left.
 */
export async function measure(
  operations: readonly Operation[],
  referenceOf: (operation: Operation) => Operation,
  rounds: Rounds,
): Promise<Measurement[]> {
  const turns = operations.map(operation => ({ operation, reference: referenceOf(operation), least: [NaN, NaN] }));
  for (let round = 0; round < rounds.warmUp + rounds.timed; round++) {
    for (const turn of turns) {
      const times = [await timeOf(turn.reference), await timeOf(turn.operation)];
      if (round === rounds.warmUp) turn.least = times;
      else turn.least = turn.least.map((least, i) => Math.min(least, times[i]!));
    }
  }
  const measurements: Measurement[] = [];
  for (const { operation, least } of turns) {
    const bytes = await garbageOf(operation, rounds.weighed);
    measurements.push({ name: operation.name, ratio: least[1]! / least[0]!, bytes });
  }
  return measurements;
}

/** Time of one operation in one run, ms. */
async function timeOf(operation: Operation): Promise<number> {
  await operation.prepare?.();
  const startedAt = performance.now();
  // Awaiting takes a turn of its own, which is not the operation's where there is nothing to await.
  const running = operation.run();
  if (running !== undefined) await running;
  const took = performance.now() - startedAt;
  await operation.cleanUp?.();
  return took / operation.count;
}

/** Share of the runs with the least, and of those with the most garbage, that is left out: something was collected in them. */
const LEFT_OUT = 0.1;

/** Bytes of one operation, the mean of so many runs: what is allocated in one may be used in several. */
async function garbageOf(operation: Operation, runs: number): Promise<number> {
  const bytes: number[] = [];
  for (let run = 0; run < runs; run++) {
    await operation.prepare?.();
    const before = process.memoryUsage();
    const running = operation.run();
    if (running !== undefined) await running;
    const after = process.memoryUsage();
    bytes.push((after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / operation.count);
    await operation.cleanUp?.();
  }
  const leftOut = Math.floor(LEFT_OUT * runs);
  const counted = bytes.sort((a, b) => a - b).slice(leftOut, runs - leftOut);
  return Math.max(0, Math.round(counted.reduce((sum, each) => sum + each, 0) / counted.length));
}
