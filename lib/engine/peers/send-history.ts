/** Marks there is room for at first, and at most: as many turns of the event loop with datagrams for one peer. */
const INITIAL_MARKS = 16;
const MOST_MARKS = 1_024;

/**
 * Marks older than this make room for new ones, ms: a link that is hardly used is asked for no reports, and would keep its
 * heartbeats of many minutes. A report that comes so late tells nothing of the path.
 */
const MARK_MS = 10_000;

/**
 * What was sent to a peer and when, up to the last report: so that a report of a packet counter tells the time it took and
 * the bytes it covers. One mark stands for all datagrams of one instant; when there are too many, the oldest is forgotten.
 */
export class SendHistory {
  /** Bytes of all datagrams since the last reset. */
  bytes = 0;
  /** Counter of the next datagram. */
  next = 0;
  private times: Float64Array | undefined;
  /** Counter after the last datagram of the mark, and all bytes up to there. */
  private ends = EMPTY;
  private totals = EMPTY;
  private head = 0;
  private count = 0;
  /** The same of the mark before the first one. */
  private endBefore = 0;
  private totalBefore = 0;

  /** The datagram with this counter left. Counters may be left out: of these nothing is known. */
  add(counter: number, bytes: number, now: number): void {
    this.bytes += bytes;
    this.next = counter + 1;
    this.times ??= this.allocate();
    const last = (this.head + this.count - 1) & (this.times.length - 1);
    if (this.count === 0 || this.times[last] !== now) this.push(now);
    const at = (this.head + this.count - 1) & (this.times.length - 1);
    this.ends[at] = this.next;
    this.totals[at] = this.bytes;
  }

  /**
   * Forgets what came before the datagram with this counter, and finds its mark: fills in `found`. False when it is not
   * known any more, or was never sent.
   */
  find(counter: number, found: { sentAt: number; bytes: number }): boolean {
    const { times } = this;
    if (times === undefined || counter >= this.next) return false;
    while (this.count > 1 && this.ends[this.head]! <= counter) this.forgetFirst();
    if (this.count === 0 || counter < this.endBefore) return false;
    found.sentAt = times[this.head]!;
    // Datagrams of one instant are mostly full ones, of one size.
    const share = (counter + 1 - this.endBefore) / (this.ends[this.head]! - this.endBefore);
    found.bytes = this.totalBefore + share * (this.totals[this.head]! - this.totalBefore);
    return true;
  }

  reset(): void {
    this.bytes = 0;
    this.next = 0;
    this.head = 0;
    this.count = 0;
    this.endBefore = 0;
    this.totalBefore = 0;
  }

  private forgetFirst(): void {
    this.endBefore = this.ends[this.head]!;
    this.totalBefore = this.totals[this.head]!;
    this.head = (this.head + 1) & (this.ends.length - 1);
    this.count--;
  }

  private push(now: number): void {
    let times = this.times!;
    if (this.count === times.length) while (this.count > 0 && times[this.head]! < now - MARK_MS) this.forgetFirst();
    if (this.count === times.length) {
      if (times.length < MOST_MARKS) times = this.grow();
      else this.forgetFirst();
    }
    times[(this.head + this.count) & (times.length - 1)] = now;
    this.count++;
  }

  private allocate(): Float64Array {
    this.ends = new Float64Array(INITIAL_MARKS);
    this.totals = new Float64Array(INITIAL_MARKS);
    return new Float64Array(INITIAL_MARKS);
  }

  /** Called when the ring is full: the oldest mark comes first in the larger one. */
  private grow(): Float64Array {
    const { head } = this;
    this.times = doubled(this.times!, head);
    this.ends = doubled(this.ends, head);
    this.totals = doubled(this.totals, head);
    this.head = 0;
    return this.times;
  }
}

const EMPTY = new Float64Array(0);

function doubled(column: Float64Array, head: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * column.length);
  larger.set(column.subarray(head));
  larger.set(column.subarray(0, head), column.length - head);
  return larger;
}
