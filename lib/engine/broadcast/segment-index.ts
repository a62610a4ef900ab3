/** Slots of an index at first: 64 bytes, for a stream of which little is held. */
const INITIAL_SLOTS = 16;

/**
 * Up to how many slots an index grows in any case, and for each segment that is held. The bounds keep all indices together
 * to some MiB, whatever sequences a hostile origin makes up. Less, and segments of a stream of which most is missing
 * cannot be found any more.
 */
const SLOTS_ANYWAY = 64;
const SLOTS_PER_SEGMENT = 16;

/**
 * Where the segments of one stream stand in the cache: entry numbers by the low bits of the sequence, since sequences of
 * a stream follow each other. Where they lie too far apart, the later one takes the place of the earlier.
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
    return this.slots.length < Math.max(SLOTS_ANYWAY, SLOTS_PER_SEGMENT * this.held);
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
