import type { RandomFill } from '../../../lib/engine/random.js';

/** A repeatable byte source: sfc32, seeded through a mixing function so that neighbouring seeds have nothing in common. */
export function seededRandom(seed: number): RandomFill {
  let mixed = seed | 0;
  const mix = () => {
    mixed = (mixed + 0x9e3779b9) | 0;
    let t = mixed ^ (mixed >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return t ^ (t >>> 15);
  };
  let [a, b, c, d] = [mix(), mix(), mix(), 1];
  const next = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return t;
  };
  for (let i = 0; i < 12; i++) next();
  return buffer => {
    for (let i = 0; i < buffer.length; i++) buffer[i] = next() >>> 16;
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
