import { describe, expect, it } from 'vitest';
import { addressPrefix, addressToBytes, writeAddress } from '../../../lib/engine/crypto/address-bytes.js';
import { hexOf } from './seeded-random.js';

const hexOfAddress = (address: string) => {
  const bytes = addressToBytes(address);
  return bytes === undefined ? undefined : hexOf(bytes);
};

describe('an address as bytes', () => {
  for (const [text, hex] of [
    ['10.0.0.1', '00000000000000000000ffff0a000001'],
    ['255.255.255.255', '00000000000000000000ffffffffffff'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['1::', '00010000000000000000000000000000'],
    ['2001:db8::8a2e:370:7334', '20010db80000000000008a2e03707334'],
    ['2001:db8:1:2:3:4:5:6', '20010db8000100020003000400050006'],
    ['2001:DB8::A', '20010db800000000000000000000000a'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
    ['::2:3:4:5:6:7:8', '00000002000300040005000600070008'],
    ['::ffff:10.0.0.1', '00000000000000000000ffff0a000001'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001'],
    ['fe80::1%2', 'fe800000000000000000000000000001'],
  ]) {
    it(`is read from ${text}`, () => expect(hexOfAddress(text!)).toBe(hex));
  }

  for (const text of [
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.-1',
    '1.2.3.4 ',
    '0x1.2.3.4',
    '1..2.3',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '12345::',
    'g::',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1.2.3.4::',
    '::1.2.3',
    '::1.2.3.4:5',
    '%eth0',
    ':'.repeat(1000),
  ]) {
    it(`is not read from "${text.slice(0, 30)}"`, () => expect(hexOfAddress(text)).toBeUndefined());
  }

  it('is followed by the port in network order', () => {
    const bytes = new Uint8Array(18).fill(0xee);
    expect(writeAddress({ address: '10.0.0.1', port: 0x1b58 }, bytes)).toBe(true);
    expect(hexOf(bytes)).toBe('00000000000000000000ffff0a0000011b58');
  });

  it('is left alone when there is none', () => {
    expect(writeAddress({ address: 'nowhere', port: 1 }, new Uint8Array(18))).toBe(false);
  });
});

const prefixOf = (address: string) => {
  const bytes = new Uint8Array(18);
  writeAddress({ address, port: 1 }, bytes);
  return addressPrefix(bytes);
};

describe('the prefix that one sender commands', () => {
  it('is a whole IPv4 address', () => {
    expect(prefixOf('10.0.0.1')).toBe(prefixOf('10.0.0.1'));
    expect(prefixOf('10.0.0.1')).not.toBe(prefixOf('10.0.0.2'));
  });

  it('is an IPv6 /56', () => {
    expect(prefixOf('2001:db8:0:100::1')).toBe(prefixOf('2001:db8:0:1ff:1:2:3:4'));
    expect(prefixOf('2001:db8:0:100::1')).not.toBe(prefixOf('2001:db8:0:200::1'));
  });

  it('of IPv4 and IPv6 are never the same', () => {
    expect(prefixOf('0.0.0.0')).not.toBe(prefixOf('::'));
  });
});
