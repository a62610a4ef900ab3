import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../lib/testing/seeded-random.js';
import { Delay, DELAY_WINDOW_MS } from '../../../../lib/engine/peers/delay.js';

/** By how much the clock of the other end is ahead, ms. */
const AHEAD_MS = 1e6;

const sample = (delay: Delay, ms: number, now: number, excessMs = 0) =>
  delay.sample(ms + AHEAD_MS, excessMs, true, now);

describe('the queue told from delays', () => {
  it('is what a delay has more than the least one, whatever the clocks say', () => {
    const delay = new Delay();
    expect([20, 25, 60, 20].map((ms, i) => sample(delay, ms, i))).toEqual([0, 5, 40, 0]);
  });

  it('is known at the first delay if the round trip is longer than it can be', () => {
    const delay = new Delay();
    expect(sample(delay, 50, 0, 30)).toBe(30);
    expect(sample(delay, 22, 1)).toBe(2);
  });

  it('is nothing again when the path has been longer for some time', () => {
    const delay = new Delay();
    sample(delay, 20, 0);
    expect(sample(delay, 50, 1)).toBe(30);
    for (let now = 0; now <= 3 * DELAY_WINDOW_MS; now += 1_000) sample(delay, 50, now);
    expect(sample(delay, 50, 3 * DELAY_WINDOW_MS + 1)).toBe(0);
  });
});

describe('the noise of delays', () => {
  it('is not known at first', () => {
    const delay = new Delay();
    for (let i = 0; i < 5; i++) sample(delay, 20, i);
    expect(delay.isNoiseKnown).toBe(false);
    for (let i = 5; i < 20; i++) sample(delay, 20, i);
    expect(delay.isNoiseKnown).toBe(true);
    expect(delay.noiseMs).toBe(0);
  });

  it('is about their deviation', () => {
    const delay = new Delay();
    const random = new SeededRandom(1);
    // Uniform in 10 ms: a deviation of 2.9 ms.
    for (let i = 0; i < 500; i++) sample(delay, 20 + 10 * random.unit(), i);
    expect(delay.noiseMs).toBeGreaterThan(1.5);
    expect(delay.noiseMs).toBeLessThan(6);
  });

  it('is not raised by a queue that grows or drains evenly', () => {
    const delay = new Delay();
    for (let i = 0; i < 100; i++) sample(delay, 20 + Math.abs(50 - i), i);
    expect(delay.noiseMs).toBeLessThan(0.2);
  });
});
