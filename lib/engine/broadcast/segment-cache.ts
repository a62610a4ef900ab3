import { MAX_FRAME_BYTES } from '../engine-context.js';
import { SEGMENTED_SHARE } from '../peers/outbox.js';
import type { OriginStream } from './origin-stream.js';
import { SegmentIndex } from './segment-index.js';

/**
 * How much is kept for others who missed it, unless the node is told otherwise: 16 MiB or 30 seconds; and never more than
 * 65,536 segments (as many as a window remembers). That covers several messages of the largest default size; a node that misses more than this
 * horizon has lost it. Small segments are bounded by number, since each costs some hundred bytes of bookkeeping.
 */
export const CACHE_BYTES = 16 * 1024 * 1024;
export const CACHE_SEGMENTS = 65_536;
export const CACHE_MS = 30_000;

/**
 * Bytes to keep unless the node is told otherwise: a message of the largest size fits twice. Links are offered it when it has
 * begun, and take it from here, so one that does not fit would reach nobody.
 */
export function cacheBytes(maxMessageBytes: number): number {
  return Math.max(CACHE_BYTES, Math.ceil(2 * SEGMENTED_SHARE * maxMessageBytes));
}

/** How much and how long a node keeps what it can repeat. */
export interface SegmentCacheLimits {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** Entries and bytes there is room for at first; both double up to their bounds. */
const INITIAL_ENTRIES = 64;
const INITIAL_BYTES = 16_384;

/**
 * The segments of all streams this node can still repeat, oldest dropped first. Their bytes are copied into one ring, and
 * the rest stands in columns of another: as objects, tens of thousands of them would burden the garbage collector, and
 * as views, each would keep the whole datagram it came in. Those of large messages are views all the same: they fill their
 * datagrams, and so these are all the memory that a message takes here, while it is put together, and in all outboxes.
 */
export class SegmentCache {
  private frames: (Uint8Array | undefined)[] = [];
  private streams: (OriginStream | undefined)[] = [];
  private boots = new Float64Array(INITIAL_ENTRIES);
  private sequences = new Float64Array(INITIAL_ENTRIES);
  private times = new Float64Array(INITIAL_ENTRIES);
  private places = new Uint32Array(INITIAL_ENTRIES);
  private sizes = new Uint32Array(INITIAL_ENTRIES);
  /** Entries are numbered in the order they came, modulo 2^32; an entry stands at its number modulo the length of the columns. */
  private oldest = 0;
  /** The first entry from the oldest on whose bytes are in the ring, and how many there are. */
  private oldestCopied = 0;
  private copied = 0;
  /** What the newest view is a part of. */
  private lastDatagram: Uint8Array | undefined;
  private store = NOTHING;
  /** Where the next frame goes, unless it has to begin at the front. */
  private end = 0;
  /** Frames that follow each other in a datagram and are still to be copied, together: from where to where, and to which place. */
  private run: Uint8Array | undefined;
  private runStart = 0;
  private runEnd = 0;
  private runPlace = 0;
  length = 0;
  bytes = 0;

  constructor(private readonly limits: SegmentCacheLimits = { maxBytes: CACHE_BYTES, maxAgeMs: CACHE_MS }) {}

  /**
   * Keeps a copy of the frame, which is all of `bytes` or a part of them. A part is copied later, together with those that follow
   * it: `settle` has to be called before anybody may change `bytes`.
   */
  add(stream: OriginStream, sequence: number, now: number, bytes: Uint8Array, start = 0, end = bytes.length): void {
    const size = end - start;
    if (!this.makeRoom(size, now)) return;
    const place = this.placeFor(size);
    if (size === bytes.length) this.store.set(bytes, place);
    else this.defer(bytes, start, end, place);
    this.end = place + size;
    if (this.copied++ === 0) this.oldestCopied = (this.oldest + this.length) | 0;
    this.append(stream, sequence, now, undefined, place, size);
  }

  /** Copies what was added as a part of a datagram. */
  settle(): void {
    if (this.run === undefined) return;
    this.store.set(this.run.subarray(this.runStart, this.runEnd), this.runPlace);
    this.run = undefined;
  }

  /** Keeps a view, and so the whole datagram that the frame is a part of: that counts, once for the frames that follow each other there. */
  share(stream: OriginStream, sequence: number, now: number, datagram: Uint8Array, start: number, end: number): void {
    const size = datagram === this.lastDatagram ? 0 : datagram.length;
    if (!this.makeRoom(size, now)) return;
    this.lastDatagram = datagram;
    this.append(stream, sequence, now, datagram.subarray(start, end), 0, size);
  }

  /** A segment's frame, to send; undefined when it is not held. */
  get(stream: OriginStream, sequence: number): Uint8Array | undefined {
    const number = stream.cached?.numberOf(sequence);
    if (number === undefined || !this.holds(number, stream)) return undefined;
    const at = number & (this.boots.length - 1);
    return this.sequences[at] === sequence && this.boots[at] === stream.boot ? this.frameAt(at) : undefined;
  }

  /** What is held of a stream from a sequence on. The cost is that of what is held, or of the range, whichever is less. */
  *from(stream: OriginStream, first: number): IterableIterator<Uint8Array> {
    if (stream.newest - first < this.length) {
      for (let sequence = first; sequence <= stream.newest; sequence++) {
        const frame = this.get(stream, sequence);
        if (frame !== undefined) yield frame;
      }
      return;
    }
    const { oldest, length } = this;
    for (let i = 0; i < length; i++) {
      const at = (oldest + i) & (this.boots.length - 1);
      if (this.streams[at] !== stream || this.boots[at] !== stream.boot || this.sequences[at]! < first) continue;
      yield this.frameAt(at);
    }
  }

  /** Drops what is too old or, with so many bytes more, too much. */
  trim(now: number, moreBytes = 0): void {
    const { maxBytes, maxAgeMs } = this.limits;
    while (this.length > 0) {
      const isOld = this.times[this.oldest & (this.boots.length - 1)]! <= now - maxAgeMs;
      if (!isOld && this.bytes + moreBytes <= maxBytes) return;
      this.dropOldest();
    }
  }

  check(): void {
    if (this.run !== undefined) throw new Error('the cache has not copied what it was given');
    if (this.copied > this.length) throw new Error('the cache counts more frames in its ring than it holds');
    if (this.bytes > this.limits.maxBytes || this.length > CACHE_SEGMENTS || (this.length === 0 && this.bytes !== 0)) {
      throw new Error('the cache is out of bounds');
    }
  }

  /** False when so many bytes are too many. */
  private makeRoom(size: number, now: number): boolean {
    if (this.length === this.boots.length) {
      if (this.length < CACHE_SEGMENTS) this.growColumns();
      else this.dropOldest();
    }
    this.trim(now, size);
    return size <= this.limits.maxBytes;
  }

  private defer(bytes: Uint8Array, start: number, end: number, place: number): void {
    const isNext = start === this.runEnd && place === this.runPlace + start - this.runStart;
    if (this.run !== bytes || !isNext) {
      this.settle();
      this.run = bytes;
      this.runStart = start;
      this.runPlace = place;
    }
    this.runEnd = end;
  }

  private append(
    stream: OriginStream,
    sequence: number,
    now: number,
    frame: Uint8Array | undefined,
    place: number,
    size: number,
  ): void {
    const number = (this.oldest + this.length) | 0;
    const at = number & (this.boots.length - 1);
    this.frames[at] = frame;
    this.streams[at] = stream;
    this.boots[at] = stream.boot;
    this.sequences[at] = sequence;
    this.places[at] = place;
    this.sizes[at] = size;
    this.times[at] = now;
    this.length++;
    this.bytes += size;
    this.note(stream, sequence, number);
  }

  private note(stream: OriginStream, sequence: number, number: number): void {
    const index = (stream.cached ??= new SegmentIndex());
    index.held++;
    for (;;) {
      const other = index.numberOf(sequence);
      const isTaken = this.holds(other, stream) && this.sequences[other & (this.boots.length - 1)] !== sequence;
      if (!isTaken || !index.mayGrow) return index.note(sequence, number);
      this.growIndex(index, stream);
    }
  }

  private growIndex(index: SegmentIndex, stream: OriginStream): void {
    index.grow(number => (this.holds(number, stream) ? this.sequences[number & (this.boots.length - 1)] : undefined));
  }

  /** Whether the entry is here still, and of this stream. */
  private holds(number: number, stream: OriginStream): boolean {
    return (number - this.oldest) >>> 0 < this.length && this.streams[number & (this.boots.length - 1)] === stream;
  }

  private frameAt(at: number): Uint8Array {
    this.settle();
    return this.frames[at] ?? this.store.slice(this.places[at], this.places[at]! + this.sizes[at]!);
  }

  /** Where the frame goes; makes room by growing as long as that is allowed, then by dropping the oldest. */
  private placeFor(size: number): number {
    for (;;) {
      const capacity = this.store.length;
      if (this.copied === 0 && size <= capacity) return 0;
      const start = this.copied === 0 ? 0 : this.places[this.oldestCopied & (this.boots.length - 1)]!;
      const isWrapped = this.copied > 0 && this.end <= start;
      if (!isWrapped && this.end + size <= capacity) return this.end;
      if (isWrapped ? this.end + size < start : size < start) return isWrapped ? this.end : 0;
      // A frame is never torn in two, so that some bytes at the end may stay empty.
      const most = this.limits.maxBytes + 2 * Math.max(size, MAX_FRAME_BYTES);
      if (capacity < most) this.growStore(Math.min(most, Math.max(INITIAL_BYTES, 2 * capacity)));
      else this.dropOldest();
    }
  }

  private dropOldest(): void {
    const at = this.oldest & (this.boots.length - 1);
    const stream = this.streams[at]!;
    const wasCopied = this.frames[at] === undefined;
    this.streams[at] = undefined;
    this.frames[at] = undefined;
    if (--stream.cached!.held === 0) stream.cached = undefined;
    this.bytes -= this.sizes[at]!;
    this.oldest = (this.oldest + 1) | 0;
    if (--this.length === 0) this.lastDatagram = undefined;
    if (wasCopied) this.dropCopied();
  }

  /** The oldest frame in the ring went. */
  private dropCopied(): void {
    if (--this.copied > 0) {
      do this.oldestCopied = (this.oldestCopied + 1) | 0;
      while (this.frames[this.oldestCopied & (this.boots.length - 1)] !== undefined);
      return;
    }
    this.end = 0;
    this.run = undefined;
    // What a burst needed is given back.
    if (this.store.length > INITIAL_BYTES) this.store = NOTHING;
  }

  /** Called when the columns are full. Numbers stay, so that the indices of the streams do. */
  private growColumns(): void {
    const { oldest, length } = this;
    this.boots = doubled(this.boots, oldest);
    this.sequences = doubled(this.sequences, oldest);
    this.times = doubled(this.times, oldest);
    this.places = doubled(this.places, oldest);
    this.sizes = doubled(this.sizes, oldest);
    const { streams, frames } = this;
    this.streams = Array.from({ length: 2 * length });
    this.frames = Array.from({ length: 2 * length });
    for (let i = 0; i < length; i++) {
      const from = (oldest + i) & (length - 1);
      const to = (oldest + i) & (2 * length - 1);
      this.streams[to] = streams[from];
      this.frames[to] = frames[from];
    }
  }

  /** The frames begin at the front of the larger store, the oldest first: what is behind it and then what had begun anew before it. */
  private growStore(capacity: number): void {
    this.settle();
    const { store, copied, places } = this;
    const start = copied === 0 ? 0 : places[this.oldestCopied & (this.boots.length - 1)]!;
    const isWrapped = copied > 0 && this.end <= start;
    const behind = store.length - start;
    this.store = new Uint8Array(capacity);
    this.store.set(store.subarray(start, isWrapped ? store.length : this.end));
    if (isWrapped) this.store.set(store.subarray(0, this.end), behind);
    for (let i = 0; i < this.length; i++) {
      const at = (this.oldest + i) & (this.boots.length - 1);
      if (this.frames[at] === undefined) places[at] = places[at]! + (places[at]! < start ? behind : -start);
    }
    this.end += isWrapped ? behind : -start;
  }
}

const NOTHING = new Uint8Array(0);

/** Twice the column, each entry at its number modulo the new length. */
function doubled<Column extends Float64Array | Uint32Array>(column: Column, oldest: number): Column {
  const { length } = column;
  const larger = new (column.constructor as new (length: number) => Column)(2 * length);
  for (let i = 0; i < length; i++) larger[(oldest + i) & (2 * length - 1)] = column[(oldest + i) & (length - 1)]!;
  return larger;
}
