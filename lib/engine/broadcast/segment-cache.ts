import type { OriginStream } from './origin-stream.js';

/**
 * How much is kept for others who missed it, unless the node is told otherwise: 16 MiB or 30 seconds; and never more than
 * 65,536 segments (as many as a window remembers). That covers several messages of the largest default size; a node that misses more than this
 * horizon has lost it. Small segments are bounded by number, since each costs some hundred bytes of bookkeeping.
 */
export const CACHE_BYTES = 16 * 1024 * 1024;
export const CACHE_SEGMENTS = 65_536;
export const CACHE_MS = 30_000;

/** How much and how long a node keeps what it can repeat. */
export interface SegmentCacheLimits {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** Entries there is room for at first; doubles up to `CACHE_SEGMENTS`. */
const INITIAL_ENTRIES = 64;

/**
 * The segments of all streams this node can still repeat, oldest dropped first. The frames are views, not copies, and stand
 * with their streams; here is the order in which they go, in columns of a ring: an object for each would burden the
 * garbage collector.
 */
export class SegmentCache {
  private streams: OriginStream[] = [];
  private boots = new Float64Array(INITIAL_ENTRIES);
  private sequences = new Float64Array(INITIAL_ENTRIES);
  private sizes = new Float64Array(INITIAL_ENTRIES);
  private times = new Float64Array(INITIAL_ENTRIES);
  private head = 0;
  length = 0;
  bytes = 0;

  constructor(private readonly limits: SegmentCacheLimits = { maxBytes: CACHE_BYTES, maxAgeMs: CACHE_MS }) {}

  add(stream: OriginStream, sequence: number, frame: Uint8Array, now: number): void {
    if (this.length === this.boots.length) {
      if (this.length < CACHE_SEGMENTS) this.grow();
      else this.dropOldest();
    }
    const at = (this.head + this.length) & (this.boots.length - 1);
    this.streams[at] = stream;
    this.boots[at] = stream.boot;
    this.sequences[at] = sequence;
    this.sizes[at] = frame.length;
    this.times[at] = now;
    this.length++;
    this.bytes += frame.length;
    stream.frames.set(sequence, frame);
    this.trim(now);
  }

  /** Drops what is too old or too much. */
  trim(now: number): void {
    const { maxBytes, maxAgeMs } = this.limits;
    while (this.length > 0 && (this.bytes > maxBytes || this.times[this.head]! <= now - maxAgeMs)) this.dropOldest();
  }

  check(): void {
    if (this.bytes > this.limits.maxBytes || this.length > CACHE_SEGMENTS || (this.length === 0 && this.bytes !== 0)) {
      throw new Error('the cache is out of bounds');
    }
  }

  private dropOldest(): void {
    const { head } = this;
    const stream = this.streams[head]!;
    if (stream.boot === this.boots[head]) stream.frames.delete(this.sequences[head]!);
    this.bytes -= this.sizes[head]!;
    this.head = (head + 1) & (this.boots.length - 1);
    this.length--;
  }

  /** Called when the ring is full: the oldest entry comes first in the larger one. */
  private grow(): void {
    const { head } = this;
    this.streams = [...this.streams.slice(head), ...this.streams.slice(0, head)];
    this.boots = doubled(this.boots, head);
    this.sequences = doubled(this.sequences, head);
    this.sizes = doubled(this.sizes, head);
    this.times = doubled(this.times, head);
    this.head = 0;
  }
}

function doubled(column: Float64Array, head: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * column.length);
  larger.set(column.subarray(head));
  larger.set(column.subarray(0, head), column.length - head);
  return larger;
}
