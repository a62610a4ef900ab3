import type { EngineContext } from '../engine-context.js';
import { type Endpoint, sameEndpoint } from '../endpoint.js';
import { Frame } from '../wire/frame.js';
import type { MessagePackReader } from '../wire/message-pack-reader.js';
import type { MessagePackWriter } from '../wire/message-pack-writer.js';
import type { Peer } from './peer.js';

/**
 * A peer's datagrams that come from a new address may be its own (it moved, its NAT forgot it) or somebody else's copy
 * of them with a rewritten source. Broadcasts are many, so they go there only once the address has answered (RFC 9000,
 * section 8.2).
 */
const TOKEN_BYTES = 8;

/** A challenge is repeated when another datagram comes from there after this long, ms. */
export const CHALLENGE_MS = 1_000;

/** The frame to send to the new address, or undefined when one is on its way. */
export function challengePath(peer: Peer, from: Endpoint, context: EngineContext, now: number): Uint8Array | undefined {
  const { candidate } = peer;
  if (candidate !== undefined && now - candidate.sentAt < CHALLENGE_MS) return undefined;
  // The same address keeps its token: the answer to the last challenge may be on its way.
  const isSame = candidate !== undefined && sameEndpoint(candidate.endpoint, from);
  const token = isSame ? candidate.token : new Uint8Array(TOKEN_BYTES);
  if (!isSame) context.options.random(token);
  peer.candidate = { endpoint: from, token, sentAt: now };
  return encode(context.writer, Frame.pathChallenge, token);
}

/** The answer to a challenge, for the address it came from. */
export function answerChallenge(reader: MessagePackReader, writer: MessagePackWriter): Uint8Array | undefined {
  const token = reader.bytesOf(TOKEN_BYTES);
  return reader.failed ? undefined : encode(writer, Frame.pathResponse, token);
}

/** Moves the peer to the address that brought back its token. True when it moved. The token may also be that of a probe. */
export function acceptResponse(peer: Peer, from: Endpoint, reader: MessagePackReader): boolean {
  const token = reader.bytesOf(TOKEN_BYTES);
  const { candidate } = peer;
  if (reader.failed || peer.datagramSize.answered(token)) return false;
  if (candidate === undefined || !sameEndpoint(candidate.endpoint, from)) return false;
  if (token.some((byte, i) => byte !== candidate.token[i])) return false;
  peer.moveTo(candidate.endpoint);
  peer.candidate = undefined;
  return true;
}

/**
 * Writes a challenge of just so many bytes. Whoever understands challenges answers it as any other, from which the sender learns
 * that so large a datagram gets through (as in QUIC, RFC 9000, section 14.4).
 */
export function writePaddedChallenge(frame: Uint8Array, token: Uint8Array): void {
  const padding = frame.length - PADDING_AT;
  frame.set([0x93, Frame.pathChallenge, 0xc4, TOKEN_BYTES]);
  frame.set(token, 4);
  frame.set([0xc5, padding >>> 8, padding & 0xff], 4 + TOKEN_BYTES);
  frame.fill(0, PADDING_AT);
}

/** Behind the heads of array and token, the token, and the head of the padding. */
const PADDING_AT = 4 + TOKEN_BYTES + 3;

function encode(writer: MessagePackWriter, type: number, token: Uint8Array): Uint8Array {
  writer.reset();
  writer.array(2);
  writer.uint(type);
  writer.bytes(token);
  return writer.take();
}
