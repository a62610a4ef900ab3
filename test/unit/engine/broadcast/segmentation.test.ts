import { decode } from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OriginStream } from '../../../../lib/engine/broadcast/origin-stream.js';
import { LEAST_SEGMENT_BYTES } from '../../../../lib/engine/broadcast/reassembly.js';
import { Segmentation } from '../../../../lib/engine/broadcast/segmentation.js';
import { MAX_FRAME_BYTES } from '../../../../lib/engine/engine-context.js';
import { Frame } from '../../../../lib/engine/wire/frame.js';
import { MAX_ZONE_BYTES } from '../../../../lib/engine/wire/member-codec.js';
import { MAX_SCOPE_ZONES, MAX_SEGMENT_COUNT, segmentOf } from '../../../../lib/engine/wire/segment-frame.js';
import { EngineLab } from '../engine-lab.js';

const BOOT = 1_700_000_000_000;

function segmentation(): Segmentation {
  return new Segmentation(new EngineLab().context, new OriginStream(new Uint8Array(16).fill(7), BOOT, 1, 0));
}

/** The frames of a message. */
function framesOf(cutter: Segmentation, message: Uint8Array, zones?: readonly string[]): Uint8Array[] {
  expect(cutter.begin(message.length, zones)).toBe(true);
  const frames: Uint8Array[] = [];
  for (let frame = cutter.next(message); frame !== undefined; frame = cutter.next(message)) frames.push(frame.slice());
  return frames;
}

/** Payload of a frame. */
function payloadIn(frame: Uint8Array): Uint8Array {
  return (decode(frame) as Uint8Array[])[frame[1] === Frame.segment ? 7 : 6]!;
}

describe('cutting a message', () => {
  it('gives segments that each fit a frame, are numbered without holes, and make up the message', () => {
    const cutter = segmentation();
    let before = 0;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), message => {
        const frames = framesOf(cutter, message);
        const segments = frames.map(frame => ({ ...segmentOf(frame)! }));
        expect(Buffer.concat(frames.map(payloadIn)).equals(message)).toBe(true);
        expect(Math.max(...frames.map(({ length }) => length))).toBeLessThanOrEqual(MAX_FRAME_BYTES);
        expect(segments.map(({ sequence }) => sequence)).toEqual(frames.map((_, i) => before + 1 + i));
        expect(segments.map(({ index }) => index)).toEqual(frames.map((_, i) => i));
        expect(new Set(segments.map(({ count }) => count))).toEqual(new Set([frames.length]));
        before += frames.length;
      }),
      { seed: 1 },
    );
    expect(cutter.sequence).toBe(before);
  });

  it('tells origin and boot in the first segment only', () => {
    const types = framesOf(segmentation(), new Uint8Array(4_000)).map(frame => frame[1]);
    expect(types).toEqual([Frame.segment, Frame.continuation, Frame.continuation, Frame.continuation]);
  });

  // 1,176 less the head.
  it('puts 1,128 bytes into the first segment, and 1,146 into each that follows', () => {
    const sizes = framesOf(segmentation(), new Uint8Array(4_000)).map(frame => payloadIn(frame).length);
    expect(sizes).toEqual([1_128, 1_146, 1_146, 4_000 - 1_128 - 2 * 1_146]);
  });

  it('names the zones in the first segment, and leaves it enough bytes of the message', () => {
    const zones = Array.from({ length: MAX_SCOPE_ZONES }, (_, i) => `${i}`.padEnd(MAX_ZONE_BYTES, 'z'));
    const frames = framesOf(segmentation(), new Uint8Array(4_000), zones);
    expect(frames.map(frame => segmentOf(frame)!.zones)).toEqual([zones, ...frames.slice(1).map(() => undefined)]);
    expect(payloadIn(frames[0]!).length).toBeGreaterThanOrEqual(LEAST_SEGMENT_BYTES);
  });

  it('refuses what takes more segments than a message may have', () => {
    const most = 1_128 + (MAX_SEGMENT_COUNT - 1) * 1_146;
    expect(segmentation().begin(most, undefined)).toBe(true);
    expect(segmentation().begin(most + 1, undefined)).toBe(false);
  });

  it('keeps nothing of the message when it is done', () => {
    const cutter = segmentation();
    framesOf(cutter, new Uint8Array(4_000));
    expect(cutter.segment.payload.length).toBe(0);
  });
});
