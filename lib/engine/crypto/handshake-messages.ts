import { NODE_ID_BYTES, nodeIdFromBytes, nodeIdToBytes, type NodeId } from '../node-id.js';
import { readUint32, readUint64, writeUint32, writeUint64 } from './byte-order.js';
import { BOX_TAG_BYTES } from './envelope.js';
import { MAC_BYTES } from './key-schedule.js';
import { X25519_BYTES } from './x25519.js';

/**
 * Layouts of the four handshake messages inside their envelopes. Integers are little endian. Decoding returns views of
 * the body, or undefined when the body cannot be such a message; it authenticates nothing.
 */
export const PROTOCOL_VERSION = 1;

export const HELLO = 1;
export const OHAI = 2;
export const OKBOSS = 3;
export const GOTEAM = 4;

/** The part of a Hello that is signed, and that OkBoss repeats: type, version, flags, index, time, id, ephemeral. */
export const CORE_BYTES = 64;
/** The part of an Ohai that is signed: type to cookie. */
export const SIGNED_OHAI_BYTES = 96;
/**
 * Zero padding of a Hello. With it no Ohai is longer than the Hello it answers, so a Hello with a spoofed source cannot
 * be used to flood somebody with more bytes than it cost.
 */
export const HELLO_PADDING_BYTES = 32;
/** Up to this many more bytes, chosen at random, so that Hellos are not told by their size. */
export const MAX_EXTRA_PADDING_BYTES = 63;
export const HELLO_BYTES = CORE_BYTES + MAC_BYTES + HELLO_PADDING_BYTES;
export const OHAI_BYTES = SIGNED_OHAI_BYTES + MAC_BYTES;
/** Before the inner box of an OkBoss: type, version, epoch, 0, time echo, cookie echo, Hello core. */
export const OKBOSS_HEAD_BYTES = 108;
/** Before the inner box of a GoTeam: type, version, 0, 0, initiator's index. */
export const GOTEAM_HEAD_BYTES = 8;
/** What a GoTeam's inner box begins with: fresh random bytes and the responder's index. */
export const RESPONDER_RANDOM_BYTES = 32;
export const GOTEAM_SECRET_BYTES = RESPONDER_RANDOM_BYTES + 4;
/** Our payload in OkBoss and GoTeam. With it both stay below 1,200 bytes, which pass every path unfragmented. */
export const MAX_HELLO_PAYLOAD = 1_000;

export interface HelloCore {
  readonly bytes: Uint8Array;
  /** Index at which the initiator wants to receive. */
  readonly index: number;
  /** Milliseconds since 1970; read by the time lock and by nothing else. */
  readonly timestamp: number;
  readonly nodeId: NodeId;
  readonly ephemeral: Uint8Array;
}

export interface Hello extends HelloCore {
  readonly mac: Uint8Array;
}

export interface Ohai {
  readonly signed: Uint8Array;
  readonly epoch: number;
  readonly index: number;
  readonly sentAt: Uint8Array;
  readonly nodeId: NodeId;
  readonly ephemeral: Uint8Array;
  readonly cookie: Uint8Array;
  readonly mac: Uint8Array;
}

export interface OkBoss {
  readonly epoch: number;
  readonly sentAt: number;
  readonly sentAtBytes: Uint8Array;
  readonly cookie: Uint8Array;
  readonly core: HelloCore;
  readonly box: Uint8Array;
}

export interface GoTeam {
  readonly index: number;
  readonly box: Uint8Array;
}

export function encodeCore(index: number, timestamp: number, nodeId: NodeId, ephemeral: Uint8Array): Uint8Array {
  const core = new Uint8Array(CORE_BYTES);
  core[0] = HELLO;
  core[1] = PROTOCOL_VERSION;
  writeUint32(core, 4, index);
  writeUint64(core, 8, timestamp);
  core.set(nodeIdToBytes(nodeId), 16);
  core.set(ephemeral, 32);
  return core;
}

export function encodeHello(body: Uint8Array, core: Uint8Array, mac: Uint8Array): void {
  body.set(core);
  body.set(mac, CORE_BYTES);
}

function decodeCore(bytes: Uint8Array): HelloCore | undefined {
  if (bytes[0] !== HELLO || bytes[1] !== PROTOCOL_VERSION) return undefined;
  return {
    bytes,
    index: readUint32(bytes, 4),
    timestamp: readUint64(bytes, 8),
    nodeId: nodeIdFromBytes(bytes.subarray(16, 16 + NODE_ID_BYTES)),
    ephemeral: bytes.subarray(32, 32 + X25519_BYTES),
  };
}

export function decodeHello(body: Uint8Array): Hello | undefined {
  if (body.length < HELLO_BYTES || body.length > HELLO_BYTES + MAX_EXTRA_PADDING_BYTES) return undefined;
  if (!isZero(body, CORE_BYTES + MAC_BYTES)) return undefined;
  const core = decodeCore(body.subarray(0, CORE_BYTES));
  return core && { ...core, mac: body.subarray(CORE_BYTES, CORE_BYTES + MAC_BYTES) };
}

/** The signed part of an Ohai. The responder makes it a second time when the OkBoss comes, from what that echoes. */
export function encodeSignedOhai(
  epoch: number,
  index: number,
  sentAt: Uint8Array,
  nodeId: NodeId,
  ephemeral: Uint8Array,
  cookie: Uint8Array,
): Uint8Array {
  const signed = new Uint8Array(SIGNED_OHAI_BYTES);
  signed[0] = OHAI;
  signed[1] = PROTOCOL_VERSION;
  signed[2] = epoch;
  writeUint32(signed, 4, index);
  signed.set(sentAt, 8);
  signed.set(nodeIdToBytes(nodeId), 16);
  signed.set(ephemeral, 32);
  signed.set(cookie, 64);
  return signed;
}

export function encodeOhai(body: Uint8Array, signed: Uint8Array, mac: Uint8Array): void {
  body.set(signed);
  body.set(mac, SIGNED_OHAI_BYTES);
}

export function decodeOhai(body: Uint8Array): Ohai | undefined {
  if (body[0] !== OHAI || body[1] !== PROTOCOL_VERSION) return undefined;
  if (body.length < OHAI_BYTES || body.length > OHAI_BYTES + MAX_EXTRA_PADDING_BYTES) return undefined;
  if (!isZero(body, OHAI_BYTES)) return undefined;
  return {
    signed: body.subarray(0, SIGNED_OHAI_BYTES),
    epoch: body[2]!,
    index: readUint32(body, 4),
    sentAt: body.subarray(8, 16),
    nodeId: nodeIdFromBytes(body.subarray(16, 16 + NODE_ID_BYTES)),
    ephemeral: body.subarray(32, 64),
    cookie: body.subarray(64, 96),
    mac: body.subarray(SIGNED_OHAI_BYTES, OHAI_BYTES),
  };
}

/** Writes all but the box, which the caller seals at `body[108]`, tag first. */
export function encodeOkBoss(body: Uint8Array, ohai: Ohai, core: Uint8Array, payload: Uint8Array): void {
  body[0] = OKBOSS;
  body[1] = PROTOCOL_VERSION;
  body[2] = ohai.epoch;
  body.set(ohai.sentAt, 4);
  body.set(ohai.cookie, 12);
  body.set(core, 44);
  body.set(payload, OKBOSS_HEAD_BYTES + BOX_TAG_BYTES);
}

export function decodeOkBoss(body: Uint8Array): OkBoss | undefined {
  if (body[0] !== OKBOSS || body[1] !== PROTOCOL_VERSION || body[3] !== 0) return undefined;
  const payloadLength = body.length - OKBOSS_HEAD_BYTES - BOX_TAG_BYTES;
  if (payloadLength < 0 || payloadLength > MAX_HELLO_PAYLOAD) return undefined;
  const core = decodeCore(body.subarray(44, 44 + CORE_BYTES));
  if (core === undefined) return undefined;
  return {
    epoch: body[2]!,
    sentAt: readUint64(body, 4),
    sentAtBytes: body.subarray(4, 12),
    cookie: body.subarray(12, 44),
    core,
    box: body.subarray(OKBOSS_HEAD_BYTES),
  };
}

/** Writes all but the box, which the caller seals at `body[8]`, tag first. */
export function encodeGoTeam(
  body: Uint8Array,
  initiatorIndex: number,
  responderRandom: Uint8Array,
  responderIndex: Uint8Array,
  payload: Uint8Array,
): void {
  const secret = GOTEAM_HEAD_BYTES + BOX_TAG_BYTES;
  body[0] = GOTEAM;
  body[1] = PROTOCOL_VERSION;
  writeUint32(body, 4, initiatorIndex);
  body.set(responderRandom, secret);
  body.set(responderIndex, secret + RESPONDER_RANDOM_BYTES);
  body.set(payload, secret + GOTEAM_SECRET_BYTES);
}

export function decodeGoTeam(body: Uint8Array): GoTeam | undefined {
  if (body[0] !== GOTEAM || body[1] !== PROTOCOL_VERSION || body[2] !== 0 || body[3] !== 0) return undefined;
  const payloadLength = body.length - GOTEAM_HEAD_BYTES - BOX_TAG_BYTES - GOTEAM_SECRET_BYTES;
  if (payloadLength < 0 || payloadLength > MAX_HELLO_PAYLOAD) return undefined;
  return { index: readUint32(body, 4), box: body.subarray(GOTEAM_HEAD_BYTES) };
}

/** Padding and reserved bytes must be zero: nothing in a message is left for others to choose. */
function isZero(body: Uint8Array, from: number): boolean {
  for (let i = from; i < body.length; i++) if (body[i] !== 0) return false;
  return true;
}
