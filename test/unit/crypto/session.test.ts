import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMaskedHeader, unmasked, writeMaskedHeader } from '../../../lib/engine/crypto/data-header.js';
import { DATA_OVERHEAD, Session } from '../../../lib/engine/crypto/session.js';
import { SessionTable } from '../../../lib/engine/crypto/session-table.js';
import * as limits from '../../../lib/engine/crypto/session-limits.js';
import { keyringOf } from './handshake-lab.js';
import { bytesOf, hexOf, seededRandom } from './seeded-random.js';
import { CREATED_AT, openText, sealText, sessionPair, setSentCount } from './session-pair.js';

describe('a session', () => {
  it('carries text both ways', () => {
    const { initiator, responder } = sessionPair();
    expect(openText(responder, sealText(initiator, 'yo')!)).toBe('yo');
    expect(openText(initiator, sealText(responder, 'hey')!)).toBe('hey');
  });

  it('carries an empty packet', () => {
    const { initiator, responder } = sessionPair();
    const datagram = sealText(initiator, '')!;
    expect(datagram).toHaveLength(DATA_OVERHEAD);
    expect(openText(responder, datagram)).toBe('');
  });

  it('carries the largest UDP payload', () => {
    const { initiator, responder } = sessionPair();
    const text = 'x'.repeat(65_507 - DATA_OVERHEAD);
    expect(openText(responder, sealText(initiator, text)!)).toBe(text);
  });

  it('opens in place: the plaintext is a view of the datagram', () => {
    const { initiator, responder } = sessionPair();
    const datagram = sealText(initiator, 'here')!;
    const plaintext = responder.open(datagram, 0, CREATED_AT)!;
    expect(plaintext.buffer).toBe(datagram.buffer);
    expect(plaintext.byteOffset).toBe(datagram.byteOffset + 24);
  });

  it('seals and opens inside larger buffers', () => {
    const { initiator, responder } = sessionPair();
    const memory = new Uint8Array(1000);
    const buffer = memory.subarray(100, 900);
    buffer.set(bytesOf(9, 50), 24);
    expect(initiator.seal(buffer, 50, CREATED_AT)).toBe(74);
    expect(memory.subarray(0, 100)).toEqual(new Uint8Array(100));
    expect(memory.subarray(174)).toEqual(new Uint8Array(826));
    expect(responder.open(memory.subarray(100, 174), 0, CREATED_AT)).toEqual(bytesOf(9, 50));
  });

  it('counts packets from 0 and shows them', () => {
    const { initiator, responder } = sessionPair();
    expect(responder.highestReceived).toBe(-1);
    for (let i = 0; i < 3; i++) openText(responder, sealText(initiator, 'n')!);
    expect(initiator.sentCount).toBe(3);
    expect(responder.receivedCount).toBe(3);
    expect(responder.highestReceived).toBe(2);
  });

  it('takes packets in any order, once each', () => {
    const { initiator, responder } = sessionPair();
    const datagrams = Array.from({ length: 50 }, (_, i) => sealText(initiator, `${i}`)!);
    for (const [i, datagram] of [...datagrams.entries()].toReversed())
      expect(openText(responder, datagram)).toBe(`${i}`);
    for (const datagram of datagrams) expect(openText(responder, datagram)).toBe('dropped: replayed');
    expect(responder.failedOpens).toBe(0);
  });

  it('drops what is too far behind', () => {
    const { initiator, responder } = sessionPair();
    const early = sealText(initiator, 'early')!;
    setSentCount(initiator, 2016);
    openText(responder, sealText(initiator, 'late')!);
    expect(openText(responder, early)).toBe('dropped: too_old');
  });

  it('is confirmed for the initiator at once, for the responder by the first authentic packet', () => {
    const { initiator, responder } = sessionPair();
    expect([initiator.confirmed, responder.confirmed]).toEqual([true, false]);
    openText(responder, bytesOf(1, 60));
    expect(responder.confirmed).toBe(false);
    openText(responder, sealText(initiator, '')!);
    expect(responder.confirmed).toBe(true);
  });

  it('does not take its own packets back', () => {
    const { initiator } = sessionPair();
    expect(openText(initiator, sealText(initiator, 'mirror')!)).toBe('dropped: forged');
  });

  it('does not take packets of another session', () => {
    const other = sessionPair({ seed: 2 });
    expect(openText(sessionPair().responder, sealText(other.initiator, 'x')!)).toBe('dropped: forged');
  });

  it('refuses a traffic block of another length', () => {
    const secrets = { role: 'initiator', index: 1, remoteIndex: 2, remoteId: 'a', id: 'b', createdAt: 0, jitter: 0 };
    const make = (length: number) =>
      new Session({
        ...secrets,
        role: 'initiator',
        key: keyringOf([1]).primary,
        sendBlock: bytesOf(1, length),
        receiveBlock: bytesOf(2, 64),
      });
    expect(() => make(63)).toThrow(RangeError);
    expect(make(64).role).toBe('initiator');
  });
});

describe('a datagram that was tampered with', () => {
  it('is dropped, whatever byte was changed, and the genuine one is still taken', () => {
    const { initiator, responder } = sessionPair();
    const table = new SessionTable(seededRandom(1));
    table.setKeyring(keyringOf([1]));
    table.add(responder, CREATED_AT);
    const datagram = sealText(initiator, 'the genuine text')!;
    for (let at = 0; at < datagram.length; at++) {
      const changed = datagram.slice();
      changed[at]! ^= 1 << (at % 8);
      const session = table.match(changed);
      expect(session?.open(changed, table.lastCounter, CREATED_AT), `byte ${at}`).toBeUndefined();
    }
    expect(responder.confirmed).toBe(false);
    expect(openText(responder, datagram)).toBe('the genuine text');
  });

  it('is left as it came', () => {
    const { initiator, responder } = sessionPair();
    const datagram = sealText(initiator, 'text')!;
    datagram[26]! ^= 1;
    const before = hexOf(datagram);
    expect(responder.open(datagram, 0, CREATED_AT)).toBeUndefined();
    expect(hexOf(datagram)).toBe(before);
  });

  it('is dropped under any other counter', () => {
    const { initiator, responder } = sessionPair();
    const datagram = sealText(initiator, 'text')!;
    for (const counter of [1, 2, 256, 65_536, 2 ** 31]) {
      expect(responder.open(datagram, counter, CREATED_AT)).toBeUndefined();
      expect(responder.lastDrop).toBe('forged');
    }
  });

  it('cut short at any length is dropped', () => {
    const { initiator, responder } = sessionPair();
    const datagram = sealText(initiator, 'text')!;
    for (let length = 0; length < datagram.length; length++) {
      expect(responder.open(datagram.slice(0, length), 0, CREATED_AT)).toBeUndefined();
    }
  });
});

describe('nonces', () => {
  it('are never used twice, across directions and sessions', () => {
    const seen = new Set<string>();
    let count = 0;
    for (let seed = 0; seed < 20; seed++) {
      const { initiator, responder } = sessionPair({ seed });
      for (const session of [initiator, responder]) {
        for (let i = 0; i < 200; i++) {
          sealText(session, 'x');
          const { sendKey, sendNonce } = session as unknown as { sendKey: Uint8Array; sendNonce: Uint8Array };
          seen.add(hexOf(sendKey) + hexOf(sendNonce));
          count++;
        }
      }
    }
    expect(seen.size).toBe(count);
  });

  it('give other bytes for the same text', () => {
    const { initiator } = sessionPair();
    const bodies = Array.from({ length: 100 }, () => hexOf(sealText(initiator, 'same')!.subarray(24)));
    expect(new Set(bodies).size).toBe(100);
  });
});

describe('the data header', () => {
  it('comes back from its mask, for any values', () => {
    const key = bytesOf(5, 16);
    const uint32 = fc.nat(0xffff_ffff);
    fc.assert(
      fc.property(uint32, uint32, fc.uint8Array({ minLength: 16, maxLength: 16 }), (index, counter, tag) => {
        const datagram = new Uint8Array(24);
        datagram.set(tag, 8);
        writeMaskedHeader(datagram, key, index, counter);
        readMaskedHeader(datagram, key);
        expect([unmasked.index, unmasked.counter]).toEqual([index, counter]);
      }),
      { seed: 4, numRuns: 500 },
    );
  });
});

const latest = (age: number) => age * (1 + limits.REKEY_JITTER);
const earliest = (age: number) => age * (1 - limits.REKEY_JITTER);

describe('the limits of a session', () => {
  it('are in an order that leaves room for a handshake between them', () => {
    expect(latest(limits.REKEY_AFTER_MS)).toBeLessThan(earliest(limits.RESPONDER_REKEY_AFTER_MS));
    expect(latest(limits.RESPONDER_REKEY_AFTER_MS) + 15_000).toBeLessThanOrEqual(limits.REJECT_AFTER_MS);
  });

  it('make the initiator rekey at 120 s, 10 % more or less', () => {
    for (const [jitter, age] of [
      [0, 108_000],
      [0.5, 120_000],
      [1, 132_000],
    ] as const) {
      const { initiator } = sessionPair({ jitter });
      expect(initiator.rekeyAt).toBeCloseTo(CREATED_AT + age, 6);
      expect(initiator.needsRekey(CREATED_AT + age - 1)).toBe(false);
      expect(initiator.needsRekey(CREATED_AT + age + 1)).toBe(true);
    }
  });

  it('make the responder rekey at 150 s, 10 % more or less', () => {
    for (const [jitter, age] of [
      [0, 135_000],
      [0.5, 150_000],
      [1, 165_000],
    ] as const) {
      const { responder } = sessionPair({ jitter });
      expect(responder.needsRekey(CREATED_AT + age - 1)).toBe(false);
      expect(responder.needsRekey(CREATED_AT + age + 1)).toBe(true);
    }
  });

  it('make both rekey after 2^31 packets', () => {
    for (const session of Object.values(sessionPair())) {
      setSentCount(session, 2 ** 31 - 1);
      expect(session.needsRekey(CREATED_AT)).toBe(false);
      sealText(session, '');
      expect(session.needsRekey(CREATED_AT)).toBe(true);
    }
  });

  it('end sealing and opening at 180 s', () => {
    const { initiator, responder } = sessionPair();
    const end = CREATED_AT + 180_000;
    const last = sealText(initiator, 'last', end - 1)!;
    expect(sealText(initiator, 'late', end)).toBeUndefined();
    expect(openText(responder, last, end)).toBe('dropped: expired');
    expect(openText(responder, last, end - 1)).toBe('last');
    expect([initiator.isExpired(end - 1), initiator.isExpired(end)]).toEqual([false, true]);
    expect(initiator.expiry).toBe(end);
  });

  it('end a session 15 s after its successor, and never later than its own end', () => {
    const { initiator } = sessionPair();
    initiator.retire(CREATED_AT + 1000);
    expect(initiator.isExpired(CREATED_AT + 15_999)).toBe(false);
    expect(initiator.isExpired(CREATED_AT + 16_000)).toBe(true);
    const { responder } = sessionPair();
    responder.retire(CREATED_AT + 179_000);
    expect(responder.expiry).toBe(CREATED_AT + 180_000);
  });

  it('end sealing at counter 2^32 - 2^13', () => {
    const { initiator, responder } = sessionPair();
    setSentCount(initiator, 2 ** 32 - 2 ** 13 - 1);
    const last = sealText(initiator, 'last')!;
    expect(openText(responder, last)).toBe('last');
    expect(sealText(initiator, 'more')).toBeUndefined();
    expect(initiator.sentCount).toBe(2 ** 32 - 2 ** 13);
    expect(initiator.isExpired(CREATED_AT)).toBe(true);
  });

  it('end opening at counter 2^32 - 2^13', () => {
    const { initiator, responder } = sessionPair();
    const datagram = sealText(initiator, 'x')!;
    for (const counter of [2 ** 32 - 2 ** 13, 2 ** 32 - 1]) {
      expect(responder.open(datagram, counter, CREATED_AT)).toBeUndefined();
      expect(responder.lastDrop).toBe('counter_limit');
    }
  });

  it('end a session after 2^36 forgeries', () => {
    const { initiator, responder } = sessionPair();
    responder.failedOpens = 2 ** 36 - 1;
    expect(openText(responder, bytesOf(1, 60))).toMatch('dropped');
    responder.failedOpens = 2 ** 36;
    expect(responder.isExpired(CREATED_AT)).toBe(true);
    expect(openText(responder, sealText(initiator, 'x')!)).toBe('dropped: expired');
  });

  it('count forgeries', () => {
    const { responder } = sessionPair();
    for (let i = 0; i < 5; i++) responder.open(bytesOf(i, 60), i, CREATED_AT);
    expect(responder.failedOpens).toBe(5);
    expect(responder.highestReceived).toBe(-1);
  });

  it('refuse a buffer that is too small, and spend no nonce on it', () => {
    const { initiator } = sessionPair();
    expect(initiator.seal(new Uint8Array(30), 7, CREATED_AT)).toBe(0);
    expect(initiator.seal(new Uint8Array(30), -1, CREATED_AT)).toBe(0);
    expect(initiator.seal(new Uint8Array(30), NaN, CREATED_AT)).toBe(0);
    expect(initiator.sentCount).toBe(0);
    expect(initiator.seal(new Uint8Array(30), 6, CREATED_AT)).toBe(30);
  });

  it('drop what is too short to be a packet', () => {
    const { responder } = sessionPair();
    for (let length = 0; length < 24; length++) {
      expect(responder.open(new Uint8Array(length), 0, CREATED_AT)).toBeUndefined();
      expect(responder.lastDrop).toBe('too_short');
    }
  });
});

describe('a wiped session', () => {
  it('has no keys left, and refuses everything', () => {
    const { initiator, responder } = sessionPair();
    const datagram = sealText(initiator, 'x')!;
    responder.wipe();
    const fields = responder as unknown as Record<string, unknown>;
    for (const name of ['sendKey', 'receiveKey', 'sendNonce', 'receiveNonce']) {
      expect(hexOf(fields[name] as Uint8Array)).toMatch(/^0+$/);
    }
    expect(openText(responder, datagram)).toBe('dropped: closed');
    expect(sealText(responder, 'x')).toBeUndefined();
    expect(responder.isExpired(CREATED_AT)).toBe(true);
    expect(responder.isClosed).toBe(true);
  });
});
