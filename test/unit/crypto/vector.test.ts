import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../../lib/engine/endpoint.js';
import { writeAddress } from '../../../lib/engine/crypto/address-bytes.js';
import { openEnvelope } from '../../../lib/engine/crypto/envelope.js';
import { decodeHello, decodeOhai } from '../../../lib/engine/crypto/handshake-messages.js';
import { Handshakes, type HandshakeEvent } from '../../../lib/engine/crypto/handshakes.js';
import * as schedule from '../../../lib/engine/crypto/key-schedule.js';
import { Keyring } from '../../../lib/engine/crypto/keyring.js';
import { SessionTable } from '../../../lib/engine/crypto/session-table.js';
import { generateKeyPair, sharedSecret } from '../../../lib/engine/crypto/x25519.js';
import { bytesOf, fromHex, hexOf, scriptedRandom } from './seeded-random.js';

interface Vector {
  readonly sizes: Record<string, number>;
  readonly [name: string]: string | Record<string, number>;
}
const vector = JSON.parse(readFileSync(new URL('./vectors/handshake-v1.json', import.meta.url), 'utf8')) as Vector;

/** The inputs of the vector. */
const rawKey = Uint8Array.from({ length: 32 }, (_, i) => i);
const now = 123_456;
const wallClock = () => 1_700_000_000_000;
const initiatorAddress: Endpoint = { address: '10.0.0.1', port: 7000 };
const responderAddress: Endpoint = { address: '10.0.0.2', port: 7000 };
const text = (value: string) => new TextEncoder().encode(value);

function run() {
  const keyring = Keyring.derive('default', [rawKey]);
  const initiatorRandom = scriptedRandom({
    32: [bytesOf(0x11, 32)],
    24: [bytesOf(1, 24), bytesOf(3, 24)],
    4: [fromHex('01020304')],
  });
  const responderRandom = scriptedRandom({
    32: [bytesOf(0x33, 32), bytesOf(0x22, 32), bytesOf(0x44, 32)],
    24: [bytesOf(2, 24), bytesOf(4, 24)],
    4: [fromHex('0a0b0c0d')],
    1: [Uint8Array.of(7)],
  });
  const shared = { keyring, wallClock, timeLockMs: 60_000 };
  const initiatorSessions = new SessionTable(initiatorRandom);
  const initiator = new Handshakes({
    ...shared,
    nodeId: 'a1'.repeat(16),
    sessions: initiatorSessions,
    random: initiatorRandom,
    payload: () => text('zone=eu'),
  });
  const responderSessions = new SessionTable(responderRandom);
  const responder = new Handshakes({
    ...shared,
    nodeId: 'b2'.repeat(16),
    sessions: responderSessions,
    random: responderRandom,
    payload: () => text('zone=us'),
  });

  expect(initiator.dial(now, responderAddress)).toBe('started');
  const hello = initiator.nextTransmit()!.datagram;
  expect(responder.receive(now, initiatorAddress, hello)).toBeUndefined();
  const ohai = responder.nextTransmit()!.datagram;
  expect(initiator.receive(now, responderAddress, ohai)).toBeUndefined();
  const okBoss = initiator.nextTransmit()!.datagram;
  expect(responder.receive(now, initiatorAddress, okBoss)).toBeUndefined();
  const goTeam = responder.nextTransmit()!.datagram;
  expect(initiator.receive(now, responderAddress, goTeam)).toBeUndefined();
  const initiatorSession = established(initiator.nextEvent());
  const responderSession = established(responder.nextEvent());
  // The published datagram has counter 1: it is the initiator's second, after an empty keep-alive.
  expect(initiatorSession.session.seal(new Uint8Array(24), 0, now)).toBe(24);
  const data = new Uint8Array(26);
  data.set(text('hi'), 24);
  expect(initiatorSession.session.seal(data, 2, now)).toBe(26);
  return { keyring, hello, ohai, okBoss, goTeam, data, initiatorSession, responderSession, responderSessions };
}

function established(event: HandshakeEvent | undefined) {
  if (event?.type !== 'established') throw new Error('not established');
  return event;
}

function open(datagram: Uint8Array, keyring: Keyring): Uint8Array {
  const body = new Uint8Array(datagram.length - 40);
  expect(openEnvelope(datagram, body, keyring.keys)).toBe(keyring.primary);
  return body;
}

describe('the published handshake vector', () => {
  const wire = run();

  for (const [name, bytes] of Object.entries({
    hello_wire: wire.hello,
    okboss_wire: wire.okBoss,
    goteam_wire: wire.goTeam,
    data: wire.data,
  })) {
    it(`${name} comes out byte for byte`, () => {
      expect(hexOf(bytes)).toBe(vector[name]);
    });
  }

  it('has datagrams of the published sizes', () => {
    const { hello, ohai, okBoss, goTeam, data } = wire;
    expect({
      hello: hello.length,
      ohai: ohai.length,
      okboss: okBoss.length,
      goteam: goTeam.length,
      data: data.length,
    }).toEqual(vector.sizes);
  });

  it('derives the prologue and the keys of the pre-shared key', () => {
    const { prologue, primary } = wire.keyring;
    expect(hexOf(prologue)).toBe(vector.P);
    expect(hexOf(schedule.preSharedSecret(rawKey, prologue))).toBe(vector.psk);
    expect(hexOf(primary.envelope)).toBe(vector.K_env);
    expect(hexOf(primary.mac)).toBe(vector.K_mac);
    expect(hexOf(primary.mix)).toBe(vector.K_mix);
    expect(hexOf(primary.header)).toBe(vector.K_hdr);
  });

  it('derives the ephemerals, MACs and cookie that are inside the datagrams', () => {
    const hello = decodeHello(open(wire.hello, wire.keyring))!;
    const ohai = decodeOhai(open(wire.ohai, wire.keyring))!;
    expect(hexOf(hello.ephemeral)).toBe(vector.eI);
    expect(hexOf(hello.mac)).toBe(vector.mac_hello);
    expect(hexOf(ohai.ephemeral)).toBe(vector.eR);
    expect(hexOf(ohai.cookie)).toBe(vector.cookie);
    expect(hexOf(ohai.mac)).toBe(vector.mac_ohai);
    const address = new Uint8Array(18);
    expect(writeAddress(initiatorAddress, address)).toBe(true);
    const cookie = schedule.cookieMac(bytesOf(0x33, 32), address, Uint8Array.of(7), ohai.sentAt, hello.mac);
    expect(hexOf(cookie)).toBe(vector.cookie);
  });

  it('derives the secrets of the handshake and of the session', () => {
    const hello = decodeHello(open(wire.hello, wire.keyring))!;
    const ohai = decodeOhai(open(wire.ohai, wire.keyring))!;
    const ours = generateKeyPair(scriptedRandom({ 32: [bytesOf(0x11, 32)] }));
    const dh = new Uint8Array(32);
    expect(sharedSecret(dh, ours.secretKey, ohai.ephemeral)).toBe(true);
    expect(hexOf(dh)).toBe(vector.dh);
    const th = schedule.transcriptHash(wire.keyring.prologue, hello.bytes, hello.mac, ohai.signed);
    expect(hexOf(th)).toBe(vector.th);
    const prk = schedule.handshakeSecret(wire.keyring.primary.mix, dh, th);
    expect(hexOf(prk)).toBe(vector.prk);
    expect(hexOf(schedule.okBossKey(prk))).toBe(vector.K_ok);
    expect(hexOf(schedule.goTeamKey(prk))).toBe(vector.K_go);
    const indices = [fromHex('0a0b0c0d'), fromHex('01020304')] as const;
    const random = bytesOf(0x44, 32);
    // The vector shows key and iv, 52 of the 64 bytes.
    expect(hexOf(schedule.trafficBlock(prk, 'i2r', random, ...indices)).slice(0, 104)).toBe(vector.i2r);
    expect(hexOf(schedule.trafficBlock(prk, 'r2i', random, ...indices)).slice(0, 104)).toBe(vector.r2i);
    expect(wire.initiatorSession.session.id).toBe(vector.sid);
    expect(wire.responderSession.session.id).toBe(vector.sid);
  });

  it('lets the responder open the data datagram', () => {
    const { responderSessions, responderSession, data } = run();
    expect(responderSessions.match(data)).toBe(responderSession.session);
    expect(responderSessions.lastCounter).toBe(1);
    expect(responderSession.session.open(data, 1, now)).toEqual(text('hi'));
  });

  it('hands over payloads and ids', () => {
    expect(wire.initiatorSession.payload).toEqual(text('zone=us'));
    expect(wire.initiatorSession.session.remoteId).toBe('b2'.repeat(16));
    expect(wire.responderSession.payload).toEqual(text('zone=eu'));
    expect(wire.responderSession.session.remoteId).toBe('a1'.repeat(16));
  });
});
