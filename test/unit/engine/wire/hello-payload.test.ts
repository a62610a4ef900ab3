import { decode, encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { decodeHelloPayload, encodeHelloPayload } from '../../../../lib/engine/wire/hello-payload.js';

const HELLO = { zone: 'eu-west-1', incarnation: 1_700_000_000_000, advertised: { address: '192.0.2.1', port: 6969 } };
const ADVERTISED = Uint8Array.of(192, 0, 2, 1, 0x1b, 0x39);

describe('what a homie says of itself in the handshake', () => {
  it('is an array of zone, incarnation and advertised endpoint', () => {
    expect(decode(encodeHelloPayload(HELLO))).toEqual(['eu-west-1', 1_700_000_000_000, ADVERTISED]);
  });

  it('is read as it was written', () => {
    expect(decodeHelloPayload(encodeHelloPayload(HELLO))).toEqual(HELLO);
    const plain = { ...HELLO, advertised: undefined };
    expect(decodeHelloPayload(encodeHelloPayload(plain))).toEqual(plain);
  });

  it('fits the payload of a handshake with the longest zone', () => {
    const longest = { ...HELLO, zone: 'z'.repeat(64), advertised: { address: '2001:db8::1', port: 1 } };
    expect(decodeHelloPayload(encodeHelloPayload(longest))).toEqual(longest);
    expect(encodeHelloPayload(longest).length).toBeLessThan(128);
  });

  it('may have further elements, which a later version understands', () => {
    expect(decodeHelloPayload(encode(['a', 1, null, { more: [1, 2] }]))).toEqual({
      zone: 'a',
      incarnation: 1,
      advertised: undefined,
    });
  });

  it('counts as unadvertised with an endpoint that must not be dialled', () => {
    expect(decodeHelloPayload(encode(['a', 1, new Uint8Array(6)]))?.advertised).toBeUndefined();
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['no array', encode('a')],
    ['too few elements', encode(['a', 1])],
    ['a zone that is no text', encode([1, 1, null])],
    ['a zone that is too long', encode(['z'.repeat(65), 1, null])],
    ['an incarnation that is no integer', encode(['a', 1.5, null])],
    ['an endpoint that is text', encode(['a', 1, '192.0.2.1'])],
    ['random bytes', Uint8Array.of(0x93, 0xff, 0x12, 0xc1)],
  ])('is refused as %s', (_, bytes) => {
    expect(decodeHelloPayload(bytes)).toBeUndefined();
  });

  it('is refused when it is cut short, wherever', () => {
    const whole = encodeHelloPayload(HELLO);
    for (let length = 0; length < whole.length; length++) {
      expect(decodeHelloPayload(whole.subarray(0, length))).toBeUndefined();
    }
  });
});
