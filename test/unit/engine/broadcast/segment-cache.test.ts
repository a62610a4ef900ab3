import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { OriginStream } from '../../../../lib/engine/broadcast/origin-stream.js';
import { CACHE_BYTES, CACHE_MS, CACHE_SEGMENTS, SegmentCache } from '../../../../lib/engine/broadcast/segment-cache.js';
import { MAX_FRAME_BYTES } from '../../../../lib/engine/engine-context.js';

let cache: SegmentCache;
let stream: OriginStream;

beforeEach(() => {
  cache = new SegmentCache();
  stream = new OriginStream(new Uint8Array(16), 1, 1, 0);
});

/** Adds a segment as the engine does: the stream knows of it. */
function add(sequence: number, frame: Uint8Array, now = 0, of = stream): void {
  of.arrived(sequence, undefined, now);
  cache.add(of, sequence, now, frame);
}

/** The same for a segment of a large message. */
function share(sequence: number, frame: Uint8Array, now = 0, of = stream): void {
  of.arrived(sequence, undefined, now);
  cache.share(of, sequence, now, frame, 0, frame.length);
}

const frameOf = (sequence: number) => new Uint8Array(1_000).fill(sequence);

const held = (first = 1, of = stream) => [...cache.from(of, first)].map(frame => frame[0]);

describe('the segment cache', () => {
  it('holds the bytes that arrived, whatever becomes of the datagram they came in', () => {
    const frame = Uint8Array.of(1, 2, 3);
    add(7, frame);
    frame.fill(0);
    expect(cache.get(stream, 7)).toEqual(Uint8Array.of(1, 2, 3));
    expect(cache.get(stream, 8)).toBeUndefined();
    expect(cache).toMatchObject({ length: 1, bytes: 3 });
  });

  it('holds those that came in one datagram, whatever becomes of it once they are settled', () => {
    const datagram = Uint8Array.of(0, 1, 1, 2, 0, 3, 3);
    for (const [sequence, start, end] of [
      [1, 1, 3],
      [2, 3, 4],
      // What lies between was no segment, or one that was held already.
      [3, 5, 7],
    ] as const) {
      stream.arrived(sequence, undefined, 0);
      cache.add(stream, sequence, 0, datagram, start, end);
    }
    expect(cache.get(stream, 2)).toEqual(Uint8Array.of(2));
    cache.settle();
    datagram.fill(9);
    expect([...cache.from(stream, 1)]).toEqual([Uint8Array.of(1, 1), Uint8Array.of(2), Uint8Array.of(3, 3)]);
    cache.check();
  });

  it('complains of a datagram that is not settled: its bytes may be changed by whoever gets them', () => {
    cache.add(stream, 1, 0, new Uint8Array(10), 2, 4);
    expect(() => cache.check()).toThrow('not copied');
  });

  it('holds what it should of datagrams of any number and size of segments, when it has room for few', () => {
    const segments = fc.array(fc.record({ gap: fc.nat(3), size: fc.integer({ min: 1, max: 400 }) }), { maxLength: 12 });
    const datagrams = fc.array(fc.record({ segments, isRead: fc.boolean() }), { maxLength: 30 });
    fc.assert(
      fc.property(datagrams, fc.integer({ min: 400, max: 3_000 }), (all, maxBytes) => {
        cache = new SegmentCache({ maxBytes, maxAgeMs: CACHE_MS });
        stream = new OriginStream(new Uint8Array(16), 1, 1, 0);
        const frames: Uint8Array[] = [];
        for (const each of all) {
          const datagram = new Uint8Array(each.segments.reduce((sum, { gap, size }) => sum + gap + size, 1));
          let at = 0;
          for (const { gap, size } of each.segments) {
            at += gap;
            const sequence = frames.push(new Uint8Array(size).fill(frames.length + 1));
            datagram.set(frames.at(-1)!, at);
            stream.arrived(sequence, undefined, 0);
            cache.add(stream, sequence, 0, datagram, at, (at += size));
            const read = each.isRead ? cache.get(stream, sequence)! : frames.at(-1)!;
            expect(Buffer.compare(read, frames.at(-1)!)).toBe(0);
          }
          cache.settle();
          datagram.fill(0);
          cache.check();
          let kept = 0;
          const newest = frames.findLastIndex(frame => (kept += frame.length) > maxBytes) + 1;
          expect(Buffer.concat([...cache.from(stream, 1)]).equals(Buffer.concat(frames.slice(newest)))).toBe(true);
        }
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it('gives copies: what waits to be sent does not change when the cache goes on', () => {
    add(1, Uint8Array.of(1));
    const copy = cache.get(stream, 1)!;
    cache.trim(CACHE_MS);
    add(2, Uint8Array.of(2));
    expect(copy).toEqual(Uint8Array.of(1));
  });

  it('holds the bytes that arrived when its memory grows, also after it has begun anew at its front', () => {
    for (let sequence = 1; sequence <= 100; sequence++) {
      // Two come and one goes, so that the memory is full again and again, with its oldest frame anywhere.
      add(sequence, frameOf(sequence), sequence);
      cache.trim(CACHE_MS + sequence / 2);
      const oldest = Math.floor(sequence / 2) + 1;
      for (let each = oldest; each <= sequence; each++)
        expect(Buffer.compare(cache.get(stream, each)!, frameOf(each))).toBe(0);
      expect(cache.length).toBe(sequence - oldest + 1);
    }
  });

  it('lets go of segments when they are too old', () => {
    add(1, Uint8Array.of(1));
    add(2, Uint8Array.of(2), 1_000);
    cache.trim(CACHE_MS - 1);
    expect(held()).toEqual([1, 2]);
    cache.trim(CACHE_MS);
    expect(held()).toEqual([2]);
    cache.trim(CACHE_MS + 1_000);
    expect(cache).toMatchObject({ length: 0, bytes: 0 });
    expect(stream.cached).toBeUndefined();
  });

  it('lets the oldest go when there are too many bytes, whichever stream they are of', () => {
    const other = new OriginStream(new Uint8Array(16).fill(1), 1, 1, 0);
    add(1, new Uint8Array(1_024));
    const most = CACHE_BYTES / 1_024;
    for (let sequence = 1; sequence <= most; sequence++) add(sequence, new Uint8Array(1_024), sequence / 1_000, other);
    cache.check();
    expect(cache.get(stream, 1)).toBeUndefined();
    expect(held(1, other).length).toBe(most);
    expect(cache.bytes).toBe(CACHE_BYTES);
  });

  it('does not take segments of an origin’s new life for those of the old one', () => {
    add(1, new Uint8Array(10));
    add(2, new Uint8Array(10));
    stream.restart(2, 1, 10);
    add(1, new Uint8Array(20), 20);
    expect([cache.get(stream, 1)?.length, cache.get(stream, 2)]).toEqual([20, undefined]);
    cache.trim(CACHE_MS + 10);
    expect(cache.get(stream, 1)?.length).toBe(20);
    expect(cache).toMatchObject({ length: 1, bytes: 20 });
  });

  it('tells what it holds of a stream from a sequence on, be it few of many or all of few', () => {
    for (const sequence of [2, 3, 5, 8]) add(sequence, Uint8Array.of(sequence));
    expect([held(1), held(3), held(6), held(9)]).toEqual([[2, 3, 5, 8], [3, 5, 8], [8], []]);
    stream.arrived(Number.MAX_SAFE_INTEGER, undefined, 0);
    expect(held(3)).toEqual([3, 5, 8]);
  });
});

describe('segments of large messages', () => {
  it('are kept as they are: all who send one share its memory', () => {
    const frame = new Uint8Array(1_000);
    share(1, frame);
    const held = cache.get(stream, 1)!;
    expect([held.buffer, held.length]).toEqual([frame.buffer, 1_000]);
    expect([...cache.from(stream, 1)][0]).toBe(held);
  });

  it('count with the datagrams that they keep, once each', () => {
    const [first, second] = [new Uint8Array(16_384), new Uint8Array(1_200)];
    for (let i = 0; i < 10; i++) cache.share(stream, i + 1, 0, first, 1_000 * i, 1_000 * (i + 1));
    expect(cache.bytes).toBe(16_384);
    cache.share(stream, 11, 0, second, 10, 1_010);
    expect(cache.bytes).toBe(16_384 + 1_200);
  });

  it('go when they are too many bytes or too old, as others do', () => {
    const maxBytes = 10_000;
    cache = new SegmentCache({ maxBytes, maxAgeMs: 100 });
    for (let sequence = 1; sequence <= 20; sequence++) share(sequence, new Uint8Array(1_000).fill(sequence));
    cache.check();
    expect(held()).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    share(21, new Uint8Array(maxBytes + 1));
    expect(cache.get(stream, 21)).toBeUndefined();
    cache.trim(100);
    expect(cache).toMatchObject({ length: 0, bytes: 0 });
  });
});

describe('many small segments', () => {
  it('are bounded by number, and the newest stay', () => {
    for (let sequence = 1; sequence <= CACHE_SEGMENTS + 1_000; sequence++) {
      add(sequence, Uint8Array.of(sequence & 255), sequence / 100);
    }
    cache.check();
    expect(cache).toMatchObject({ length: CACHE_SEGMENTS, bytes: CACHE_SEGMENTS });
    expect(held().length).toBe(CACHE_SEGMENTS);
    expect([cache.get(stream, 1_000), cache.get(stream, 1_001)]).toEqual([undefined, Uint8Array.of(1_001 & 255)]);
  });
});

describe('segments far apart', () => {
  it('are found while they are few', () => {
    const sequences = [1, 17, 33, 49, 64];
    for (const sequence of sequences) add(sequence, Uint8Array.of(sequence));
    for (const sequence of sequences) expect(cache.get(stream, sequence)).toEqual(Uint8Array.of(sequence));
  });

  it('do not make the cache grow beyond its bounds, and the latest are found', () => {
    for (let i = 1; i <= 2_000; i++) add(i * 65_536, Uint8Array.of(i & 255));
    cache.check();
    expect(cache.get(stream, 2_000 * 65_536)).toEqual(Uint8Array.of(2_000 & 255));
    const { slots } = stream.cached as unknown as { slots: Int32Array };
    expect(slots.length).toBeLessThanOrEqual(32 * 2_000);
  });
});

describe('any order of segments', () => {
  it('leaves those in the cache that came last, as long as their sequences are near each other', () => {
    const segment = fc.record({
      stream: fc.nat(2),
      step: fc.integer({ min: 1, max: 12 }),
      bytes: fc.integer({ min: 1, max: MAX_FRAME_BYTES }),
      pauseMs: fc.nat(5),
      isShared: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(segment, { maxLength: 300 }),
        fc.integer({ min: 2_000, max: 60_000 }),
        (segments, maxBytes) => {
          cache = new SegmentCache({ maxBytes, maxAgeMs: 500 });
          const streams = [0, 1, 2].map(id => new OriginStream(new Uint8Array(16).fill(id), 1, 1, 0));
          const model: { of: OriginStream; sequence: number; frame: Uint8Array; at: number }[] = [];
          let now = 0;
          for (const { stream: id, step, bytes, pauseMs, isShared } of segments) {
            now += pauseMs;
            const of = streams[id]!;
            const sequence = of.newest + step;
            const frame = new Uint8Array(bytes).fill(sequence);
            (isShared ? share : add)(sequence, frame, now, of);
            model.push({ of, sequence, frame, at: now });
            cache.check();
          }
          while (model.length > 0 && model[0]!.at <= now - 500) model.shift();
          for (let sum = model.reduce((bytes, { frame }) => bytes + frame.length, 0); sum > maxBytes;) {
            sum -= model.shift()!.frame.length;
          }
          expect(cache.length).toBe(model.length);
          for (const { of, sequence, frame } of model) expect(cache.get(of, sequence)).toEqual(frame);
          for (const of of streams) {
            const sequences = model.filter(each => each.of === of).map(({ sequence }) => sequence & 255);
            expect(held(1, of)).toEqual(sequences);
          }
        },
      ),
      { seed: 3, numRuns: 60 },
    );
  });
});
