import { beforeEach, describe, expect, it } from 'vitest';
import {
  LEAST_WINDOW_SHARE,
  Overload,
  OVERLOAD_MS,
  WINDOW_CUT,
  WINDOW_DOUBLING_MS,
} from '../../../../lib/engine/peers/overload.js';

let overload: Overload;

beforeEach(() => {
  overload = new Overload();
});

describe('a node that keeps up', () => {
  it('offers all the room it has, however much it has to do', () => {
    for (let now = 0; now < 10_000; now++) overload.waited(OVERLOAD_MS - 1, now);
    expect(overload.windowShare(10_000)).toBe(1);
    expect(overload.cuts).toBe(0);
  });
});

describe('a node that is behind', () => {
  it('offers less by as much as it is behind', () => {
    overload.waited(OVERLOAD_MS * 1.25, 1_000);
    expect(overload.windowShare(1_000)).toBe(0.8);
  });

  it('takes back no more than a half at a time', () => {
    overload.waited(10_000, 100_000);
    expect(overload.windowShare(100_000)).toBe(WINDOW_CUT);
  });

  it('waits until the last cut can show', () => {
    for (let now = 1_000; now < 1_100; now++) overload.waited(100, now);
    expect(overload.windowShare(1_099)).toBe(WINDOW_CUT);
    overload.waited(100, 1_100);
    expect(overload.windowShare(1_100)).toBeLessThan(WINDOW_CUT);
    expect(overload.cuts).toBe(2);
  });

  it('keeps a little all the same', () => {
    for (let now = 0; now < 10_000; now += 100) overload.waited(100, now);
    expect(overload.windowShare(9_900)).toBe(LEAST_WINDOW_SHARE);
  });

  it('does not take more again as long as it is behind', () => {
    overload.waited(1_000, 1_000);
    for (let now = 1_000; now < 1_900; now += 100) overload.waited(1_000, now);
    expect(overload.windowShare(1_800)).toBe(WINDOW_CUT);
  });

  it('takes twice as much after a while, and soon all again', () => {
    for (let now = 0; now < 10_000; now += 100) overload.waited(100, now);
    expect(overload.windowShare(9_900 + WINDOW_DOUBLING_MS)).toBe(2 * LEAST_WINDOW_SHARE);
    expect(overload.windowShare(9_900 + 4 * WINDOW_DOUBLING_MS)).toBe(1);
    expect(overload.windowShare(1e9)).toBe(1);
  });
});
