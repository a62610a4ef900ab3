import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pacer } from '../../../../lib/engine/peers/pacer.js';

describe('a token bucket', () => {
  it('lets a burst through at once', () => {
    const bucket = new Pacer(10, 1_000);
    for (let i = 0; i < 10; i++) {
      expect(bucket.readyAt(0)).toBe(0);
      bucket.take(100);
    }
    expect(bucket.readyAt(0)).toBeGreaterThan(0);
  });

  it('lets one item through that is larger than the burst, and waits the longer for the next', () => {
    const bucket = new Pacer(10, 100);
    expect(bucket.readyAt(0)).toBe(0);
    bucket.take(1_100);
    expect(bucket.readyAt(0)).toBeCloseTo(100, 0);
  });

  it('lets the next item through at the time it told', () => {
    const bucket = new Pacer(3, 100);
    bucket.readyAt(0);
    bucket.take(1_234);
    const at = bucket.readyAt(0);
    expect(bucket.readyAt(at - 1)).toBeGreaterThan(at - 1);
    expect(bucket.readyAt(at)).toBe(at);
  });

  it('saves up no more than a burst', () => {
    const bucket = new Pacer(10, 1_000);
    bucket.readyAt(0);
    bucket.readyAt(1_000_000);
    bucket.take(1_000);
    expect(bucket.readyAt(1_000_000)).toBeGreaterThan(1_000_000);
  });

  it('holds its rate over any time, but for a burst and an item', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1_500 }), { minLength: 50, maxLength: 200 }), items => {
        const bucket = new Pacer(10, 5_000);
        let now = 0;
        let sent = 0;
        for (const item of items) {
          now = bucket.readyAt(now);
          bucket.take(item);
          sent += item;
          expect(sent).toBeLessThanOrEqual(10 * now + 5_000 + 1_500);
          expect(sent).toBeGreaterThanOrEqual(10 * now - 1);
        }
      }),
      { seed: 1 },
    );
  });
});
