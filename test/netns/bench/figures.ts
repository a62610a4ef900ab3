import type { QueueSample } from '../bed/queue.js';
import { round, shareOf } from '../../processes/distribution.js';
import type { Sample } from './gossip-end.js';

/** The samples from one moment to another. */
export function within(samples: readonly Sample[], fromMs: number, toMs: number): number[] {
  return samples.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).map(({ value }) => value);
}

/** Mbit/s of bytes in ms. */
export function mbits(bytes: number, ms: number): number {
  return ms > 0 ? round((bytes * 8) / ms / 1_000) : 0;
}

/**
 * Rate at which messages of one size arrive in a window, Mbit/s. The bytes of each are spread over the time since the
 * arrival before it, so that it does not matter how the window cuts a message, and a stall counts in full.
 */
export function goodputOf(arrivals: readonly Sample[], bytes: number, fromMs: number, toMs: number): number {
  let total = 0;
  let beforeMs = -Infinity;
  for (const { atMs, value } of arrivals) {
    const begunMs = Math.max(beforeMs, atMs - value);
    const insideMs = Math.min(atMs, toMs) - Math.max(begunMs, fromMs);
    if (insideMs > 0) total += (bytes * insideMs) / (atMs - begunMs);
    beforeMs = atMs;
  }
  return mbits(total, toMs - fromMs);
}

/** Share of the packets offered to the queue that it dropped. */
export function lossOf(samples: readonly QueueSample[]): number {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return 0;
  const drops = last.drops - first.drops;
  const offered = drops + last.packets - first.packets;
  return shareOf(drops, offered);
}

/** Jain's index of fairness: 1 when all have the same, 1/n when one has all. */
export function fairnessOf(rates: readonly number[]): number {
  const sum = rates.reduce((total, rate) => total + rate, 0);
  const squares = rates.reduce((total, rate) => total + rate * rate, 0);
  return shareOf(sum * sum, rates.length * squares);
}
