import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DedupeWindow,
  INITIAL_WINDOW,
  LARGEST_WINDOW,
  WINDOW_SPAN_MS,
} from '../../../../lib/engine/broadcast/dedupe-window.js';

/** The same with sets, as slow as it is simple. It takes only the size from the window: that depends on the pace. */
class NaiveWindow {
  readonly arrived = new Set<number>();
  readonly lost = new Set<number>();
  highest: number;
  floor: number;
  private givenUpTo: number;

  constructor(owedFrom: number) {
    this.highest = owedFrom - 1;
    this.givenUpTo = this.highest;
    this.floor = Math.max(0, this.highest - INITIAL_WINDOW);
  }

  add(sequence: number, size: number): string {
    if (sequence > this.highest) this.announce(sequence, size);
    if (sequence <= this.floor) return 'old';
    if (this.arrived.has(sequence)) return 'duplicate';
    this.arrived.add(sequence);
    return 'new';
  }

  announce(highest: number, size: number): void {
    if (highest <= this.highest) return;
    this.highest = highest;
    this.floor = Math.max(this.floor, highest - size);
    this.giveUp(this.floor);
  }

  giveUp(upTo: number): void {
    for (let sequence = this.givenUpTo + 1; sequence <= upTo; sequence++) {
      if (!this.arrived.has(sequence)) this.lost.add(sequence);
    }
    this.givenUpTo = Math.max(this.givenUpTo, upTo);
  }

  get settled(): number {
    let sequence = this.givenUpTo;
    while (this.arrived.has(sequence + 1)) sequence++;
    return sequence;
  }

  get missing(): number[] {
    const missing: number[] = [];
    for (let sequence = this.settled + 1; sequence <= this.highest; sequence++) {
      if (!this.arrived.has(sequence)) missing.push(sequence);
    }
    return missing;
  }
}

/** The first sequences that the ranges stand for. */
function listed(ranges: number[]): number[] {
  const sequences: number[] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    for (let j = 0; j < ranges[i + 1]!; j++) sequences.push(ranges[i]! + j);
  }
  return sequences;
}

/** Feeds sequences at a steady pace. */
function feed(window: DedupeWindow, count: number, perMs: number): void {
  const from = window.highest;
  for (let i = 1; i <= count; i++) window.add(from + i, i / perMs);
}

type Step = { kind: 'add' | 'announce' | 'giveUp'; at: number; afterMs: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('add' as const, 'add' as const, 'add' as const, 'announce' as const, 'giveUp' as const),
    // Where, counted from the highest: mostly close by, sometimes far ahead or behind.
    at: fc.oneof(fc.integer({ min: -8, max: 8 }), fc.integer({ min: -1_500, max: 1_500 })),
    afterMs: fc.constantFrom(0, 1, 50, 2_500),
  }),
  { minLength: 1, maxLength: 120 },
);

describe('a window', () => {
  it('agrees with the naive one at every step', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 500, 5_000, 2 ** 31, 2 ** 40), steps, (owedFrom, run) => {
        let now = 0;
        const window = new DedupeWindow(owedFrom, now);
        const naive = new NaiveWindow(owedFrom);
        for (const { kind, at, afterMs } of run) {
          now += afterMs;
          const sequence = Math.max(1, naive.highest + at);
          const upTo = Math.min(sequence, naive.highest);
          const verdict = kind === 'add' ? window.add(sequence, now) : undefined;
          if (kind === 'announce') window.announce(sequence, now);
          if (kind === 'giveUp') window.giveUp(upTo);

          expect(verdict).toBe(kind === 'add' ? naive.add(sequence, window.size) : undefined);
          if (kind === 'announce') naive.announce(sequence, window.size);
          if (kind === 'giveUp') naive.giveUp(upTo);
          const { highest, settled } = naive;
          expect(window).toMatchObject({ highest, settled, lost: naive.lost.size, hasGap: settled < highest });
        }
        const ranges = listed(window.missingRanges(700));
        expect(ranges).toEqual(naive.missing.slice(0, ranges.length));
      }),
      { seed: 1, numRuns: 400 },
    );
  });

  it('takes each sequence once, in whatever order they come', () => {
    const window = new DedupeWindow(1, 0);
    for (const sequence of [3, 1, 2, 5, 4]) expect(window.add(sequence, 0)).toBe('new');
    for (const sequence of [1, 2, 3, 4, 5]) expect(window.add(sequence, 0)).toBe('duplicate');
    expect(window).toMatchObject({ settled: 5, hasGap: false, lost: 0 });
  });

  it('accepts what was sent before the first that is owed, and does not miss it', () => {
    const window = new DedupeWindow(100, 0);
    window.add(100, 0);
    expect(window).toMatchObject({ settled: 100, hasGap: false });
    expect(window.add(98, 0)).toBe('new');
    expect(window.add(98, 0)).toBe('duplicate');
    expect(window.missingRanges(10)).toEqual([]);
  });

  it('takes what lies too far behind for seen, rather than accept it twice', () => {
    const window = new DedupeWindow(1, 0);
    window.add(1, 0);
    window.add(600, 5_000);
    window.add(INITIAL_WINDOW + 1, 10_000);
    expect(window.add(1, 10_000)).toBe('old');
    expect(window.add(2, 10_000)).toBe('new');
  });

  it('counts what it never saw, exactly, as it slides over it', () => {
    const window = new DedupeWindow(1, 0);
    for (let sequence = 1; sequence <= 100; sequence += 2) window.add(sequence, 0);
    window.add(700, 5_000);
    window.add(100 + LARGEST_WINDOW, 10_000);
    expect(window.lost).toBe(50);
  });

  it('counts what it jumps over', () => {
    const window = new DedupeWindow(1, 0);
    window.add(10 * LARGEST_WINDOW, 0);
    expect(window.lost).toBe(9 * LARGEST_WINDOW);
    expect(window.missingRanges(Infinity)).toEqual([9 * LARGEST_WINDOW + 1, LARGEST_WINDOW - 1]);
  });

  it('misses nothing any more that was given up, and still accepts it late', () => {
    const window = new DedupeWindow(1, 0);
    window.add(4, 0);
    window.add(6, 0);
    window.giveUp(4);
    expect(window).toMatchObject({ settled: 4, lost: 3 });
    expect(window.missingRanges(10)).toEqual([5, 1]);
    expect(window.add(2, 0)).toBe('new');
  });

  it('stays sound at the highest sequence that can be written', () => {
    const window = new DedupeWindow(Number.MAX_SAFE_INTEGER - 2, 0);
    expect(window.add(Number.MAX_SAFE_INTEGER, 0)).toBe('new');
    expect(window.missingRanges(10)).toEqual([Number.MAX_SAFE_INTEGER - 2, 2]);
    expect(window.add(Number.MAX_SAFE_INTEGER - 1, 0)).toBe('new');
    window.giveUp(Number.MAX_SAFE_INTEGER);
    expect(window).toMatchObject({ settled: Number.MAX_SAFE_INTEGER, lost: 1, hasGap: false });
  });
});

describe('the missing ranges', () => {
  it('are pairs of first and length, lowest first', () => {
    const window = new DedupeWindow(1, 0);
    for (const sequence of [1, 4, 5, 9]) window.add(sequence, 0);
    expect(window.missingRanges(100)).toEqual([2, 2, 6, 3]);
  });

  it('end where as many as asked for are listed', () => {
    const window = new DedupeWindow(1, 0);
    for (const sequence of [1, 4, 5, 9]) window.add(sequence, 0);
    expect(window.missingRanges(3)).toEqual([2, 2, 6, 1]);
  });

  it('are never more than 64', () => {
    const window = new DedupeWindow(1, 0);
    for (let sequence = 2; sequence <= 200; sequence += 2) window.add(sequence, 0);
    expect(window.missingRanges(1_000).length).toBe(2 * 64);
  });

  it('may be asked for between two sequences', () => {
    const window = new DedupeWindow(1, 0);
    for (const sequence of [1, 4, 5, 9]) window.add(sequence, 0);
    expect(window.missingRanges(100, 2, 7)).toEqual([3, 1, 6, 2]);
  });

  it('never reach beyond what is known to exist', () => {
    const window = new DedupeWindow(1, 0);
    window.add(3, 0);
    expect(window.missingRanges(100, 0, 1_000)).toEqual([1, 2]);
  });
});

describe('a window that is to want more than it began with', () => {
  it('misses the earlier sequences from then on', () => {
    const window = new DedupeWindow(100, 0);
    window.add(100, 0);
    expect(window.owe(95)).toBe(true);
    expect(window).toMatchObject({ settled: 94, hasGap: true });
    expect(window.missingRanges(100)).toEqual([95, 5]);
  });

  it('does not miss those of them that came meanwhile', () => {
    const window = new DedupeWindow(100, 0);
    for (const sequence of [98, 95, 100]) window.add(sequence, 0);
    window.owe(95);
    expect(window.settled).toBe(95);
    expect(window.missingRanges(100)).toEqual([96, 2, 99, 1]);
  });

  it('takes no notice when it wants them already', () => {
    const window = new DedupeWindow(100, 0);
    window.add(102, 0);
    expect([window.owe(100), window.owe(101)]).toEqual([false, false]);
    expect(window.missingRanges(100)).toEqual([100, 2]);
  });

  it('reaches back to the beginning of a large message, of which it heard late', () => {
    const window = new DedupeWindow(5_000, 0);
    window.add(5_000, 0);
    window.owe(1);
    expect(window.missingRanges(10_000)).toEqual([1, 4_999]);
    for (const sequence of [1, 4_999]) expect(window.add(sequence, 0)).toBe('new');
    expect(window.missingRanges(10_000)).toEqual([2, 4_997]);
  });

  it('reaches back no further than it knows what arrived', () => {
    const window = new DedupeWindow(5_000, 0);
    // It slides, and forgets what was before.
    window.add(5_000, 0);
    for (let sequence = 5_001; sequence <= 6_100; sequence++) window.add(sequence, 100 * sequence);
    window.owe(1);
    expect(window.missingRanges(10_000)).toEqual([]);
    expect(window.settled).toBe(6_100);
    expect(window.add(1, 10_000)).toBe('old');
  });

  it('reaches back no further than the largest window', () => {
    const window = new DedupeWindow(10 * LARGEST_WINDOW, 0);
    window.owe(1);
    expect(window.missingRanges(Infinity)).toEqual([9 * LARGEST_WINDOW, LARGEST_WINDOW]);
    expect(window.size).toBe(LARGEST_WINDOW);
  });

  it('stays sound at the highest sequence that can be written', () => {
    const window = new DedupeWindow(Number.MAX_SAFE_INTEGER, 0);
    window.add(Number.MAX_SAFE_INTEGER, 0);
    window.owe(Number.MAX_SAFE_INTEGER - 2);
    expect(window.missingRanges(10)).toEqual([Number.MAX_SAFE_INTEGER - 2, 2]);
  });
});

describe('the size of a window', () => {
  it('stays small for an origin that takes its time', () => {
    const window = new DedupeWindow(1, 0);
    feed(window, 10_000, INITIAL_WINDOW / 4 / WINDOW_SPAN_MS);
    expect(window.size).toBe(INITIAL_WINDOW);
  });

  it('grows until it reaches back as long as it should', () => {
    const window = new DedupeWindow(1, 0);
    const perMs = 5;
    feed(window, 60_000, perMs);
    expect(window.size / perMs).toBeGreaterThanOrEqual(WINDOW_SPAN_MS / 2);
    expect(window.size / perMs).toBeLessThanOrEqual(WINDOW_SPAN_MS * 4);
  });

  it('grows at once by what is jumped over: a large message of a quiet origin may come in any order', () => {
    const window = new DedupeWindow(1, 0);
    window.add(1, 0);
    window.announce(5_000, 60_000);
    expect(window.missingRanges(10_000)).toEqual([2, 4_999]);
    expect(window.lost).toBe(0);
  });

  it('grows rather than give up what is owed: a burst of a slow origin, of which a slow path brings the first later', () => {
    const window = new DedupeWindow(1, 0);
    feed(window, 400, INITIAL_WINDOW / 8 / WINDOW_SPAN_MS);
    for (let sequence = 500; sequence <= 500 + INITIAL_WINDOW; sequence++) window.add(sequence, 60_000);
    expect(window.lost).toBe(0);
    expect(window.missingRanges(1_000)).toEqual([401, 99]);
    expect(window.add(401, 60_000)).toBe('new');
  });

  it('grows for a message that is known to come', () => {
    const window = new DedupeWindow(1, 0);
    window.widen(5_000);
    expect(window.size).toBe(8_192);
    window.widen(10 * LARGEST_WINDOW);
    expect(window.size).toBe(LARGEST_WINDOW);
  });

  it('has a limit, whatever the pace', () => {
    const window = new DedupeWindow(1, 0);
    feed(window, 300_000, 1_000);
    expect(window.size).toBe(LARGEST_WINDOW);
  });

  it('keeps what it knows when it grows', () => {
    const window = new DedupeWindow(1, 0);
    feed(window, INITIAL_WINDOW, 1_000);
    window.add(INITIAL_WINDOW + 10, 1);
    feed(window, INITIAL_WINDOW, 1_000);
    expect(window.size).toBe(2 * INITIAL_WINDOW);
    expect(window.add(INITIAL_WINDOW, 1)).toBe('duplicate');
    expect(window.missingRanges(100)).toEqual([INITIAL_WINDOW + 1, 9]);
  });
});
