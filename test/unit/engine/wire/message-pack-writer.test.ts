import { decodeMulti } from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessagePackReader } from '../../../../lib/engine/wire/message-pack-reader.js';
import { MessagePackWriter, uintSize } from '../../../../lib/engine/wire/message-pack-writer.js';

type Value = number | string | Uint8Array | null;

function write(writer: MessagePackWriter, value: Value): void {
  if (value === null) writer.nil();
  else if (typeof value === 'number') writer.uint(value);
  else if (typeof value === 'string') writer.text(value);
  else writer.bytes(value);
}

function readBack(reader: MessagePackReader, written: Value): Value {
  if (written === null) return reader.nil() ? null : -1;
  if (typeof written === 'number') return reader.uint();
  return typeof written === 'string' ? reader.text(255) : reader.bytes();
}

const uints = fc.oneof(
  fc.constantFrom(0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
  fc.nat(300),
);

const frames = fc.array(
  fc.oneof(
    uints,
    fc.constant(null),
    fc.uint8Array({ maxLength: 600 }),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
  ),
  { maxLength: 30 },
);

describe('what the writer writes', () => {
  it('is read by the library as it was meant', () => {
    fc.assert(
      fc.property(frames, values => {
        const writer = new MessagePackWriter(65_536);
        writer.array(values.length);
        for (const value of values) write(writer, value);
        expect([...decodeMulti(writer.take())]).toEqual([values]);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it('is read by our reader as it was meant', () => {
    fc.assert(
      fc.property(frames, values => {
        const writer = new MessagePackWriter(65_536);
        writer.array(values.length);
        for (const value of values) write(writer, value);
        const reader = new MessagePackReader();
        reader.reset(writer.take());
        expect(reader.array()).toBe(values.length);
        expect(values.map(value => readBack(reader, value))).toEqual(values);
        expect(reader).toMatchObject({ failed: false, isAtEnd: true });
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it.each([0, 15, 16, 300, 65_535])('is an array of %d for the library', length => {
    const writer = new MessagePackWriter(70_000);
    writer.array(length);
    for (let i = 0; i < length; i++) writer.nil();
    expect([...decodeMulti(writer.take())]).toEqual([Array.from({ length }, () => null)]);
  });

  it('takes as many bytes for an integer as uintSize() says', () => {
    fc.assert(
      fc.property(uints, value => {
        const writer = new MessagePackWriter(16);
        writer.uint(value);
        expect(writer.take().length).toBe(uintSize(value));
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});

describe('the buffer of a writer', () => {
  it('is shared by the frames of a slab, each of which stays as it was taken', () => {
    const writer = new MessagePackWriter(20, 64);
    const frames = Array.from({ length: 100 }, (_, i) => {
      writer.reset();
      writer.bytes(new Uint8Array(i % 18).fill(i));
      return writer.take();
    });
    for (const [i, frame] of frames.entries()) {
      expect(frame).toEqual(Uint8Array.of(0xc4, i % 18, ...new Uint8Array(i % 18).fill(i)));
    }
    expect(new Set(frames.map(frame => frame.buffer)).size).toBeLessThan(50);
  });

  it('gives nothing of what was begun and not taken', () => {
    const writer = new MessagePackWriter(16);
    writer.uint(1);
    writer.reset();
    writer.uint(2);
    expect(writer.take()).toEqual(Uint8Array.of(2));
  });

  it('takes at most 255 bytes of a text, and cuts between characters', () => {
    const writer = new MessagePackWriter(600);
    writer.text('€'.repeat(100));
    expect([...decodeMulti(writer.take())]).toEqual(['€'.repeat(85)]);
  });
});
