import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../../lib/runtime/system-random.js';

const fill = (length: number) => {
  const buffer = new Uint8Array(length);
  systemRandom(buffer);
  return buffer;
};

describe('randomness of the system', () => {
  it('never hands out the same bytes twice, across several fetches', () => {
    const seen = new Set(Array.from({ length: 3_000 }, () => Buffer.from(fill(8)).toString('hex')));
    expect(seen.size).toBe(3_000);
  });

  it('has every bit set half of the time, whatever the lengths of the requests', () => {
    let ones = 0;
    let bits = 0;
    for (let i = 0; i < 6_000; i++) {
      for (const byte of fill(1 + (i % 9))) {
        for (let rest = byte; rest > 0; rest >>= 1) ones += rest & 1;
        bits += 8;
      }
    }
    // 240,000 bits: ten standard deviations are 1 %.
    expect(Math.abs(ones / bits - 0.5)).toBeLessThan(0.011);
  });

  it.each([32, 5_000])('fills %i bytes', length => {
    const buffer = fill(length);
    expect(buffer.filter(byte => byte === 0).length).toBeLessThan(length / 8);
  });

  it('takes an empty request', () => {
    expect(fill(0)).toHaveLength(0);
  });
});
