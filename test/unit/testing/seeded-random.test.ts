import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';

const take = (random: SeededRandom, count: number) => Array.from({ length: count }, () => random.uint32());

describe('seeded randomness', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(take(new SeededRandom(7), 50)).toEqual(take(new SeededRandom(7), 50));
    expect(take(new SeededRandom(7), 50)).not.toEqual(take(new SeededRandom(8), 50));
  });

  it('depends on all 53 bits of the seed', () => {
    const seeds = [1, 1 + 2 ** 32, 1 + 2 ** 52];
    expect(new Set(seeds.map(seed => new SeededRandom(seed).uint32())).size).toBe(3);
  });

  it('is never 1, and below a number never that number', () => {
    const random = new SeededRandom(1);
    for (let i = 0; i < 10_000; i++) {
      expect(random.unit()).toBeLessThan(1);
      expect([0, 1, 2]).toContain(random.below(3));
    }
  });

  it('is spread evenly', () => {
    const random = new SeededRandom(3);
    const counts = Array.from({ length: 16 }, () => 0);
    for (let i = 0; i < 16_000; i++) counts[random.below(16)]!++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0);
    // Exceeded by one sample in about ten thousand (15 degrees of freedom).
    expect(chiSquare).toBeLessThan(44);
  });

  it('fills buffers of any length with the bytes of its words', () => {
    const expected = new Uint8Array(new Uint32Array(take(new SeededRandom(5), 3)).buffer);
    const buffer = new Uint8Array(10);
    new SeededRandom(5).fill(buffer);
    expect(buffer).toEqual(expected.slice(0, 10));
  });

  it('forks into sources that do not disturb each other', () => {
    const [one, other] = [new SeededRandom(9), new SeededRandom(9)];
    const [fork, untouched] = [one.fork(), other.fork()];
    take(fork, 100);
    expect(take(one, 10)).toEqual(take(other, 10));
    expect(take(untouched, 5)).toEqual(take(new SeededRandom(9).fork(), 5));
    expect(take(one, 5)).not.toEqual(take(untouched, 5));
  });
});
