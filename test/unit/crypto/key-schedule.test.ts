import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sealEnvelope, startEnvelope } from '../../../lib/engine/crypto/envelope.js';
import * as schedule from '../../../lib/engine/crypto/key-schedule.js';
import { Keyring } from '../../../lib/engine/crypto/keyring.js';
import { createSession } from '../../../lib/engine/crypto/session-keys.js';
import { generateKeyPair, sharedSecret } from '../../../lib/engine/crypto/x25519.js';
import { fromHex, hexOf, seededRandom } from './seeded-random.js';

/** The same formulas, written a second time on another library. */
const concat = (parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap(part => Array.from(part)));
const L = (name: string) => {
  const bytes = new Uint8Array(16);
  bytes.set(new TextEncoder().encode(`gwyh/1 ${name}`));
  return bytes;
};
const B = (dkLen: number, key: Uint8Array | undefined, ...parts: Uint8Array[]) =>
  blake2b(concat(parts), key === undefined ? { dkLen } : { dkLen, key });

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const clusterName = fc
  .string({ minLength: 1, maxLength: 60, unit: 'grapheme' })
  .filter(name => new TextEncoder().encode(name).length <= 255);
const run = { seed: 20_240_501, numRuns: 200 };

describe('the key schedule agrees with an independent implementation', () => {
  it('for the prologue and the salt of any cluster', () => {
    fc.assert(
      fc.property(clusterName, name => {
        const encoded = new TextEncoder().encode(name);
        const P = B(32, undefined, L('prologue'), Uint8Array.of(encoded.length), encoded);
        expect(schedule.prologue(name)).toEqual(P);
        expect(schedule.passphraseSalt(name)).toEqual(B(16, undefined, L('salt'), P));
      }),
      run,
    );
  });

  it('for all keys of a pre-shared key', () => {
    fc.assert(
      fc.property(clusterName, bytes(32), (name, raw) => {
        const keyring = Keyring.derive(name, [raw]);
        const psk = B(32, raw, L('psk'), keyring.prologue);
        expect(keyring.primary.envelope).toEqual(B(32, psk, L('env')));
        expect(keyring.primary.mac).toEqual(B(32, psk, L('mac')));
        expect(keyring.primary.mix).toEqual(B(64, psk, L('mix')));
        expect(keyring.primary.header).toEqual(B(16, psk, L('hdr')));
        expect(keyring.primary.id).toBe(hexOf(B(16, psk, L('keyid')).subarray(0, 8)));
      }),
      run,
    );
  });

  it('for the MACs and the cookie', () => {
    fc.assert(
      fc.property(
        bytes(32),
        bytes(64),
        bytes(32),
        bytes(96),
        bytes(18),
        bytes(1),
        bytes(8),
        (key, core, mac, signed, address, epoch, sentAt) => {
          expect(schedule.helloMac(key, core)).toEqual(B(32, key, L('hello'), core));
          expect(schedule.ohaiMac(key, mac, signed)).toEqual(B(32, key, L('ohai'), mac, signed));
          expect(schedule.cookieMac(key, address, epoch, sentAt, mac)).toEqual(
            B(32, key, L('cookie'), address, epoch, sentAt, mac),
          );
        },
      ),
      run,
    );
  });

  it('for everything from the key exchange to the traffic keys', () => {
    fc.assert(
      fc.property(
        fc.tuple(bytes(32), bytes(32), bytes(64), bytes(32)),
        fc.tuple(bytes(64), bytes(32), bytes(96)),
        fc.tuple(bytes(32), bytes(4), bytes(4)),
        ([ourSecret, theirSecret, mix, P], [core, mac, signed], [nR, rIdx, iIdx]) => {
          const dh = new Uint8Array(32);
          const theirs = x25519.getPublicKey(theirSecret);
          expect(generateKeyPair(buffer => buffer.set(theirSecret)).publicKey).toEqual(theirs);
          expect(sharedSecret(dh, ourSecret, theirs)).toBe(true);
          expect(dh).toEqual(x25519.getSharedSecret(ourSecret, theirs));
          const th = schedule.transcriptHash(P, core, mac, signed);
          expect(th).toEqual(B(64, undefined, L('th'), P, core, mac, signed));
          const prk = schedule.handshakeSecret(mix, dh, th);
          expect(prk).toEqual(B(64, mix, L('prk'), dh, th));
          expect(schedule.okBossKey(prk)).toEqual(B(32, prk, L('okboss')));
          expect(schedule.goTeamKey(prk)).toEqual(B(32, prk, L('goteam')));
          expect(schedule.trafficBlock(prk, 'i2r', nR, rIdx, iIdx)).toEqual(B(64, prk, L('i2r'), nR, rIdx, iIdx));
          expect(schedule.trafficBlock(prk, 'r2i', nR, rIdx, iIdx)).toEqual(B(64, prk, L('r2i'), nR, rIdx, iIdx));
          expect(schedule.sessionIdentifier(prk, nR)).toEqual(B(16, prk, L('sid'), nR));
        },
      ),
      run,
    );
  });

  it('for the envelope', () => {
    const keyring = Keyring.derive('default', [new Uint8Array(32)]);
    fc.assert(
      fc.property(bytes(24), fc.uint8Array({ maxLength: 1460 }), (nonce, body) => {
        const envelope = startEnvelope(body.length, buffer => buffer.set(nonce));
        envelope.body.set(body);
        const expected = xsalsa20poly1305(keyring.primary.envelope, nonce).encrypt(body);
        expect(sealEnvelope(envelope, keyring.primary)).toEqual(concat([nonce, expected]));
      }),
      run,
    );
  });

  it('for data datagrams', () => {
    const { primary: key } = Keyring.derive('default', [new Uint8Array(32)]);
    fc.assert(
      fc.property(bytes(64), bytes(32), fc.uint8Array({ maxLength: 2000 }), fc.nat(5), (prk, nR, text, earlier) => {
        const session = createSession({
          role: 'initiator',
          secret: prk,
          responderRandom: nR,
          initiatorIndex: 0x04030201,
          responderIndex: 0x0d0c0b0a,
          remoteId: 'b'.repeat(32),
          key,
          createdAt: 0,
          jitter: 0.5,
        });
        const block = B(64, prk, L('i2r'), nR, fromHex('0a0b0c0d'), fromHex('01020304'));
        const datagram = new Uint8Array(24 + text.length);
        for (let i = 0; i < earlier; i++) session.seal(new Uint8Array(24), 0, 0);
        datagram.set(text, 24);
        session.seal(datagram, text.length, 0);
        const nonce = concat([block.subarray(32, 52), Uint8Array.of(earlier, 0, 0, 0)]);
        expect(datagram.subarray(8)).toEqual(xsalsa20poly1305(block.subarray(0, 32), nonce).encrypt(text));
      }),
      run,
    );
  });
});

describe('labels', () => {
  it('are 16 bytes that begin with the protocol version', () => {
    expect(hexOf(schedule.label('th'))).toBe(hexOf(new TextEncoder().encode('gwyh/1 th\0\0\0\0\0\0\0')));
  });

  it('that do not fit are refused', () => {
    expect(() => schedule.label('0123456789')).toThrow(RangeError);
  });
});

describe('directions and sessions', () => {
  const random = seededRandom(3);
  const draw = (length: number) => {
    const buffer = new Uint8Array(length);
    random(buffer);
    return buffer;
  };

  it('have keys of their own', () => {
    const [prk, nR, rIdx, iIdx] = [draw(64), draw(32), draw(4), draw(4)];
    const blocks = [
      schedule.trafficBlock(prk, 'i2r', nR, rIdx, iIdx),
      schedule.trafficBlock(prk, 'r2i', nR, rIdx, iIdx),
      schedule.trafficBlock(prk, 'i2r', draw(32), rIdx, iIdx),
      schedule.trafficBlock(prk, 'i2r', nR, draw(4), iIdx),
      schedule.trafficBlock(prk, 'i2r', nR, rIdx, draw(4)),
      schedule.trafficBlock(draw(64), 'i2r', nR, rIdx, iIdx),
    ];
    expect(new Set(blocks.map(hexOf)).size).toBe(blocks.length);
  });
});
