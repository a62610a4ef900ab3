import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REPLAY_WINDOW, ReplayWindow } from '../../../lib/engine/crypto/replay-window.js';
import { randomUint32 } from '../../../lib/engine/random.js';
import { seededRandom } from './seeded-random.js';

/** What the window should do, without any cleverness. */
class NaiveWindow {
  private readonly seen = new Set<number>();
  private highest = -1;

  check(counter: number) {
    if (counter <= this.highest - REPLAY_WINDOW) return 'too_old';
    return this.seen.has(counter) ? 'replayed' : 'fresh';
  }

  accept(counter: number) {
    this.seen.add(counter);
    this.highest = Math.max(this.highest, counter);
  }
}

const TOP = 2 ** 32 - 1;

/** The first counter on which the two differ. */
function disagreement(counters: Iterable<number>): number | undefined {
  const window = new ReplayWindow();
  const naive = new NaiveWindow();
  for (const counter of counters) {
    const verdict = window.check(counter);
    if (verdict !== naive.check(counter)) return counter;
    if (verdict !== 'fresh') continue;
    window.accept(counter);
    naive.accept(counter);
  }
  return undefined;
}

describe('the replay window', () => {
  it('takes 2,016 counters', () => {
    expect(REPLAY_WINDOW).toBe(2016);
  });

  it('takes a counter once', () => {
    const window = new ReplayWindow();
    expect(window.check(0)).toBe('fresh');
    window.accept(0);
    expect(window.check(0)).toBe('replayed');
    expect(window.check(1)).toBe('fresh');
  });

  it('takes any counter first', () => {
    for (const counter of [0, 31, 32, 2015, 2016, 123_456_789, TOP]) {
      const window = new ReplayWindow();
      window.accept(counter);
      expect(window.check(counter)).toBe('replayed');
      expect(window.highest).toBe(counter);
    }
  });

  it('is not changed by a check', () => {
    const window = new ReplayWindow();
    window.accept(10);
    for (let i = 0; i < 3; i++) expect(window.check(5)).toBe('fresh');
    expect(window.highest).toBe(10);
  });

  it('ends exactly 2,016 behind the highest', () => {
    for (const highest of [5000, 5023, 5024, 2 ** 31 + 7, TOP]) {
      const window = new ReplayWindow();
      window.accept(highest);
      expect(window.check(highest - 2015)).toBe('fresh');
      expect(window.check(highest - 2016)).toBe('too_old');
    }
  });

  it('forgets nothing when it moves by any distance', () => {
    for (const distance of [1, 31, 32, 33, 2015, 2016, 2017, 2047, 2048, 2049, 4096, 2 ** 31]) {
      const around = [99 + distance, 101 + distance, 100 + distance, distance - 1900].map(counter =>
        Math.max(0, counter),
      );
      expect(disagreement([100, 101, 100 + distance, 100, 101, ...around])).toBeUndefined();
    }
  });

  it('starts anew after a reset', () => {
    const window = new ReplayWindow();
    window.accept(70_000);
    window.reset();
    expect(window.check(70_000)).toBe('fresh');
    expect(window.check(3)).toBe('fresh');
  });

  for (const [name, start] of [
    ['from 0', 0],
    ['across 2^31', 2 ** 31 - 50_000],
    ['up to 2^32', TOP - 100_000],
  ] as const) {
    it(`equals a naive model in random order ${name}`, () => {
      const random = seededRandom(start % 1000);
      function* counters() {
        let base = start;
        for (let i = 0; i < 300_000; i++) {
          const draw = randomUint32(random);
          if (draw % 3 === 0) base = Math.min(TOP, base + ((draw >>> 8) % 2));
          if (draw % 1009 === 0) base = Math.min(TOP, base + ((draw >>> 8) % 5000));
          yield Math.min(TOP, Math.max(0, base + 40 - ((draw >>> 12) % 2200)));
        }
      }
      expect(disagreement(counters())).toBeUndefined();
    });
  }

  it('equals a naive model for arbitrary sequences', () => {
    const near = fc.integer({ min: 0, max: 6000 });
    const counter = fc.oneof(
      near,
      near.map(distance => TOP - distance),
      near.map(distance => 2 ** 31 - 3000 + distance),
    );
    fc.assert(
      fc.property(fc.array(counter, { maxLength: 300 }), counters => {
        expect(disagreement(counters)).toBeUndefined();
      }),
      { seed: 6479, numRuns: 500 },
    );
  });
});
