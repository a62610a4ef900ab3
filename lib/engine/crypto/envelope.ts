import sodium from 'sodium-native';
import type { RandomFill } from '../random.js';
import type { PreSharedKey } from './keyring.js';

/**
 * The envelope of handshake datagrams: `nonce (24 random bytes) || secretbox(envelope key, nonce, body)`. It makes them
 * look random and turns away everyone without a pre-shared key before anything is parsed. Authentication does not rest
 * on it: XSalsa20-Poly1305 does not commit to its key, the BLAKE2b MACs inside do.
 *
 * Which key fits is found by trying. Remembering the last key of each address would save 0.6 us per wrong key on a few
 * datagrams per session, and would be one more table for strangers to fill, so nothing is remembered.
 */
export const ENVELOPE_NONCE_BYTES = 24;
export const BOX_TAG_BYTES = 16;
/** What the envelope adds to its body. */
export const ENVELOPE_OVERHEAD = ENVELOPE_NONCE_BYTES + BOX_TAG_BYTES;

/** Handshake datagrams are of these sizes: a GoTeam without payload is the smallest; the largest fits an Ethernet frame. */
export const MIN_HANDSHAKE_DATAGRAM = 100;
export const MAX_HANDSHAKE_DATAGRAM = 1_500;

/** An envelope being written: the nonce is drawn, the body is zero. */
export interface OpenEnvelope {
  readonly datagram: Uint8Array;
  readonly nonce: Uint8Array;
  readonly body: Uint8Array;
}

export function startEnvelope(bodyLength: number, random: RandomFill): OpenEnvelope {
  const datagram = new Uint8Array(ENVELOPE_OVERHEAD + bodyLength);
  const nonce = datagram.subarray(0, ENVELOPE_NONCE_BYTES);
  random(nonce);
  return { datagram, nonce, body: datagram.subarray(ENVELOPE_OVERHEAD) };
}

/** Encrypts the body in place. */
export function sealEnvelope(envelope: OpenEnvelope, key: PreSharedKey): Uint8Array {
  const box = envelope.datagram.subarray(ENVELOPE_NONCE_BYTES);
  sodium.crypto_secretbox_easy(box, envelope.body, envelope.nonce, key.envelope);
  return envelope.datagram;
}

export function isHandshakeSize(length: number): boolean {
  return length >= MIN_HANDSHAKE_DATAGRAM && length <= MAX_HANDSHAKE_DATAGRAM;
}

/** Opens a datagram of handshake size into `body` (its length less the overhead). Returns the key that fitted. */
export function openEnvelope(
  datagram: Uint8Array,
  body: Uint8Array,
  keys: readonly PreSharedKey[],
): PreSharedKey | undefined {
  if (datagram.length < ENVELOPE_OVERHEAD || body.length !== datagram.length - ENVELOPE_OVERHEAD) return undefined;
  const nonce = datagram.subarray(0, ENVELOPE_NONCE_BYTES);
  const box = datagram.subarray(ENVELOPE_NONCE_BYTES);
  for (const key of keys) {
    if (sodium.crypto_secretbox_open_easy(body, box, nonce, key.envelope)) return key;
  }
  return undefined;
}

/** Seals what is at `box[16]` in place: the box inside OkBoss and GoTeam, under a key of this handshake only. */
export function sealInnerBox(box: Uint8Array, nonce: Uint8Array, key: Uint8Array): void {
  sodium.crypto_secretbox_easy(box, box.subarray(BOX_TAG_BYTES), nonce, key);
}

/** Opens such a box into fresh memory. */
export function openInnerBox(box: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array | undefined {
  if (box.length < BOX_TAG_BYTES) return undefined;
  const plaintext = new Uint8Array(box.length - BOX_TAG_BYTES);
  return sodium.crypto_secretbox_open_easy(plaintext, box, nonce, key) ? plaintext : undefined;
}
