import { describe, expect, it } from 'vitest';
import { Losses, lossesExceed } from '../../../../lib/engine/peers/losses.js';
import { SeededRandom } from '../../../../lib/testing/seeded-random.js';

/** Rounds of a hundred datagrams in 100 ms, each lost with this probability. Returns how often they were too many. */
function rounds(
  losses: Losses,
  count: number,
  loss: number,
  random: SeededRandom,
  from = 0,
  hasNoQueue = true,
): number {
  let excessive = 0;
  for (let i = 0; i < count; i++) {
    let lost = 0;
    for (let j = 0; j < 100; j++) if (random.unit() < loss) lost++;
    if (losses.areExcessive({ settled: 100, lost, ms: 100 }, hasNoQueue, from + 100 * i)) excessive++;
  }
  return excessive;
}

describe('losses', () => {
  it.each([0, 0.01, 0.1, 0.3])('that the path has by itself are hardly ever too many: %d', loss => {
    const random = new SeededRandom(1);
    const losses = new Losses();
    expect(rounds(losses, 1_000, loss, random)).toBeLessThanOrEqual(4);
    expect(losses.ofPath).toBeGreaterThan(loss * 0.7 - 0.01);
    expect(losses.ofPath).toBeLessThanOrEqual(loss);
  });

  it.each([0, 0.1, 0.3])('that come on top of these are noticed within a second: %d', loss => {
    const random = new SeededRandom(2);
    const losses = new Losses();
    rounds(losses, 50, loss, random);
    expect(rounds(losses, 10, loss + 0.15, random, 5_000)).toBeGreaterThan(0);
  });

  it('while there is a queue are not the path', () => {
    const losses = new Losses();
    rounds(losses, 50, 0.3, new SeededRandom(3), 0, false);
    expect(losses.ofPath).toBe(0);
  });

  it('of few datagrams tell nothing', () => {
    const losses = new Losses();
    for (let i = 0; i < 10; i++) {
      expect(losses.areExcessive({ settled: 10, lost: 9, ms: 100 }, true, 100 * i)).toBe(false);
    }
  });
});

describe('whether losses are more than chance', () => {
  it('depends on how many datagrams there were', () => {
    expect(lossesExceed({ settled: 100, lost: 40 }, 0.3, 0)).toBe(false);
    expect(lossesExceed({ settled: 10_000, lost: 4_000 }, 0.3, 0)).toBe(true);
  });

  it('is sure at the first loss of a path that loses nothing', () => {
    expect(lossesExceed({ settled: 100, lost: 1 }, 0, 0)).toBe(true);
    expect(lossesExceed({ settled: 100, lost: 1 }, 0, 0.02)).toBe(false);
  });
});
