import { decode, encode } from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frame } from '../../../../lib/engine/wire/frame.js';
import { MAX_ZONE_BYTES } from '../../../../lib/engine/wire/member-codec.js';
import { MessagePackReader } from '../../../../lib/engine/wire/message-pack-reader.js';
import { MessagePackWriter } from '../../../../lib/engine/wire/message-pack-writer.js';
import {
  continuationOverhead,
  HOPS_OFFSET,
  isOfStream,
  MAX_HOPS,
  MAX_SCOPE_ZONES,
  MAX_SEGMENT_COUNT,
  readContinuation,
  readSegment,
  Segment,
  segmentOf as segmentIn,
  segmentOverhead,
  writeContinuation,
  writeSegment,
} from '../../../../lib/engine/wire/segment-frame.js';
import { streamTag } from '../../../../lib/engine/wire/stream-tag.js';

const ORIGIN = Uint8Array.from({ length: 16 }, (_, i) => i);

function segmentOf(fields: Partial<Segment> = {}): Segment {
  const payload = Uint8Array.of(1, 2, 3);
  return Object.assign(new Segment(), { hops: 1, origin: ORIGIN, boot: 5, sequence: 1, payload }, fields);
}

function write(segment: Segment): Uint8Array {
  const writer = new MessagePackWriter(4_096);
  writeSegment(writer, segment);
  return writer.take();
}

function read(bytes: Uint8Array): Segment | undefined {
  const reader = new MessagePackReader();
  reader.reset(bytes);
  const length = reader.array();
  if (reader.uint() !== Frame.segment) return undefined;
  const segment = new Segment();
  const isRead = readSegment(reader, length, segment);
  expect(reader.failed).toBe(!isRead);
  if (!isRead || !reader.isAtEnd) return undefined;
  segment.viewPayload(bytes);
  // Where it stood is nothing that was written.
  return Object.assign(segment, { payloadStart: 0, payloadEnd: 0 });
}

/** A valid frame as the library writes it, with some elements replaced. */
function frameWith(elements: Record<number, unknown>, length = 8): Uint8Array {
  const frame: unknown[] = [Frame.segment, 1, ORIGIN, 5, 10, 2, 4, Uint8Array.of(1)];
  while (frame.length < length) frame.push(null);
  return encode(Object.assign(frame, elements).slice(0, length));
}

describe('a segment frame', () => {
  it('is an array of type, hops, origin, boot, sequence, index, count and payload', () => {
    expect(decode(write(segmentOf({ hops: 3, sequence: 7, index: 1, count: 2 })))).toEqual([
      Frame.segment,
      3,
      ORIGIN,
      5,
      7,
      1,
      2,
      Uint8Array.of(1, 2, 3),
    ]);
  });

  it('has the zones it is meant for at its end', () => {
    expect(decode(write(segmentOf({ zones: ['a', 'b'] })))).toHaveProperty('8', ['a', 'b']);
  });

  it('has its hops in one byte at a fixed place, so that a forwarder can raise it', () => {
    const frame = write(segmentOf({ hops: MAX_HOPS - 1 }));
    frame[HOPS_OFFSET]!++;
    expect(read(frame)?.hops).toBe(MAX_HOPS);
  });

  it('is read as it was written, and is never longer than its overhead says', () => {
    const segments = fc
      .record({
        hops: fc.nat(MAX_HOPS),
        boot: fc.maxSafeNat(),
        sequence: fc.integer({ min: MAX_SEGMENT_COUNT, max: Number.MAX_SAFE_INTEGER - MAX_SEGMENT_COUNT }),
        index: fc.nat(MAX_SEGMENT_COUNT - 1),
        count: fc.constant(MAX_SEGMENT_COUNT),
        payload: fc.uint8Array({ maxLength: 1_200 }),
        zones: fc.option(fc.array(fc.string({ maxLength: MAX_ZONE_BYTES }), { maxLength: MAX_SCOPE_ZONES }), {
          nil: undefined,
        }),
      })
      .map(segmentOf);
    fc.assert(
      fc.property(segments, segment => {
        const frame = write(segment);
        expect(read(frame)).toEqual(segment);
        expect(frame.length).toBeLessThanOrEqual(segmentOverhead(segment) + segment.payload.length);
      }),
      { seed: 1 },
    );
  });

  it('may have further elements, which a later version understands', () => {
    expect(read(frameWith({ 8: ['a'], 9: { later: true }, 10: 1.5 }, 11))).toMatchObject({ zones: ['a'], index: 2 });
  });

  it('does not keep the zones of the segment that was read before', () => {
    const segment = new Segment();
    const reader = new MessagePackReader();
    for (const zones of [['a'], undefined]) {
      reader.reset(write(segmentOf({ zones })));
      const length = reader.array();
      reader.uint();
      readSegment(reader, length, segment);
    }
    expect(segment.zones).toBeUndefined();
  });

  it.each([
    ['too few elements', frameWith({}, 7)],
    ['hops beyond the limit', frameWith({ 1: MAX_HOPS + 1 })],
    ['an origin that is no id', frameWith({ 2: ORIGIN.subarray(1) })],
    ['a boot that is no integer', frameWith({ 3: 'now' })],
    ['no segments at all', frameWith({ 5: 0, 6: 0 })],
    ['more segments than a message may have', frameWith({ 4: 2 ** 20, 6: MAX_SEGMENT_COUNT + 1 })],
    ['an index beyond its message', frameWith({ 5: 4, 6: 4 })],
    ['a message that would end beyond what can be counted', frameWith({ 4: Number.MAX_SAFE_INTEGER, 5: 0, 6: 2 })],
    ['a message that would begin before the stream', frameWith({ 4: 2, 5: 2 })],
    ['a payload that is text', frameWith({ 7: 'text' })],
    ['zones that are no list', frameWith({ 8: 'a' }, 9)],
    ['too many zones', frameWith({ 8: Array.from({ length: MAX_SCOPE_ZONES + 1 }, () => 'a') }, 9)],
    ['a zone that is too long', frameWith({ 8: ['z'.repeat(MAX_ZONE_BYTES + 1)] }, 9)],
  ])('is refused with %s', (_, frame) => {
    expect(read(frameWith({}))).toBeDefined();
    expect(read(frame)).toBeUndefined();
  });

  it('is refused when it is cut short, wherever', () => {
    const whole = write(segmentOf({ zones: ['a', 'bc'] }));
    for (let length = 0; length < whole.length; length++) expect(read(whole.subarray(0, length))).toBeUndefined();
  });
});

function readContinuationIn(bytes: Uint8Array): Segment | undefined {
  const reader = new MessagePackReader();
  reader.reset(bytes);
  const length = reader.array();
  if (reader.uint() !== Frame.continuation) return undefined;
  const segment = new Segment();
  const isRead = readContinuation(reader, length, segment);
  expect(reader.failed).toBe(!isRead);
  return isRead && reader.isAtEnd ? segment : undefined;
}

/** A valid continuation, with some elements replaced. */
function continuationWith(elements: Record<number, unknown>, length = 7): Uint8Array {
  const frame: unknown[] = [Frame.continuation, 1, 77, 10, 2, 4, Uint8Array.of(1)];
  while (frame.length < length) frame.push(null);
  return encode(Object.assign(frame, elements).slice(0, length));
}

describe('a continuation', () => {
  const TAG = streamTag(ORIGIN, 5);

  function writeOne(fields: Partial<Segment> = {}): Uint8Array {
    const writer = new MessagePackWriter(4_096);
    writeContinuation(writer, segmentOf({ tag: TAG, sequence: 8, index: 1, count: 2, ...fields }));
    return writer.take();
  }

  it('is an array of type, hops, tag, sequence, index, count and payload', () => {
    expect(decode(writeOne({ hops: 3 }))).toEqual([Frame.continuation, 3, TAG, 8, 1, 2, Uint8Array.of(1, 2, 3)]);
  });

  it('has its hops where a segment that tells its origin has them', () => {
    const frame = writeOne({ hops: 3 });
    frame[HOPS_OFFSET]!++;
    expect(readContinuationIn(frame)?.hops).toBe(4);
  });

  it('is never longer than its overhead says', () => {
    const segment = segmentOf({ tag: TAG, sequence: 70_000, index: 300, count: 70_000 });
    expect(writeOne(segment).length).toBeLessThanOrEqual(continuationOverhead(segment) + segment.payload.length);
  });

  it('may have further elements', () => {
    expect(readContinuationIn(continuationWith({ 7: { later: true } }, 8))).toMatchObject({
      tag: 77,
      index: 2,
      count: 4,
    });
  });

  it('belongs to the stream of its tag, as a first segment to that of its origin and boot', () => {
    const stream = { idBytes: ORIGIN, boot: 5, tag: TAG };
    const nextLife = { idBytes: ORIGIN, boot: 6, tag: streamTag(ORIGIN, 6) };
    for (const frame of [write(segmentOf()), writeOne()]) {
      expect(isOfStream(segmentIn(frame)!, stream)).toBe(true);
      expect(isOfStream(segmentIn(frame)!, nextLife)).toBe(false);
    }
  });

  it.each([
    ['too few elements', continuationWith({}, 6)],
    ['hops beyond the limit', continuationWith({ 1: MAX_HOPS + 1 })],
    ['a tag that is no integer', continuationWith({ 2: ORIGIN })],
    ['the first place in its message', continuationWith({ 4: 0 })],
    ['an index beyond its message', continuationWith({ 4: 4 })],
    ['a message that would begin before the stream', continuationWith({ 3: 2 })],
    ['a payload that is text', continuationWith({ 6: 'text' })],
  ])('is refused with %s', (_, frame) => {
    expect(readContinuationIn(continuationWith({}))).toBeDefined();
    expect(readContinuationIn(frame)).toBeUndefined();
  });

  it('is refused when it is cut short, wherever', () => {
    const whole = writeOne();
    for (let length = 0; length < whole.length; length++)
      expect(readContinuationIn(whole.subarray(0, length))).toBeUndefined();
  });
});

describe('the tag of a stream', () => {
  // SipHash-2-4 of the 24 bytes 00 01 .. 0f 05 00 .. 00 with a key of zeros, by another implementation.
  it('is a hash of origin and boot, of 53 bits', () => {
    expect(streamTag(ORIGIN, 5)).toBe(5_794_655_156_769_407);
    expect(streamTag(ORIGIN, 2 ** 53 - 1)).toBeLessThan(2 ** 53);
  });

  it('is another one for each origin and for each of its lives', () => {
    const origins = Array.from({ length: 100 }, (_, i) => ORIGIN.map((byte, at) => (at === 15 ? i : byte)));
    const tags = origins.flatMap(origin => [0, 1, 2 ** 41, 2 ** 41 + 1].map(boot => streamTag(origin, boot)));
    expect(new Set(tags).size).toBe(tags.length);
  });
});
