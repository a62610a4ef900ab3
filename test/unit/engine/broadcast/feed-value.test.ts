import { describe, expect, it } from 'vitest';
import { chooseFeeds } from '../../../../lib/engine/broadcast/feed-value.js';

const SLOTS = [0, 1, 2, 3, 4, 5, 6, 7];
const REPAIR_MS = 200;
const WORTH_MS = 1;
const NEVER = NaN;

/** A feed whose copies come so late in each slot. */
const feed = (...lateness: number[]) => lateness;
/** A feed whose copies always come so late, but for some slots. */
const steady = (ms: number, but: Record<number, number> = {}) => SLOTS.map(slot => but[slot] ?? ms);

const choose = (times: (number[] | undefined)[], worthMs = WORTH_MS, most = 2, slots = SLOTS) =>
  chooseFeeds(times, slots, REPAIR_MS, worthMs, most);

describe('the choice of feeds', () => {
  it('keeps one feed, the earliest, without loss and jitter', () => {
    expect(choose([steady(5), steady(0), steady(9)])).toEqual([1]);
  });

  it('keeps a second one that is often enough earlier', () => {
    const second = steady(4, { 0: 0, 3: 0, 6: 0 });
    const first = steady(0, { 0: 6, 3: 6, 6: 6 });
    expect(choose([second, first])).toEqual([1, 0]);
  });

  it('drops the second one when it saves less than it is worth, and keeps it when it is worth less', () => {
    const times = [steady(0, { 2: 4 }), steady(3, { 2: 0 })];
    // One slot of eight, by 4 ms: half a millisecond on average.
    expect(choose(times, 0.6)).toEqual([0]);
    expect(choose(times, 0.4)).toEqual([0, 1]);
  });

  it('counts a lost copy as one that a repair brings', () => {
    const lossy = steady(0, { 1: NEVER });
    // One slot of eight: the second saves a repair there.
    expect(choose([lossy, steady(40)], REPAIR_MS / 8 - 1)).toEqual([0, 1]);
    expect(choose([lossy, steady(40)], REPAIR_MS / 8 + 1)).toEqual([0]);
  });

  it('prefers a feed that is a little late to an early one that loses a lot', () => {
    expect(choose([steady(0, { 0: NEVER, 1: NEVER, 2: NEVER, 3: NEVER }), steady(20)])[0]).toBe(1);
  });

  it('does not pay twice for the same saving: the second and third bring the same', () => {
    const lossy = steady(0, { 1: NEVER, 5: NEVER });
    expect(choose([lossy, steady(2), steady(3)], WORTH_MS, 3)).toEqual([1, 0]);
  });

  it('keeps no more than the most, however much others would save', () => {
    const times = SLOTS.map(own => SLOTS.map(slot => (slot === own ? 0 : NEVER)));
    expect(choose(times, WORTH_MS, 3)).toHaveLength(3);
  });

  it('keeps as many as it may when no worth is asked for', () => {
    const kept = choose([steady(9), steady(50), steady(0), steady(90)], -Infinity, 3);
    expect(kept).toHaveLength(3);
    expect(kept[0]).toBe(2);
  });

  it('keeps one feed in any case, even if nothing is known of any', () => {
    expect(choose([undefined, undefined])).toEqual([0]);
    expect(choose([steady(3)], WORTH_MS, 2, [])).toEqual([0]);
  });

  it('ranks a feed of which no copy came behind all others', () => {
    expect(choose([undefined, steady(80)])[0]).toBe(1);
    expect(choose([steady(NEVER), steady(80)])[0]).toBe(1);
  });

  it('looks at the slots that count only', () => {
    const times = [feed(0, 0, NEVER, NEVER), feed(9, 9, 0, 0)];
    expect(choose(times, WORTH_MS, 1, [0, 1])).toEqual([0]);
    expect(choose(times, WORTH_MS, 1, [2, 3])).toEqual([1]);
  });

  it('depends on no clock: only differences count', () => {
    const times = [steady(0, { 1: NEVER }), steady(20), steady(1)];
    const later = times.map(each => each.map((ms, slot) => ms + 1_000_000 + slot * 50));
    expect(choose(later)).toEqual(choose(times));
  });

  it('keeps no feed when there is none', () => {
    expect(choose([])).toEqual([]);
  });
});
