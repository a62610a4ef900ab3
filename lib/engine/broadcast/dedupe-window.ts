/** Sequences a window remembers at first: 128 bytes an origin, enough for a quiet one. */
export const INITIAL_WINDOW = 1_024;

/**
 * Sequences a window remembers at most: 8 KiB an origin. Covers the largest message (64 MiB in segments of 1,100 bytes)
 * and two seconds at 30,000 segments a second. Smaller, and a slow path's copies arrive behind the window and are lost.
 */
export const LARGEST_WINDOW = 65_536;

/** A window that is filled in less than this is too small for its origin's pace, and doubles; ms. */
export const WINDOW_SPAN_MS = 2_000;

/**
 * Which sequences of a stream have arrived: a ring of bits that slides with the highest one (as in RFC 6479), exact as
 * far back as it reaches. What lies further back counts as seen, so nothing is ever accepted twice. It also knows what
 * is owed and missing: all above `settled`.
 */
export class DedupeWindow {
  private bits = new Uint32Array(INITIAL_WINDOW / 32);
  /** Everything up to here counts as seen. */
  private floor: number;
  /** Lowest sequence that was ever accepted. */
  private lowest = Infinity;
  /** The first sequence that is wanted. */
  private owedFrom: number;
  private turnedAt: number;
  private turnedSequence: number;
  /** Highest sequence that arrived or that another node told of. */
  highest: number;
  /** All sequences up to here have arrived, are not wanted, or are given up. */
  settled: number;
  /** Sequences that were owed and given up, those that arrived after all included. */
  lost = 0;

  /** @param owedFrom the first sequence that is wanted; earlier ones are accepted, but not missed. */
  constructor(owedFrom: number, now: number) {
    this.owedFrom = owedFrom;
    this.highest = owedFrom - 1;
    this.settled = this.highest;
    this.floor = Math.max(0, this.highest - INITIAL_WINDOW);
    this.turnedAt = now;
    this.turnedSequence = this.highest;
  }

  get size(): number {
    return this.bits.length * 32;
  }

  get hasGap(): boolean {
    return this.settled < this.highest;
  }

  /** Marks the sequence as arrived. */
  add(sequence: number, now: number): 'new' | 'duplicate' | 'old' {
    if (sequence > this.highest) this.announce(sequence, now);
    else if (sequence <= this.floor) return 'old';
    else if (this.isSet(sequence)) return 'duplicate';
    if (sequence < this.lowest) this.lowest = sequence;
    const position = sequence & (this.size - 1);
    this.bits[position >>> 5]! |= 1 << (position & 31);
    if (sequence === this.settled + 1) this.settled = this.nextMissing(sequence) - 1;
    return 'new';
  }

  /** Learns that sequences up to here exist, without any having arrived. */
  announce(highest: number, now: number): void {
    if (highest <= this.highest) return;
    while (highest - this.floor > this.size && this.size < LARGEST_WINDOW && this.isTooSmall(highest, now)) this.grow();
    const { size } = this;
    if (highest - this.turnedSequence >= size) {
      this.turnedAt = now;
      this.turnedSequence = highest;
    }
    const floor = Math.max(this.floor, highest - size);
    this.giveUp(floor);
    if (highest - this.highest >= size) this.bits.fill(0);
    else for (let sequence = this.highest + 1; sequence <= highest; sequence++) this.clear(sequence);
    this.highest = highest;
    this.floor = floor;
  }

  /**
   * Wants sequences from here on: the stream began for us with a late segment of a message, or with the news of one. As far back
   * as it is known what has arrived. Returns whether that is news.
   */
  owe(first: number): boolean {
    if (first >= this.owedFrom) return false;
    // What counts as seen without ever having been accepted may still come.
    if (first <= this.floor && this.lowest > this.floor) {
      this.widen(this.highest - first + 1);
      this.floor = Math.max(first - 1, this.highest - this.size);
    }
    this.owedFrom = Math.max(first, this.floor + 1);
    this.settled = this.nextMissing(this.owedFrom - 1) - 1;
    return true;
  }

  /** Remembers at least so many sequences from now on: a message of so many segments is coming, and may come in any order. */
  widen(sequences: number): void {
    while (this.size < sequences && this.size < LARGEST_WINDOW) this.grow();
  }

  /** Stops missing what has not arrived up to here. */
  giveUp(upTo: number): void {
    if (upTo <= this.settled) return;
    const known = Math.min(upTo, this.highest);
    for (let missing = this.nextMissing(this.settled); missing <= known; missing = this.nextMissing(missing))
      this.lost++;
    this.lost += upTo - Math.max(known, this.settled);
    this.settled = upTo < this.highest ? this.nextMissing(upTo) - 1 : upTo;
  }

  /**
   * The missing sequences, lowest first, as pairs of first and length.
   * @param most bound on the number of sequences; there are never more than 64 pairs.
   * @param above only those above this one. Default: all.
   * @param upTo only those up to this one. Default: all.
   */
  missingRanges(most: number, above = 0, upTo = this.highest): number[] {
    const ranges: number[] = [];
    const last = Math.min(upTo, this.highest);
    let room = most;
    let first = this.nextMissing(Math.max(this.settled, above));
    while (first <= last && room > 0 && ranges.length < 128) {
      let end = first + 1;
      while (end <= last && end - first < room && !this.isSet(end)) end++;
      ranges.push(first, end - first);
      room -= end - first;
      first = this.nextMissing(end - 1);
    }
    return ranges;
  }

  /** Lowest sequence above `from` that has not arrived, at most `highest + 1`. */
  private nextMissing(from: number): number {
    let sequence = Math.max(from, this.floor) + 1;
    while (sequence <= this.highest && this.isSet(sequence)) sequence++;
    return sequence;
  }

  private isTooSmall(highest: number, now: number): boolean {
    // What is owed would be given up, though it may come yet: the rest of a burst that a slow path brings.
    if (highest - this.size > this.settled) return true;
    // What is jumped over may all come yet: a large message of a quiet origin.
    if (highest - this.highest >= this.size / 2) return true;
    return highest - this.turnedSequence >= this.size / 2 && now - this.turnedAt < WINDOW_SPAN_MS;
  }

  private grow(): void {
    const old = this.bits;
    const oldMask = this.size - 1;
    this.bits = new Uint32Array(old.length * 2);
    const mask = this.size - 1;
    for (let sequence = this.floor + 1; sequence <= this.highest; sequence++) {
      const from = sequence & oldMask;
      if ((old[from >>> 5]! & (1 << (from & 31))) === 0) continue;
      const to = sequence & mask;
      this.bits[to >>> 5]! |= 1 << (to & 31);
    }
  }

  private isSet(sequence: number): boolean {
    const position = sequence & (this.size - 1);
    return (this.bits[position >>> 5]! & (1 << (position & 31))) !== 0;
  }

  private clear(sequence: number): void {
    const position = sequence & (this.size - 1);
    this.bits[position >>> 5]! &= ~(1 << (position & 31));
  }
}
