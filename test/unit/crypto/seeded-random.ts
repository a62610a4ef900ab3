import type { RandomFill } from '../../../lib/engine/random.js';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';

/** A repeatable byte source. */
export function seededRandom(seed: number): RandomFill {
  return new SeededRandom(seed).fill;
}

/**
 * Gives out prepared bytes: each request takes the next of its length. Lengths with nothing prepared left are filled
 * with zeros.
 */
export function scriptedRandom(script: Record<number, Uint8Array[]>): RandomFill {
  return buffer => {
    const bytes = script[buffer.length]?.shift();
    if (bytes === undefined) buffer.fill(0);
    else buffer.set(bytes);
  };
}

export function bytesOf(value: number, length: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
