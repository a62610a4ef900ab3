import sodium from 'sodium-native';
import { describe, expect, it } from 'vitest';
import { writeMaskedHeader } from '../../../lib/engine/crypto/data-header.js';
import { openInnerBox, sealInnerBox } from '../../../lib/engine/crypto/envelope.js';
import { hash } from '../../../lib/engine/crypto/key-schedule.js';
import { generateKeyPair, sharedSecret } from '../../../lib/engine/crypto/x25519.js';
import { LOW_ORDER_POINTS } from './insider.js';
import { fromHex, hexOf } from './seeded-random.js';

/** Published vectors: the binding computes what everybody else computes. */

function multiply(scalar: string, point: string): string | undefined {
  const shared = new Uint8Array(32);
  return sharedSecret(shared, fromHex(scalar), fromHex(point)) ? hexOf(shared) : undefined;
}

const publicOf = (secret: string) => generateKeyPair(buffer => buffer.set(fromHex(secret))).publicKey;
const range = (length: number) => Uint8Array.from({ length }, (_, i) => i);

describe('X25519 (RFC 7748)', () => {
  it('computes the vectors of section 5.2', () => {
    expect(
      multiply(
        'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
        'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
      ),
    ).toBe('c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552');
    expect(
      multiply(
        '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
        'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
      ),
    ).toBe('95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957');
  });

  it('computes the 1,000 iterations of section 5.2', () => {
    let k = fromHex('09'.padEnd(64, '0'));
    let u = k;
    for (let i = 0; i < 1000; i++) {
      const result = new Uint8Array(32);
      expect(sharedSecret(result, k, u)).toBe(true);
      [k, u] = [result, k];
    }
    expect(hexOf(k)).toBe('684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51');
  });

  it('agrees on the key exchange of section 6.1', () => {
    const alice = '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a';
    const bob = '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb';
    expect(hexOf(publicOf(alice))).toBe('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a');
    expect(hexOf(publicOf(bob))).toBe('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
    const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
    expect(multiply(alice, hexOf(publicOf(bob)))).toBe(shared);
    expect(multiply(bob, hexOf(publicOf(alice)))).toBe(shared);
  });

  for (const point of LOW_ORDER_POINTS) {
    it(`refuses the low-order point ${point.slice(0, 8)}...`, () => {
      expect(sharedSecret(new Uint8Array(32), new Uint8Array(32).fill(7), fromHex(point))).toBe(false);
    });
  }

  it('refuses keys of another length instead of throwing', () => {
    const key = new Uint8Array(32).fill(9);
    expect(sharedSecret(new Uint8Array(31), key, key)).toBe(false);
    expect(sharedSecret(new Uint8Array(32), key.subarray(1), key)).toBe(false);
    expect(sharedSecret(new Uint8Array(32), key, key.subarray(1))).toBe(false);
  });
});

describe('XSalsa20-Poly1305 (NaCl, tests/secretbox)', () => {
  const key = fromHex('1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389');
  const nonce = fromHex('69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37');
  const plaintext = fromHex(
    'be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c6129' +
      '6cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde' +
      '048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705',
  );
  const box = fromHex(
    'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186a' +
      'c0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae' +
      '90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74' +
      'e355a5',
  );

  it('seals the vector in place', () => {
    const buffer = new Uint8Array(16 + plaintext.length);
    buffer.set(plaintext, 16);
    sealInnerBox(buffer, nonce, key);
    expect(hexOf(buffer)).toBe(hexOf(box));
  });

  it('opens the vector', () => {
    expect(hexOf(openInnerBox(box, nonce, key)!)).toBe(hexOf(plaintext));
  });

  it('opens nothing too short to hold a tag instead of throwing', () => {
    for (let length = 0; length < 16; length++) {
      expect(openInnerBox(box.subarray(0, length), nonce, key)).toBeUndefined();
    }
  });
});

describe('BLAKE2b', () => {
  it('computes "abc" of RFC 7693 appendix A', () => {
    const expected =
      'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1' +
      '7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923';
    const text = new TextEncoder().encode('abc');
    expect(hexOf(hash(64, undefined, [text]))).toBe(expected);
    expect(hexOf(hash(64, undefined, [text.subarray(0, 1), text.subarray(1, 1), text.subarray(1)]))).toBe(expected);
  });

  it('computes the keyed vector of an empty message of the reference implementation', () => {
    expect(hexOf(hash(64, range(64), [new Uint8Array(0)]))).toBe(
      '10ebb67700b1868efb4417987acf4690ae9d972fb7a590c2f02871799aaa4786' +
        'b5e996e8f0f4eb981fc214b005f42d2ff4233499391653df7aefcbc13fc51568',
    );
  });
});

describe('SipHash-2-4', () => {
  const key = range(16);

  it('computes the vector of the paper', () => {
    const out = new Uint8Array(8);
    sodium.crypto_shorthash(out, key.subarray(0, 15), key);
    // 0xa129ca6149be45e5, little endian.
    expect(hexOf(out)).toBe('e545be4961ca29a1');
  });

  it('masks the data header with the 16-byte vector of the reference implementation', () => {
    const datagram = new Uint8Array(24);
    datagram.set(key, 8);
    writeMaskedHeader(datagram, key, 0, 0);
    expect(hexOf(datagram.subarray(0, 8))).toBe('db9bc2577fcc2a3f');
  });
});
