import type { RandomFill } from '../engine/random.js';

/**
 * A seeded source of randomness for simulations: sfc32 (Chris Doty-Humphrey, "PractRand"), fast and long enough for
 * any run. Not for keys that matter.
 */
export class SeededRandom {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: number) {
    this.a = seed | 0;
    this.b = (seed / 0x1_0000_0000) | 0;
    this.c = 0x9e3779b9 | 0;
    for (let i = 0; i < 16; i++) this.uint32();
  }

  uint32(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (this.c << 21) | (this.c >>> 11);
    this.c = (this.c + sum) | 0;
    return sum >>> 0;
  }

  /** Uniform in [0, 1). */
  unit(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** A uniform integer in [0, below). */
  below(below: number): number {
    return Math.floor(this.unit() * below);
  }

  readonly fill: RandomFill = buffer => {
    for (let i = 0; i < buffer.length; i += 4) {
      const word = this.uint32();
      for (let j = 0; j < 4 && i + j < buffer.length; j++) buffer[i + j] = word >>> (8 * j);
    }
  };

  /** An independent source, so that one user of randomness does not disturb another. */
  fork(): SeededRandom {
    return new SeededRandom(this.uint32() * 0x20_0000 + (this.uint32() >>> 11));
  }
}
