import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CATCH_UP_MS, Pacer } from '../../../../lib/engine/peers/pacer.js';

const sentAfter = (lateMs: number) => {
  const pacer = new Pacer(10, 20);
  pacer.readyAt(0);
  pacer.take(20);
  let now = pacer.readyAt(0) + lateMs;
  let sent = 0;
  for (; pacer.readyAt(now) <= now; now += 0.01, sent += 10) pacer.take(10);
  return sent;
};

describe('a pacer', () => {
  it('lets a burst through at once', () => {
    const pacer = new Pacer(10, 1_000);
    for (let i = 0; i < 10; i++) {
      expect(pacer.readyAt(0)).toBe(0);
      pacer.take(100);
    }
    expect(pacer.readyAt(0)).toBeGreaterThan(0);
  });

  it('lets one item through that is larger than the burst, and waits the longer for the next', () => {
    const pacer = new Pacer(10, 100);
    expect(pacer.readyAt(0)).toBe(0);
    pacer.take(1_100);
    expect(pacer.readyAt(0)).toBeCloseTo(100, 0);
  });

  it('lets the next item through at the time it told', () => {
    const pacer = new Pacer(3, 100);
    pacer.readyAt(0);
    pacer.take(1_234);
    const at = pacer.readyAt(0);
    expect(pacer.readyAt(at - 1)).toBeGreaterThan(at - 1);
    expect(pacer.readyAt(at)).toBe(at);
  });

  it('saves up no more than a burst', () => {
    const pacer = new Pacer(10, 1_000);
    pacer.readyAt(0);
    pacer.readyAt(1_000_000);
    pacer.take(1_000);
    expect(pacer.readyAt(1_000_000)).toBeGreaterThan(1_000_000);
  });

  it('makes up for being asked late while something waited, within bounds', () => {
    expect(sentAfter(0)).toBeLessThanOrEqual(20);
    expect(sentAfter(5)).toBeGreaterThanOrEqual(50);
    expect(sentAfter(1_000)).toBeLessThanOrEqual(10 * CATCH_UP_MS + 20);
  });

  it('makes up for nothing when nothing waited', () => {
    const pacer = new Pacer(10, 20);
    pacer.readyAt(0);
    pacer.take(10);
    expect(pacer.readyAt(1_000)).toBe(1_000);
    pacer.take(20);
    expect(pacer.readyAt(1_000)).toBeGreaterThan(1_000);
  });

  it('holds its rate over any time, but for a burst and an item', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1_500 }), { minLength: 50, maxLength: 200 }), items => {
        const pacer = new Pacer(10, 5_000);
        let now = 0;
        let sent = 0;
        for (const item of items) {
          now = pacer.readyAt(now);
          pacer.take(item);
          sent += item;
          expect(sent).toBeLessThanOrEqual(10 * now + 5_000 + 1_500);
          expect(sent).toBeGreaterThanOrEqual(10 * now - 1);
        }
      }),
      { seed: 1 },
    );
  });
});
