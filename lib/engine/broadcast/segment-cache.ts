import { Fifo } from '../fifo.js';
import type { OriginStream } from './origin-stream.js';

/**
 * How much is kept for others who missed it: 16 MiB or 30 seconds, whichever is less. That covers several messages of
 * the largest default size; a node that misses more than this horizon has lost it.
 */
export const CACHE_BYTES = 16 * 1024 * 1024;
export const CACHE_MS = 30_000;

interface Entry {
  readonly stream: OriginStream;
  readonly boot: number;
  readonly sequence: number;
  readonly bytes: number;
  readonly at: number;
}

/** The segments of all streams this node can still repeat, oldest dropped first. Frames are views, not copies. */
export class SegmentCache {
  private readonly entries = new Fifo<Entry>();
  bytes = 0;

  add(stream: OriginStream, sequence: number, frame: Uint8Array, now: number): void {
    stream.frames.set(sequence, frame);
    this.entries.push({ stream, boot: stream.boot, sequence, bytes: frame.length, at: now });
    this.bytes += frame.length;
    this.trim(now);
  }

  /** Drops what is too old or too much. */
  trim(now: number): void {
    for (let oldest = this.entries.peek(); oldest !== undefined; oldest = this.entries.peek()) {
      if (this.bytes <= CACHE_BYTES && oldest.at > now - CACHE_MS) return;
      this.entries.shift();
      this.bytes -= oldest.bytes;
      if (oldest.stream.boot === oldest.boot) oldest.stream.frames.delete(oldest.sequence);
    }
  }

  check(): void {
    if (this.bytes > CACHE_BYTES || (this.length === 0 && this.bytes !== 0))
      throw new Error('the cache is out of bounds');
  }

  get length(): number {
    return this.entries.length;
  }
}
