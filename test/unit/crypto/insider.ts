import type { Endpoint } from '../../../lib/engine/endpoint.js';
import { openEnvelope, sealEnvelope, sealInnerBox, startEnvelope } from '../../../lib/engine/crypto/envelope.js';
import * as messages from '../../../lib/engine/crypto/handshake-messages.js';
import * as schedule from '../../../lib/engine/crypto/key-schedule.js';
import type { PreSharedKey } from '../../../lib/engine/crypto/keyring.js';
import { generateKeyPair, sharedSecret, type KeyPair } from '../../../lib/engine/crypto/x25519.js';
import type { LabNode } from './handshake-lab.js';
import { seededRandom } from './seeded-random.js';

const random = seededRandom(4711);

/** What is in an envelope. */
export function unwrap(datagram: Uint8Array, key: PreSharedKey): Uint8Array {
  const body = new Uint8Array(datagram.length - 40);
  if (openEnvelope(datagram, body, [key]) === undefined) throw new Error('does not open');
  return body;
}

/** Any body in a genuine envelope: what a holder of the key can send. */
export function wrap(body: Uint8Array, key: PreSharedKey): Uint8Array {
  const envelope = startEnvelope(body.length, random);
  envelope.body.set(body);
  return sealEnvelope(envelope, key);
}

/** Changes the body of a genuine datagram. Keeps the nonce, so that the inner box stays as good as it was. */
export function tamper(datagram: Uint8Array, key: PreSharedKey, change: (body: Uint8Array) => Uint8Array | void) {
  const body = unwrap(datagram, key);
  const changed = change(body) ?? body;
  const envelope = startEnvelope(changed.length, buffer => buffer.set(datagram.subarray(0, 24)));
  envelope.body.set(changed);
  return sealEnvelope(envelope, key);
}

export interface CraftedHello {
  readonly core: Uint8Array;
  readonly mac: Uint8Array;
  readonly datagram: Uint8Array;
}

/** A Hello that a holder of the key made by hand, correctly signed. */
export function craftHello(
  key: PreSharedKey,
  fields: { id: string; ephemeral?: Uint8Array; timestamp: number; index?: number },
): CraftedHello {
  const ephemeral = fields.ephemeral ?? generateKeyPair(random).publicKey;
  const core = messages.encodeCore(fields.index ?? 99, fields.timestamp, fields.id, ephemeral);
  const mac = schedule.helloMac(key.mac, core);
  const body = new Uint8Array(messages.HELLO_BYTES);
  messages.encodeHello(body, core, mac);
  return { core, mac, datagram: wrap(body, key) };
}

/** An Ohai to a Hello in flight, made by hand and correctly signed. */
export function craftOhai(
  key: PreSharedKey,
  hello: Uint8Array,
  fields: { id: string; ephemeral: Uint8Array },
): Uint8Array {
  const decoded = messages.decodeHello(unwrap(hello, key))!;
  const cookie = new Uint8Array(32).fill(9);
  const signed = messages.encodeSignedOhai(1, decoded.index, new Uint8Array(8), fields.id, fields.ephemeral, cookie);
  const body = new Uint8Array(messages.OHAI_BYTES);
  messages.encodeOhai(body, signed, schedule.ohaiMac(key.mac, decoded.mac, signed));
  return wrap(body, key);
}

/** An OkBoss made by hand for an Ohai that answered a crafted Hello. */
export function craftOkBoss(
  key: PreSharedKey,
  prologue: Uint8Array,
  hello: CraftedHello,
  ohai: Uint8Array,
  ours: KeyPair | undefined,
): Uint8Array {
  const decoded = messages.decodeOhai(unwrap(ohai, key))!;
  const shared = new Uint8Array(32);
  if (ours !== undefined) sharedSecret(shared, ours.secretKey, decoded.ephemeral);
  const transcript = schedule.transcriptHash(prologue, hello.core, hello.mac, decoded.signed);
  const secret = schedule.handshakeSecret(key.mix, shared, transcript);
  const envelope = startEnvelope(messages.OKBOSS_HEAD_BYTES + 16 + 2, random);
  messages.encodeOkBoss(envelope.body, decoded, hello.core, new Uint8Array(2));
  sealInnerBox(envelope.body.subarray(messages.OKBOSS_HEAD_BYTES), envelope.nonce, schedule.okBossKey(secret));
  return sealEnvelope(envelope, key);
}

export function newKeyPair(): KeyPair {
  return generateKeyPair(random);
}

/** The seven points of low order, the non-canonical ones included (RFC 7748 section 6.1, libsodium's block list). */
export const LOW_ORDER_POINTS = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

/** Two nodes and the datagrams of their handshake, taken one by one. */
export interface Stage {
  readonly initiator: LabNode;
  readonly responder: LabNode;
}

export function takeHello({ initiator, responder }: Stage): Uint8Array {
  if (initiator.dial(responder) !== 'started') throw new Error('not started');
  return take(initiator);
}

export function takeOhai(stage: Stage, hello: Uint8Array): Uint8Array {
  return answer(stage.responder, stage.initiator.endpoint, hello);
}

export function takeOkBoss(stage: Stage, ohai: Uint8Array): Uint8Array {
  return answer(stage.initiator, stage.responder.endpoint, ohai);
}

export function takeGoTeam(stage: Stage, okBoss: Uint8Array): Uint8Array {
  return answer(stage.responder, stage.initiator.endpoint, okBoss);
}

export function finish({ initiator, responder }: Stage, goTeam: Uint8Array): void {
  const drop = initiator.handshakes.receive(initiator.lab.now, responder.endpoint, goTeam);
  if (drop !== undefined) throw new Error(drop);
  takeEvents(initiator);
}

export function answer(node: LabNode, from: Endpoint, datagram: Uint8Array): Uint8Array {
  const drop = node.handshakes.receive(node.lab.now, from, datagram);
  if (drop !== undefined) throw new Error(drop);
  return take(node);
}

export function take(node: LabNode): Uint8Array {
  takeEvents(node);
  return node.handshakes.nextTransmit()!.datagram;
}

export function takeEvents(node: LabNode): void {
  for (let event = node.handshakes.nextEvent(); event !== undefined; event = node.handshakes.nextEvent()) {
    node.events.push({ ...event, at: node.lab.now });
  }
}
