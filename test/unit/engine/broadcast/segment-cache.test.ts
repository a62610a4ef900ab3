import { beforeEach, describe, expect, it } from 'vitest';
import { OriginStream } from '../../../../lib/engine/broadcast/origin-stream.js';
import { CACHE_BYTES, CACHE_MS, CACHE_SEGMENTS, SegmentCache } from '../../../../lib/engine/broadcast/segment-cache.js';

let cache: SegmentCache;
let stream: OriginStream;

beforeEach(() => {
  cache = new SegmentCache();
  stream = new OriginStream(new Uint8Array(16), 1, 1, 0);
});

describe('the segment cache', () => {
  it('holds segments with their stream, as the bytes that arrived', () => {
    const frame = Uint8Array.of(1, 2, 3);
    cache.add(stream, 7, frame, 0);
    expect(stream.frames.get(7)).toBe(frame);
    expect(cache).toMatchObject({ length: 1, bytes: 3 });
  });

  it('lets go of segments when they are too old', () => {
    cache.add(stream, 1, new Uint8Array(10), 0);
    cache.add(stream, 2, new Uint8Array(10), 1_000);
    cache.trim(CACHE_MS - 1);
    expect([...stream.frames.keys()]).toEqual([1, 2]);
    cache.trim(CACHE_MS);
    expect([...stream.frames.keys()]).toEqual([2]);
    cache.trim(CACHE_MS + 1_000);
    expect(cache).toMatchObject({ length: 0, bytes: 0 });
  });

  it('lets the oldest go when there are too many bytes, whichever stream they are of', () => {
    const other = new OriginStream(new Uint8Array(16).fill(1), 1, 1, 0);
    const quarter = new Uint8Array(CACHE_BYTES / 4);
    cache.add(stream, 1, quarter, 0);
    for (let sequence = 1; sequence <= 4; sequence++) {
      cache.add(other, sequence, quarter, sequence);
      cache.check();
    }
    expect(stream.frames.size).toBe(0);
    expect([...other.frames.keys()]).toEqual([1, 2, 3, 4]);
    expect(cache.bytes).toBe(CACHE_BYTES);
  });

  it('does not take segments of an origin’s new life for those of the old one', () => {
    cache.add(stream, 1, new Uint8Array(10), 0);
    stream.restart(2, 1, 10);
    cache.add(stream, 1, new Uint8Array(20), 20);
    cache.trim(CACHE_MS + 10);
    expect(stream.frames.get(1)?.length).toBe(20);
    expect(cache).toMatchObject({ length: 1, bytes: 20 });
  });
});

describe('many small segments', () => {
  it('are bounded by number, and the newest stay', () => {
    for (let sequence = 1; sequence <= CACHE_SEGMENTS + 1_000; sequence++) {
      cache.add(stream, sequence, Uint8Array.of(sequence & 255), sequence / 100);
    }
    cache.check();
    expect(cache).toMatchObject({ length: CACHE_SEGMENTS, bytes: CACHE_SEGMENTS });
    expect(stream.frames.size).toBe(CACHE_SEGMENTS);
    expect([stream.frames.has(1_000), stream.frames.has(1_001)]).toEqual([false, true]);
  });
});
