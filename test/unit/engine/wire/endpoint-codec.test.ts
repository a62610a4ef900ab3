import * as fc from 'fast-check';
import { isIPv6 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { decodeEndpoint, encodeEndpoint } from '../../../../lib/engine/wire/endpoint-codec.js';

const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('hex');
const fromHex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

/** The address that the bytes of 16 groups of two digits, and port 1, stand for. */
const textOf = (address: string) => decodeEndpoint(fromHex(`${address} 0001`))?.address;

describe('an endpoint on the wire', () => {
  it('is four bytes of IPv4 and the port, big endian', () => {
    const bytes = encodeEndpoint({ address: '10.0.2.255', port: 6969 });
    expect(hex(bytes)).toBe('0a0002ff1b39');
    expect(decodeEndpoint(bytes!)).toEqual({ address: '10.0.2.255', port: 6969 });
  });

  it('is sixteen bytes of IPv6 and the port, big endian', () => {
    const bytes = encodeEndpoint({ address: '2001:db8::1:2', port: 65_535 });
    expect(hex(bytes)).toBe('20010db8000000000000000000010002ffff');
    expect(decodeEndpoint(bytes!)).toEqual({ address: '2001:db8::1:2', port: 65_535 });
  });

  it.each(['', 'localhost', '1.2.3', '256.1.1.1', '2001:db8::1::2', '12345::'])(
    'does not exist for the address %j',
    address => {
      expect(encodeEndpoint({ address, port: 1 })).toBeUndefined();
    },
  );

  it('survives the way there and back, whatever the IPv4 address and port', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255)),
        fc.integer({ min: 1, max: 65_535 }),
        (parts, port) => {
          const endpoint = { address: parts.join('.'), port };
          expect(decodeEndpoint(encodeEndpoint(endpoint)!)).toEqual(endpoint);
        },
      ),
      { seed: 1 },
    );
  });

  it('is written as text and read again as the same bytes, whatever the IPv6 address', () => {
    const sparse = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(sparse, groups => {
        const bytes = new Uint8Array(18);
        groups.forEach((group, i) => bytes.set([group >> 8, group & 255], 2 * i));
        bytes[17] = 1;
        const endpoint = decodeEndpoint(bytes);
        fc.pre(endpoint !== undefined);
        expect(isIPv6(endpoint!.address)).toBe(true);
        expect(encodeEndpoint(endpoint!)).toEqual(bytes);
      }),
      { seed: 2, numRuns: 500 },
    );
  });
});

describe('IPv6 as text (RFC 5952)', () => {
  it.each([
    ['2001 0db8 0000 0000 0000 0000 0000 0001', '2001:db8::1', 'zeros are left out'],
    ['2001 0db8 0000 0001 0001 0001 0001 0001', '2001:db8:0:1:1:1:1:1', 'a single zero group stays'],
    ['2001 0000 0000 0001 0000 0000 0000 0001', '2001:0:0:1::1', 'the longest run is left out'],
    ['2001 0db8 0000 0000 0001 0000 0000 0001', '2001:db8::1:0:0:1', 'of equal runs the first is left out'],
    ['0000 0000 0000 0000 0000 0000 0000 0001', '::1', 'a run at the beginning'],
    ['fe80 0000 0000 0000 0000 0000 0000 0000', 'fe80::', 'a run at the end'],
    ['2001 0DB8 AAAA BBBB CCCC DDDD EEEE FFFF', '2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff', 'lower case'],
  ])('%s is %s: %s', (bytes, text) => {
    expect(textOf(bytes)).toBe(text);
  });
});

describe('what others say of addresses', () => {
  it.each([
    ['port 0', '0a000001 0000'],
    ['0.0.0.0', '00000000 1b39'],
    ['this network, 0.1.2.3', '00010203 1b39'],
    ['multicast, 224.0.0.1', 'e0000001 1b39'],
    ['the last multicast address', 'efffffff 1b39'],
    ['broadcast', 'ffffffff 1b39'],
    ['::', '00000000000000000000000000000000 1b39'],
    ['IPv6 multicast, ff02::1', 'ff020000000000000000000000000001 1b39'],
    ['IPv4 multicast mapped into IPv6', '00000000000000000000ffffe0000001 1b39'],
    ['an ordinary IPv4 address mapped into IPv6', '00000000000000000000ffff0a000001 1b39'],
    ['an address of no family', '0a0000 1b39'],
    ['nothing', ''],
    ['bytes after the port', '0a000001 1b39 00'],
  ])('is refused for %s', (_, bytes) => {
    expect(decodeEndpoint(fromHex(bytes))).toBeUndefined();
  });

  it.each(['127.0.0.1', '192.168.0.1', '223.255.255.255', '::1', 'fe80::1', 'fc00::7'])(
    'is accepted for %s',
    address => {
      expect(decodeEndpoint(encodeEndpoint({ address, port: 1 })!)).toEqual({ address, port: 1 });
    },
  );
});
