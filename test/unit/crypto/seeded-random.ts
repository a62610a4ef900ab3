import type { RandomFill } from '../../../lib/engine/random.js';

/** A repeatable byte source (xorshift128). */
export function seededRandom(seed: number): RandomFill {
  let [a, b, c, d] = [seed ^ 0x9e3779b9, seed + 0x7f4a7c15, 0x94d049bb, 0x2545f491];
  const next = () => {
    const t = a ^ (a << 11);
    a = b;
    b = c;
    c = d;
    d = d ^ (d >>> 19) ^ t ^ (t >>> 8);
    return d;
  };
  for (let i = 0; i < 16; i++) next();
  return buffer => {
    for (let i = 0; i < buffer.length; i++) buffer[i] = next() >>> 11;
  };
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
