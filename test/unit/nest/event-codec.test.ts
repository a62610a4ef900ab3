import { Decoder, decode, encode, ExtData } from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEvent, encodeEvent, readData, readMetadata, readPattern } from '../../../lib/nest/event-codec.js';
import { EventReader } from '../../../lib/nest/event-reader.js';
import { GwyhEncodeError } from '../../../lib/nest/gwyh.errors.js';

const pattern = 'cache.invalidate';

function roundTrip(data: unknown): unknown {
  return decodeEvent(encodeEvent(pattern, data))!.data;
}

function emitError(data: unknown): string {
  const error = thrownBy(() => encodeEvent(pattern, data));
  expect(error).toBeInstanceOf(GwyhEncodeError);
  return (error as GwyhEncodeError).message;
}

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

function nested(levels: number): unknown {
  let value: unknown = 'core';
  for (let i = 0; i < levels; i++) value = [value];
  return value;
}

/** Such a key is refused, on purpose. */
function isWithoutProto(value: unknown): boolean {
  return !JSON.stringify(value).includes('__proto__');
}

describe('event payload', () => {
  it('is a MessagePack array that any decoder reads', () => {
    expect(decode(encodeEvent(pattern, undefined))).toEqual([pattern]);
    expect(decode(encodeEvent(pattern, { key: 1 }))).toEqual([pattern, { key: 1 }]);
    const metadata = { trace: 'ab' };
    expect(decode(encodeEvent(pattern, null, metadata))).toEqual([pattern, null, metadata]);
  });

  it('is written so that the decoder of @msgpack/msgpack reads all that MessagePack itself has types for', () => {
    const value = fc.anything({ withDate: true, withBigInt: false, withNullPrototype: true, maxDepth: 4 });
    fc.assert(
      fc.property(value, data => {
        const payload = attempt(() => encodeEvent(pattern, { data }));
        const expected = payload && attempt(() => encode([pattern, { data }], { ignoreUndefined: true }));
        fc.pre(expected !== undefined);
        expect(decode(payload!)).toEqual(decode(expected));
      }),
      { numRuns: 300 },
    );
  });

  it('has a head of the shortest form for lists, objects, texts and binaries of any length', () => {
    for (const length of [0, 15, 16, 31, 32, 40, 255, 256, 65_535, 65_536]) {
      const list = Array.from({ length }, (_, i) => i);
      const object = Object.fromEntries(list.map(i => [`k${i}`, 1 - i]));
      for (const data of [list, 'é'.repeat(length / 2), 'a'.repeat(length), new Uint8Array(length)]) {
        expect(encodeEvent(pattern, data)).toEqual(encode([pattern, data]));
      }
      expect(decode(encodeEvent(pattern, object))).toEqual([pattern, object]);
    }
  });

  it('is read when any encoder wrote it', () => {
    expect(decodeEvent(encode([pattern, { key: 'a', ids: [1, 2] }, { trace: 'ab' }]))).toEqual({
      pattern,
      data: { key: 'a', ids: [1, 2] },
      metadata: { trace: 'ab' },
    });
  });

  it('keeps missing data apart from null, with and without metadata', () => {
    expect(roundTrip(undefined)).toBeUndefined();
    expect(roundTrip(null)).toBeNull();
    const metadata = { trace: 'ab' };
    expect(decodeEvent(encodeEvent(pattern, undefined, metadata))).toEqual({
      pattern,
      data: undefined,
      metadata,
    });
  });

  it('tells its pattern first, from wherever it lies in other bytes', () => {
    const payload = encodeEvent(pattern, new Map([[1, 2]]), { a: 'b' });
    const bytes = Uint8Array.from([1, 2, 3, ...payload, 4]);
    expect(readPattern(bytes, 3, bytes.length - 1)).toBe(pattern);
    expect([readData(), readMetadata()]).toEqual([new Map([[1, 2]]), { a: 'b' }]);
  });

  it('ends where it is told to, though bytes follow', () => {
    const payload = encodeEvent(pattern, 'text');
    expect(readPattern(payload, 0, payload.length - 1)).toBe(pattern);
    expect(readData).toThrow('the message ends too early');
  });
});

describe('event data round trip', () => {
  it('keeps all data JSON can hold', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }).filter(isWithoutProto), value => {
        // JSON has a negative zero, MessagePack integers have not.
        const json = JSON.stringify(value);
        // Refused, and tested below.
        fc.pre(!json.includes('"__proto__"'));
        const data: unknown = JSON.parse(json);
        expect(roundTrip(data)).toEqual(data);
      }),
    );
  });

  it('keeps every number', () => {
    fc.assert(
      fc.property(fc.double(), number => void expect(roundTrip([number])).toEqual([number === 0 ? 0 : number])),
    );
    fc.assert(fc.property(fc.maxSafeInteger(), number => void expect(roundTrip(number)).toBe(number)));
  });

  it('keeps every well-formed string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), text => void expect(roundTrip(text)).toBe(text)),
    );
  });

  it('keeps the byte order mark of a long text', () => {
    const text = `\ufeff${'csv;'.repeat(100)}`;
    expect(roundTrip(text)).toBe(text);
  });

  it('keeps bigints of any size', () => {
    fc.assert(fc.property(fc.bigInt(), value => void expect(roundTrip(value)).toBe(value)));
    for (const edge of [0n, -1n, 127n, 128n, -128n, -129n, 2n ** 63n, -(2n ** 63n), 2n ** 64n, -(2n ** 4096n)]) {
      expect(roundTrip({ edge })).toEqual({ edge });
    }
  });

  it('keeps dates of any year', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), date => void expect(roundTrip({ date })).toEqual({ date })),
    );
  });

  it('keeps a Buffer a Buffer and a Uint8Array a Uint8Array', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        const read = roundTrip({ bytes, buffer: Buffer.from(bytes) }) as { bytes: Uint8Array; buffer: Buffer };
        expect(Object.getPrototypeOf(read.bytes)).toBe(Uint8Array.prototype);
        expect(Buffer.isBuffer(read.buffer)).toBe(true);
        expect(read.bytes).toEqual(bytes);
        expect(read.buffer.equals(bytes)).toBe(true);
      }),
    );
  });

  it('keeps Maps and Sets and what they hold', () => {
    const data = {
      map: new Map<unknown, unknown>([
        ['a', new Set([1, 2n])],
        [3, { at: new Date(5) }],
        [null, new Map()],
      ]),
      set: new Set(['x', ['y']]),
    };
    expect(roundTrip(data)).toEqual(data);
  });

  it('drops undefined properties and turns undefined elements into null, as JSON does', () => {
    expect(roundTrip({ a: undefined, b: 1 })).toStrictEqual({ b: 1 });
    expect(roundTrip([undefined, 1])).toEqual([null, 1]);
  });

  it('sends instances as their own properties and those with a toJSON() as what it returns', () => {
    class Point {
      x = 1;
      get y() {
        return 2;
      }
    }
    class Money {
      constructor(private readonly cents: number) {}
      toJSON() {
        return { amount: this.cents / 100 };
      }
    }
    expect(roundTrip({ point: new Point() })).toStrictEqual({ point: { x: 1 } });
    const price = new Money(250);
    expect(roundTrip({ price, prices: new Map([['now', price]]), url: new URL('http://a/'), at: new Date(1) })).toEqual(
      {
        price: { amount: 2.5 },
        prices: new Map([['now', { amount: 2.5 }]]),
        url: 'http://a/',
        at: new Date(1),
      },
    );
    expect(roundTrip({ toJSON: () => 'own' })).toBe('own');
  });

  it('keeps data of other realms and without a prototype', () => {
    const data: unknown = Object.assign(Object.create(null), { a: 1 });
    expect(roundTrip(data)).toEqual({ a: 1 });
  });

  it('shares no memory with the payload', () => {
    const payload = encodeEvent(pattern, { bytes: new Uint8Array([1, 2]), buffer: Buffer.from([3]) });
    const { data } = decodeEvent(payload)!;
    payload.fill(0xff);
    expect(data).toEqual({ bytes: new Uint8Array([1, 2]), buffer: Buffer.from([3]) });
    expect((data as { bytes: Uint8Array }).bytes.buffer.byteLength).toBe(2);
  });

  it('reads a payload that is a Buffer in the middle of other bytes', () => {
    const payload = encodeEvent(pattern, { bytes: new Uint8Array([1, 2]), text: 'é'.repeat(40) });
    const around = Buffer.concat([Buffer.from('before'), payload, Buffer.from('after')]);
    const read = decodeEvent(around.subarray(6, 6 + payload.length))!.data as { bytes: Uint8Array };
    expect(read).toEqual({ bytes: new Uint8Array([1, 2]), text: 'é'.repeat(40) });
    expect(Buffer.isBuffer(read.bytes)).toBe(false);
  });

  it('is the same for an event emitted while another one is being written', () => {
    let inner: Uint8Array | undefined;
    const outer = encodeEvent(pattern, {
      get a() {
        inner = encodeEvent('inner', [1]);
        return 'a';
      },
    });
    expect(decodeEvent(outer)).toEqual({ pattern, data: { a: 'a' } });
    expect(decodeEvent(inner!)).toEqual({ pattern: 'inner', data: [1] });
  });

  it('survives an event larger than the buffer that is kept', () => {
    const big = 'x'.repeat(3_000_000);
    expect(roundTrip(big)).toBe(big);
    expect(roundTrip('small')).toBe('small');
  });
});

describe('data that cannot be sent', () => {
  it('is told with the pattern and the path to it', () => {
    expect(emitError({ user: { save: () => 1 } })).toBe('Cannot emit "cache.invalidate": data.user.save is a function');
    expect(emitError([{ tag: Symbol('x') }])).toContain('data[0].tag is a symbol');
    expect(emitError({ at: new Date(Number.NaN) })).toContain('data.at is an invalid Date');
    expect(emitError({ user: Promise.resolve() })).toContain('data.user is a Promise');
    expect(emitError({ vector: new Float32Array(2) })).toContain('data.vector is a Float32Array');
    expect(emitError({ raw: new ArrayBuffer(2) })).toContain('data.raw is an ArrayBuffer');
    expect(emitError(new Map([['f', () => 1]]))).toContain('an entry of data is a function');
    expect(emitError(() => 1)).toContain('data is a function');
  });

  it('includes cycles, through Maps as well', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = { circle };
    expect(emitError({ circle })).toContain('data.circle.self.circle refers back to an object that holds it');
    const map = new Map<string, unknown>();
    map.set('self', map);
    expect(emitError(map)).toContain('refers back');
    const lazy = { toJSON: () => lazy };
    expect(emitError({ lazy })).toContain('refers back');
  });

  it('includes data nested too deep to read safely', () => {
    expect(roundTrip(nested(90))).toEqual(nested(90));
    expect(emitError(nested(101))).toContain('nested deeper than 100 levels');
  });

  it('includes a key __proto__', () => {
    expect(emitError(JSON.parse('{"a":{"__proto__":{"admin":true}}}'))).toContain('data.a has a key __proto__');
  });

  it('includes headers that are not text', () => {
    const metadata = { retries: 1 } as unknown as Record<string, string>;
    expect(() => encodeEvent(pattern, 1, metadata)).toThrow('headers and metadata are text');
  });

  it('passes on what a getter throws', () => {
    const broken = {
      get name(): string {
        throw new Error('lazy field not loaded');
      },
    };
    expect(emitError(broken)).toContain('lazy field not loaded');
  });

  it('leaves the codec usable', () => {
    emitError({ f: () => 1 });
    emitError(new Map([['f', () => 1]]));
    expect(roundTrip({ a: new Map([[1, new Map([[2, 3]])]]) })).toEqual({ a: new Map([[1, new Map([[2, 3]])]]) });
  });
});

describe('reading hostile bytes', () => {
  it.each([
    ['nothing', new Uint8Array()],
    ['not an array', encode('cache.invalidate')],
    ['no pattern', encode([])],
    ['a pattern that is a number', encode([1, 2])],
    ['more than an event', encode([pattern, 1, {}, 4])],
    ['bytes behind it', Buffer.concat([encode([pattern]), encode(1)])],
    ['metadata that is a list', encode([pattern, 1, ['a']])],
    ['metadata that is not text', encode([pattern, 1, { a: 1 }])],
    ['an unknown extension', encode([pattern, new ExtData(77, new Uint8Array(3))])],
    ['a timestamp of a wrong size', encode([pattern, new ExtData(-1, new Uint8Array(3))])],
    ['a bigint without bytes', encode([pattern, new ExtData(1, new Uint8Array())])],
    ['a Map of one half', encode([pattern, new ExtData(3, encode([1]))])],
    ['a Set that is no list', encode([pattern, new ExtData(4, encode('a'))])],
    ['a Set with bytes behind it', encode([pattern, new ExtData(4, new Uint8Array([0x90, 0x90]))])],
    ['a reserved byte', new Uint8Array([0x91, 0xc1])],
  ])('throws on %s', (_, payload) => {
    expect(() => decodeEvent(payload)).toThrow(RangeError);
  });

  it('refuses a key __proto__', () => {
    const payload = encode([pattern, JSON.parse('{"__proto__":{"admin":true}}')]);
    expect(() => decodeEvent(payload)).toThrow('__proto__');
  });

  it('allocates nothing for lengths that are only announced', () => {
    const announced = new Uint8Array(5 * 400).map((_, i) => [0xdd, 0x01, 0xff, 0xff, 0xff][i % 5]!);
    expect(() => new EventReader(announced).value()).toThrow(RangeError);
    const map = new Uint8Array([0x91, 0xdf, 0xff, 0xff, 0xff, 0xff]);
    expect(() => decodeEvent(map)).toThrow('too early');
  });

  it('limits the depth, through Maps as well', () => {
    const arrays = new Uint8Array(500_000).fill(0x91);
    expect(() => new EventReader(arrays).value()).toThrow('nested too deep');
    let map = encode([1, 2]);
    for (let i = 0; i < 600; i++) map = encode([new ExtData(3, map), 1]);
    expect(() => new EventReader(map).value()).toThrow('nested too deep');
  });

  it('throws nothing but errors of range, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        const error = thrownBy(() => new EventReader(bytes).value());
        expect(error ?? new RangeError()).toBeInstanceOf(RangeError);
      }),
      { numRuns: 3000 },
    );
  });

  it('agrees with the decoder of @msgpack/msgpack on what both accept', () => {
    const reference = new Decoder();
    fc.assert(
      fc.property(fc.anything({ withTypedArray: false, withDate: false, withNullPrototype: false }), value => {
        const bytes = attempt(() => encode(value));
        const expected = bytes && attempt(() => ({ value: reference.decode(bytes) }));
        fc.pre(expected !== undefined);
        expect({ value: new EventReader(bytes!).value() }).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads integers that a number cannot hold as bigints', () => {
    const bytes = new Uint8Array([0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    expect(new EventReader(bytes).value()).toBe(2n ** 64n - 1n);
  });
});
