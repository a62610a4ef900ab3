import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { OriginStream } from '../../../../lib/engine/broadcast/origin-stream.js';
import {
  CONCURRENT_LARGEST_MESSAGES,
  type IncompleteMessage,
  LEAST_SEGMENT_BYTES,
  MAX_PARTIALS,
  Reassembly,
  REASSEMBLY_STALL_MS,
} from '../../../../lib/engine/broadcast/reassembly.js';
import { Counters } from '../../../../lib/engine/counters.js';
import { Segment } from '../../../../lib/engine/wire/segment-frame.js';

const MAX_MESSAGE = 10_000;
const stream = new OriginStream(new Uint8Array(16), 5, 1, 0);

let counters: Counters;
let reassembly: Reassembly;
let givenUp: IncompleteMessage[];

beforeEach(() => {
  counters = new Counters();
  givenUp = [];
  reassembly = new Reassembly(MAX_MESSAGE, counters, message => void givenUp.push(message));
});

/** One segment of the message that begins at `start`. */
function segment(start: number, index: number, count: number, payload: Uint8Array | number = 1): Segment {
  const bytes = typeof payload === 'number' ? new Uint8Array(payload).fill(index) : payload;
  return Object.assign(new Segment(), { sequence: start + index, index, count, payload: bytes });
}

const add = (piece: Segment, now = 0) => {
  const message = reassembly.add(stream, piece, now);
  reassembly.check();
  return message;
};

const refused = () => counters.drops.message_refused;

describe('putting a message together', () => {
  it('gives the message with its last segment, in whatever order they come', () => {
    const messages = fc
      .uint8Array({ minLength: 2, maxLength: 500 })
      .chain(bytes =>
        fc.tuple(fc.constant(bytes), fc.integer({ min: Math.ceil(bytes.length / 8), max: bytes.length - 1 })),
      )
      .map(([bytes, size]) => {
        const count = Math.ceil(bytes.length / size);
        const parts = Array.from({ length: count }, (_, i) =>
          segment(7, i, count, bytes.subarray(i * size, (i + 1) * size)),
        );
        return { bytes, parts };
      })
      .chain(({ bytes, parts }) =>
        fc.record({
          bytes: fc.constant(bytes),
          parts: fc.shuffledSubarray(parts, { minLength: parts.length, maxLength: parts.length }),
        }),
      );
    fc.assert(
      fc.property(messages, ({ bytes, parts }) => {
        const last = parts.length - 1;
        parts.forEach((part, i) => {
          const message = add(part);
          expect(message?.payload).toEqual(i === last ? bytes : undefined);
        });
        expect(reassembly).toMatchObject({ pending: 0, bytes: 0 });
      }),
      { seed: 1 },
    );
  });

  it('keeps messages of one origin apart, and those of its former life', () => {
    const formerLife = new OriginStream(stream.idBytes, stream.boot - 1, 1, 0);
    add(segment(1, 0, 2));
    add(segment(3, 0, 2));
    reassembly.add(formerLife, segment(1, 0, 2), 0);
    expect(reassembly.pending).toBe(3);
    expect(add(segment(3, 1, 2))?.payload).toEqual(Uint8Array.of(0, 1));
    expect(reassembly.pending).toBe(2);
  });

  it('takes the zones from the first segment, whenever it comes', () => {
    add(segment(1, 1, 2));
    expect(add(Object.assign(segment(1, 0, 2), { zones: ['a'] }))?.zones).toEqual(['a']);
  });

  it('tells the hops of the segment that arrived first', () => {
    add(Object.assign(segment(1, 1, 2), { hops: 3 }));
    expect(add(Object.assign(segment(1, 0, 2), { hops: 9 }))?.hops).toBe(3);
  });
});

describe('a message is refused', () => {
  it('when it claims more segments than the largest message can have', () => {
    const most = Math.floor(MAX_MESSAGE / LEAST_SEGMENT_BYTES) + 1;
    add(segment(1, 0, most));
    expect(refused()).toBe(0);
    add(segment(1_000, 0, most + 1));
    expect(refused()).toBe(1);
    expect(reassembly.pending).toBe(1);
  });

  it('when its segments are larger in sum than the largest message', () => {
    add(segment(1, 0, 3, MAX_MESSAGE / 2));
    add(segment(1, 1, 3, MAX_MESSAGE / 2));
    expect(refused()).toBe(0);
    expect(add(segment(1, 2, 3, 1))).toBeUndefined();
    expect(refused()).toBe(1);
    expect(reassembly.bytes).toBe(0);
  });

  it('when its segments disagree on their number', () => {
    add(segment(1, 0, 2));
    expect(add(segment(1, 1, 3))).toBeUndefined();
    expect(refused()).toBe(1);
  });

  it('when a segment comes a second time, which only a contradiction can', () => {
    add(segment(1, 0, 2));
    expect(add(segment(1, 0, 2))).toBeUndefined();
    expect(refused()).toBe(1);
  });

  it('and its further segments with it, without being counted again', () => {
    add(segment(1, 0, 2));
    add(segment(1, 1, 3));
    expect(add(segment(1, 1, 2))).toBeUndefined();
    expect(add(segment(1, 2, 3))).toBeUndefined();
    expect(refused()).toBe(1);
  });
});

describe('incomplete messages', () => {
  it('are given up when nothing of them came for long', () => {
    add(segment(1, 0, 3), 0);
    add(segment(10, 0, 3), 0);
    add(segment(1, 1, 3), 20_000);
    reassembly.expire(REASSEMBLY_STALL_MS);
    expect(counters.drops.reassembly_stalled).toBe(1);
    expect(givenUp).toEqual([
      { stream, zones: undefined, sequence: 10, receivedBytes: 1, segments: 3, missingSegments: 2, reason: 'stalled' },
    ]);
    expect(reassembly.pending).toBe(1);
    expect(add(segment(1, 2, 3), REASSEMBLY_STALL_MS)?.payload.length).toBe(3);
    reassembly.check();
  });

  it('are forgotten without being counted again when they were refused before', () => {
    add(segment(1, 0, 2));
    add(segment(1, 1, 3));
    reassembly.expire(REASSEMBLY_STALL_MS);
    expect(counters.drops).toMatchObject({ message_refused: 1, reassembly_stalled: 0 });
    expect(reassembly.pending).toBe(0);
    expect(givenUp).toEqual([]);
  });

  it('hold a bounded number of bytes: the oldest make room', () => {
    const half = MAX_MESSAGE / 2;
    for (let i = 0; i < 100; i++) add(segment(1 + 10 * i, 0, 3, half));
    expect(reassembly.bytes).toBeLessThanOrEqual(CONCURRENT_LARGEST_MESSAGES * MAX_MESSAGE);
    expect(reassembly.pending + counters.drops.reassembly_full).toBe(100);
    expect(givenUp[0]).toMatchObject({ sequence: 1, receivedBytes: half, reason: 'crowded_out' });
    add(segment(991, 1, 3, half - 1));
    expect(add(segment(991, 2, 3, 1))?.payload.length).toBe(MAX_MESSAGE);
  });

  it('are bounded in number, however small', () => {
    for (let i = 0; i < MAX_PARTIALS + 50; i++) reassembly.add(stream, segment(1 + 10 * i, 0, 2, 0), 0);
    reassembly.check();
    expect(reassembly.pending).toBe(MAX_PARTIALS);
    expect(counters.drops.reassembly_full).toBe(50);
  });

  it('are bounded in number even when each is refused at once', () => {
    for (let i = 0; i < MAX_PARTIALS + 50; i++) reassembly.add(stream, segment(1 + 10 * i, 0, 2, MAX_MESSAGE + 1), 0);
    reassembly.check();
    expect(reassembly.pending).toBe(MAX_PARTIALS);
    expect(counters.drops.message_refused).toBe(MAX_PARTIALS + 50);
  });
});
