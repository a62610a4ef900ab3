import { describe, expect, it } from 'vitest';
import { passphraseSalt } from '../../../lib/engine/crypto/key-schedule.js';
import { Keyring } from '../../../lib/engine/crypto/keyring.js';
import { keyringOf } from './handshake-lab.js';
import { bytesOf, hexOf } from './seeded-random.js';

describe('a keyring', () => {
  it('has the first key as its primary', () => {
    const keyring = keyringOf([1, 2, 3]);
    expect(keyring.keys).toHaveLength(3);
    expect(keyring.primary).toBe(keyring.keys[0]);
    expect(keyring.primary.id).toBe(keyringOf([1]).primary.id);
  });

  it('drops duplicates and keeps the order', () => {
    const keyring = keyringOf([2, 1, 2, 1]);
    expect(keyring.keys.map(key => key.id)).toEqual([keyringOf([2]).primary.id, keyringOf([1]).primary.id]);
  });

  it('names keys by 16 hex digits that are not part of the key', () => {
    const { primary } = keyringOf([1]);
    expect(primary.id).toMatch(/^[0-9a-f]{16}$/);
    for (const secret of [primary.envelope, primary.mac, primary.mix, primary.header]) {
      expect(hexOf(secret)).not.toContain(primary.id);
    }
  });

  it('says where a key stands', () => {
    const keyring = keyringOf([1, 2]);
    expect(keyring.positionOf(keyringOf([2]).primary.id)).toBe(1);
    expect(keyring.positionOf(keyringOf([3]).primary.id)).toBe(-1);
  });

  it('leaves the raw key as it was', () => {
    const raw = bytesOf(7, 32);
    Keyring.derive('default', [raw]);
    expect(raw).toEqual(bytesOf(7, 32));
  });

  it('takes 1 to 8 keys', () => {
    expect(keyringOf([1, 2, 3, 4, 5, 6, 7, 8]).keys).toHaveLength(8);
    expect(() => keyringOf([])).toThrow(/1 to 8 keys, not 0/);
    expect(() => keyringOf([1, 2, 3, 4, 5, 6, 7, 8, 9])).toThrow(RangeError);
  });

  it('takes only keys of 32 bytes, and says which one is wrong', () => {
    expect(() => Keyring.derive('default', [bytesOf(1, 32), bytesOf(1, 31)])).toThrow(/key 2 is 31 bytes/);
    expect(() => Keyring.derive('default', [new Uint8Array(0)])).toThrow(RangeError);
  });

  it('takes cluster names of 1 to 255 bytes', () => {
    expect(() => keyringOf([1], '')).toThrow(/1 to 255 bytes/);
    expect(() => keyringOf([1], 'x'.repeat(256))).toThrow(RangeError);
    expect(() => keyringOf([1], 'ü'.repeat(128))).toThrow(RangeError);
    expect(keyringOf([1], 'x'.repeat(255)).cluster).toHaveLength(255);
  });

  it('has other keys in another cluster', () => {
    const [one, two] = [keyringOf([1], 'one').primary, keyringOf([1], 'two').primary];
    expect(one.id).not.toBe(two.id);
    expect(hexOf(one.envelope)).not.toBe(hexOf(two.envelope));
  });

  it('salts passphrases by cluster', () => {
    expect(passphraseSalt('one')).toHaveLength(16);
    expect(hexOf(passphraseSalt('one'))).not.toBe(hexOf(passphraseSalt('two')));
  });
});
