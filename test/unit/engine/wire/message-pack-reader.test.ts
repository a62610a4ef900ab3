import { Encoder, ExtData } from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessagePackReader } from '../../../../lib/engine/wire/message-pack-reader.js';

/** What the library writes is what any stranger's program would write. */
const library = new Encoder();
const bigIntLibrary = new Encoder({ useBigInt64: true });
const encode = (value: unknown) => library.encode(value).slice();
const encodeBig = (value: unknown) => bigIntLibrary.encode(value).slice();

function read(bytes: Uint8Array): MessagePackReader {
  const reader = new MessagePackReader();
  reader.reset(bytes);
  return reader;
}

const readers: Record<string, (reader: MessagePackReader) => unknown> = {
  array: reader => reader.array(),
  uint: reader => reader.uint(),
  bytes: reader => reader.bytes(),
  bytesOf: reader => reader.bytesOf(4),
  text: reader => reader.text(64),
  nil: reader => reader.nil(),
  skip: reader => reader.skip(),
};

/** Any value that MessagePack has a type for. */
const anyValue = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.double(),
    fc.string({ maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.date({ noInvalidDate: true }),
    fc.tuple(fc.nat(100), fc.uint8Array({ maxLength: 300 })).map(([type, data]) => new ExtData(type, data)),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.string({ maxLength: 40 }), tie('value'), { maxKeys: 20 }),
  ),
})).value;

describe('reading what the library wrote', () => {
  it.each([0, 1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER])(
    'reads the integer %d',
    value => {
      const reader = read(encode(value));
      expect(reader.uint()).toBe(value);
      expect(reader).toMatchObject({ isAtEnd: true, failed: false });
    },
  );

  it.each([0, 1, 255, 256, 65_535])('reads binary of %d bytes', length => {
    const value = new Uint8Array(length).map((_, i) => i);
    const reader = read(encode(value));
    expect(Buffer.compare(reader.bytes(), value)).toBe(0);
    expect(reader).toMatchObject({ isAtEnd: true, failed: false });
  });

  it.each(['', 'eu-west-1', 'a'.repeat(31), 'a'.repeat(32), 'Zürich', '東京', '🛰', '\ufeffmarked'])(
    'reads the text %j',
    value => {
      const reader = read(encode(value));
      expect(reader.text(64)).toBe(value);
      expect(reader).toMatchObject({ isAtEnd: true, failed: false });
    },
  );

  it.each([0, 1, 15, 16, 1_000])('reads the length of an array of %d', length => {
    const reader = read(encode(Array.from({ length }, () => null)));
    expect(reader.array()).toBe(length);
    for (let i = 0; i < length; i++) expect(reader.nil()).toBe(true);
    expect(reader).toMatchObject({ isAtEnd: true, failed: false });
  });

  it('hands out binary as a view, not as a copy', () => {
    const datagram = encode(Uint8Array.of(1, 2, 3));
    expect(read(datagram).bytes().buffer).toBe(datagram.buffer);
  });

  it('leaves what is not nil where it is', () => {
    const reader = read(encode(7));
    expect(reader.nil()).toBe(false);
    expect(reader.uint()).toBe(7);
  });
});

describe('skip()', () => {
  it('lands exactly at the end of any value', () => {
    fc.assert(
      fc.property(anyValue, value => {
        const bytes = encodeBig(value);
        const reader = read(Uint8Array.of(...bytes, 0x2a));
        reader.skip();
        expect(reader.position).toBe(bytes.length);
        expect(reader.uint()).toBe(42);
        expect(reader.failed).toBe(false);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it.each([
    ['a long text', 'x'.repeat(70_000)],
    ['long binary', new Uint8Array(70_000)],
    ['a long array', Array.from({ length: 70_000 }, () => 0)],
    ['a long extension', new ExtData(5, new Uint8Array(70_000))],
    ['a map of many keys', Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [i, null]))],
    ['extensions of the fixed sizes', [1, 2, 4, 8, 16].map(size => new ExtData(1, new Uint8Array(size)))],
    ['a 32-bit float', undefined],
  ])('passes over %s', (_, value) => {
    const bytes = value === undefined ? new Encoder({ forceFloat32: true }).encode(1.5) : encode(value);
    const reader = read(bytes);
    reader.skip();
    expect(reader).toMatchObject({ position: bytes.length, failed: false });
  });

  it('does not follow arrays in arrays that cannot end within the buffer', () => {
    const nested = new Uint8Array(60_000).fill(0xdd);
    const reader = read(nested);
    reader.skip();
    expect(reader.failed).toBe(true);
  });

  it('refuses the one byte that MessagePack never uses', () => {
    const reader = read(Uint8Array.of(0xc1, 0xc0));
    reader.skip();
    expect(reader.failed).toBe(true);
  });
});

describe('reading what is no such value', () => {
  it('notices any value that is cut short', () => {
    const samples: [keyof typeof readers, unknown][] = [
      ['uint', 200],
      ['uint', 2 ** 16],
      ['uint', 2 ** 40],
      ['bytes', new Uint8Array(300)],
      ['bytesOf', new Uint8Array(4)],
      ['text', 'short'],
      ['text', 'x'.repeat(60)],
      ['array', Array.from({ length: 20 }, () => 0)],
      ['skip', [1, 'two', { three: 3.5 }, [new Uint8Array(20)], new Date(0), -5_000_000_000]],
    ];
    for (const [kind, value] of samples) {
      const whole = encode(value);
      const headOfArray = kind === 'array' ? 3 : whole.length;
      for (let length = 0; length < headOfArray; length++) {
        const reader = read(whole.subarray(0, length));
        readers[kind]!(reader);
        expect(reader.failed, `${kind} cut to ${length} bytes`).toBe(true);
      }
    }
  });

  it.each([
    ['uint', [-1, -200, 1.5, true, null, 'text', [], {}, new Uint8Array(1), 2n ** 53n]],
    ['bytes', [1, 'text', null, [], {}]],
    ['bytesOf', [new Uint8Array(3), new Uint8Array(5), 'four', 1]],
    ['text', [1, null, new Uint8Array(4), [], 'x'.repeat(65), 'é'.repeat(33)]],
    ['array', [1, 'text', null, {}, new Uint8Array(2)]],
  ])('%s refuses values of other types and sizes', (kind, values) => {
    for (const value of values) {
      const reader = read(encodeBig(value));
      readers[kind]!(reader);
      expect(reader.failed, `${kind} of ${String(value)}`).toBe(true);
    }
  });

  it.each([
    ['a lone continuation byte', [0x80]],
    ['a character cut short', [0xe6, 0x9d]],
    ['half of a surrogate pair', [0xed, 0xa0, 0x80]],
    ['a zero in two bytes', [0xc0, 0x80]],
  ])('refuses text with %s, which would be longer when written again', (_, bytes) => {
    const reader = read(Uint8Array.of(0xa0 | bytes.length, ...bytes));
    expect(reader.text(64)).toBe('');
    expect(reader.failed).toBe(true);
  });

  it('reads nothing but emptiness after a failure', () => {
    const reader = read(Uint8Array.of(...encode('text'), ...encode(5), ...encode('more')));
    expect(reader.uint()).toBe(0);
    expect([reader.uint(), reader.text(64), reader.array(), reader.nil()]).toEqual([0, '', 0, false]);
    expect(reader.bytes().length + reader.bytesOf(4).length).toBe(0);
    expect(reader).toMatchObject({ failed: true, isAtEnd: true });
  });

  it('is ready for the next datagram after a failure', () => {
    const reader = read(encode('text'));
    reader.uint();
    reader.reset(encode(5));
    expect(reader.uint()).toBe(5);
    expect(reader.failed).toBe(false);
  });

  it('never throws and never reads beyond the end, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.array(fc.constantFrom(...Object.keys(readers)), { maxLength: 20 }),
        (bytes, steps) => {
          const reader = read(bytes);
          for (const step of steps) {
            readers[step]!(reader);
            expect(reader.position).toBeLessThanOrEqual(bytes.length);
          }
        },
      ),
      { seed: 2, numRuns: 2_000 },
    );
  });
});
