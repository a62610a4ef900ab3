/** Slots of an index at first: 64 bytes, for a stream of which little is held. */
const INITIAL_SLOTS = 16;

/**
 * Where the segments of one stream stand in the cache: entry numbers by the low bits of the sequence, since sequences of
 * a stream follow each other. An index has at most four slots for each segment that is held, so that all of them together
 * are bounded by the cache; where sequences lie too far apart for that, the later one takes the place of the earlier.
 */
export class SegmentIndex {
  /** How many entries of the cache are of this stream. */
  held = 0;
  private slots = new Int32Array(INITIAL_SLOTS);

  /** The number that was noted for this sequence, or for another one that shares its slot. */
  numberOf(sequence: number): number {
    return this.slots[sequence & (this.slots.length - 1)]!;
  }

  note(sequence: number, number: number): void {
    this.slots[sequence & (this.slots.length - 1)] = number;
  }

  get mayGrow(): boolean {
    return this.slots.length < 2 * this.held;
  }

  /** Twice as many slots. @param sequenceOf the sequence of an entry; undefined when the number is of none of this stream. */
  grow(sequenceOf: (number: number) => number | undefined): void {
    const { slots } = this;
    this.slots = new Int32Array(2 * slots.length);
    for (const number of slots) {
      const sequence = sequenceOf(number);
      if (sequence !== undefined) this.note(sequence, number);
    }
  }
}
