import { decode, encode } from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frame } from '../../../../lib/engine/wire/frame.js';
import { MAX_ZONE_BYTES } from '../../../../lib/engine/wire/member-codec.js';
import { MessagePackReader } from '../../../../lib/engine/wire/message-pack-reader.js';
import { MessagePackWriter } from '../../../../lib/engine/wire/message-pack-writer.js';
import {
  HOPS_OFFSET,
  MAX_HOPS,
  MAX_SCOPE_ZONES,
  MAX_SEGMENT_COUNT,
  readSegment,
  Segment,
  segmentOverhead,
  writeSegment,
} from '../../../../lib/engine/wire/segment-frame.js';

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
