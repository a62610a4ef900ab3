import type { StreamLink } from './stream-link.js';

/** Segments of a busy stream whose copies are timed at once; decisions look at these. */
export const TIMED_SEGMENTS = 16;

/** Least time between two timed segments, ms: so that of a fast stream the last third of a second is seen, not an instant. */
export const TIMING_PAUSE_MS = 20;

/** Sequences whose arrival is remembered, to compare announcements with: they come up to a round trip later. */
export const REMEMBERED_ARRIVALS = 64;

/** When the segments of one busy stream arrived: the first copy of each of the last ones, and for some the copy of each link. */
export class ArrivalTimes {
  private readonly sequences = new Float64Array(REMEMBERED_ARRIVALS);
  private readonly arrivals = new Float64Array(REMEMBERED_ARRIVALS);
  private readonly timed = new Float64Array(TIMED_SEGMENTS);
  private readonly openedAt = new Float64Array(TIMED_SEGMENTS).fill(NaN);
  private lastOpenedAt = -Infinity;
  /** How many segments were timed so far. */
  opened = 0;

  /** The first copy of a segment came. Returns its slot when it is timed from now on, else -1. */
  first(sequence: number, links: ReadonlyMap<unknown, StreamLink>, now: number): number {
    const position = sequence % REMEMBERED_ARRIVALS;
    this.sequences[position] = sequence;
    this.arrivals[position] = now;
    if (now - this.lastOpenedAt < TIMING_PAUSE_MS) return -1;
    this.lastOpenedAt = now;
    const slot = this.opened++ % TIMED_SEGMENTS;
    this.timed[slot] = sequence;
    this.openedAt[slot] = now;
    for (const link of links.values()) if (link.times !== undefined) link.times[slot] = NaN;
    return slot;
  }

  /** When the first copy came; undefined if it has not, or too long ago. */
  arrivalOf(sequence: number): number | undefined {
    const position = sequence % REMEMBERED_ARRIVALS;
    return this.sequences[position] === sequence ? this.arrivals[position] : undefined;
  }

  /** The slot of a timed segment, or -1. */
  slotOf(sequence: number): number {
    return this.timed.indexOf(sequence);
  }

  /** The slots of segments timed at least so long ago, ms: all their copies have come that will. */
  settledSlots(ageMs: number, now: number): number[] {
    const slots: number[] = [];
    for (let slot = 0; slot < TIMED_SEGMENTS; slot++) if (now - this.openedAt[slot]! >= ageMs) slots.push(slot);
    return slots;
  }
}
