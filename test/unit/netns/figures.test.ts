import { describe, expect, it } from 'vitest';
import { fairnessOf, goodputOf, lossOf, within } from '../../netns/bench/figures.js';

const BYTES = 125_000;
/** Arrivals of messages of a megabit, each under way for 100 ms. */
const arrivalsAt = (...times: number[]) => times.map(atMs => ({ atMs, value: 100 }));

const sample = (packets: number, drops: number) => ({ atMs: 0, backlog: 0, bytes: 0, packets, drops });

describe('goodput', () => {
  it('is that of a steady flow, however the window cuts its messages', () => {
    const steady = arrivalsAt(...Array.from({ length: 200 }, (_, i) => 100 * i));
    for (const fromMs of [1_000, 1_033, 1_099]) expect(goodputOf(steady, BYTES, fromMs, fromMs + 5_000)).toBe(10);
  });

  it('counts a stall in full, also one that lasts until after the window', () => {
    const stalled = [...arrivalsAt(0, 100, 200, 300, 400, 500), { atMs: 2_500, value: 2_100 }];
    expect(goodputOf(stalled, BYTES, 0, 1_000)).toBeCloseTo(5.25);
    expect(goodputOf(arrivalsAt(0, 100, 200, 300, 400, 500), BYTES, 0, 1_000)).toBe(5);
  });

  it('does not count a message before it was sent', () => {
    expect(goodputOf(arrivalsAt(0, 1_000), BYTES, 0, 1_000)).toBe(1);
    expect(goodputOf(arrivalsAt(1_000), BYTES, 0, 900)).toBe(0);
  });

  it('is nothing where nothing arrives', () => {
    expect(goodputOf([], BYTES, 0, 1_000)).toBe(0);
  });
});

describe('the loss of a queue', () => {
  it('is the share of what was offered between the first and the last sample', () => {
    expect(lossOf([sample(1_000, 500), sample(1_050, 500), sample(1_090, 510)])).toBe(0.1);
  });

  it('is nothing when nothing was offered', () => {
    expect([lossOf([]), lossOf([sample(5, 5), sample(5, 5)])]).toEqual([0, 0]);
  });
});

describe("Jain's index", () => {
  it('is 1 for equal rates, 1/n when one has all, and between otherwise', () => {
    expect([fairnessOf([5, 5]), fairnessOf([7, 0]), fairnessOf([3, 1]), fairnessOf([0, 0])]).toEqual([1, 0.5, 0.8, 0]);
  });
});

it('a window takes the samples at its ends in', () => {
  const samples = [1, 2, 3, 4].map(atMs => ({ atMs, value: 10 * atMs }));
  expect(within(samples, 2, 3)).toEqual([20, 30]);
});
