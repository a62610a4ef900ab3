import { describe, expect, it } from 'vitest';
import { cubicReturnMs, cubicWindow, friendlyWindow, LOSS_DECREASE } from '../../../../lib/engine/peers/contest.js';

const SEGMENT = 1_460;

describe('the window of CUBIC', () => {
  it('starts from what the loss left', () => {
    const before = 100 * SEGMENT;
    expect(cubicWindow(before, cubicReturnMs(before), 0)).toBeCloseTo(LOSS_DECREASE * before, 3);
  });

  it('is what it was after the time that RFC 9438 tells (equation 2)', () => {
    const before = 100 * SEGMENT;
    const seconds = Math.cbrt((100 * (1 - LOSS_DECREASE)) / 0.4);
    expect(cubicReturnMs(before)).toBeCloseTo(1_000 * seconds, 6);
    expect(cubicWindow(before, cubicReturnMs(before), 1_000 * seconds)).toBeCloseTo(before, 3);
  });

  it('stays near what it was, and then looks for more', () => {
    const before = 100 * SEGMENT;
    const returnMs = cubicReturnMs(before);
    const growth = (from: number, to: number) =>
      cubicWindow(before, returnMs, to * returnMs) - cubicWindow(before, returnMs, from * returnMs);
    expect(growth(0.9, 1.1)).toBeLessThan(growth(0, 0.2) / 10);
    expect(growth(1.8, 2)).toBeGreaterThan(growth(0.9, 1.1) * 10);
  });
});

describe('the window of Reno', () => {
  it('grows by 1.6 segments in each round trip', () => {
    const before = 10 * SEGMENT;
    expect(friendlyWindow(before, 0, 50)).toBeCloseTo(7 * SEGMENT, 6);
    expect(friendlyWindow(before, 150, 50)).toBeCloseTo(11.8 * SEGMENT, 6);
  });
});
