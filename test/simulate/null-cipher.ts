import sodium from 'sodium-native';
import { HEADER_BYTES, TAG_BYTES } from '../../lib/engine/crypto/data-header.js';

/** What the engines call for every datagram. */
type DatagramCiphers = Pick<
  typeof sodium,
  'crypto_secretbox_detached' | 'crypto_secretbox_open_detached' | 'crypto_shorthash'
>;

/**
 * Replaces the cipher of all engines of this process by a checksum and no encryption, for very large runs. The functions
 * are exchanged where the engines look them up, so the real ones pay nothing for it. Sizes stay the same, and so does all
 * else that is on the wire: handshakes, replay windows, counters.
 * @returns what puts the real cipher back.
 */
export function replaceCipher(): () => void {
  const ciphers = sodium as { -readonly [name in keyof DatagramCiphers]: DatagramCiphers[name] };
  const { crypto_secretbox_detached, crypto_secretbox_open_detached, crypto_shorthash } = sodium;
  ciphers.crypto_secretbox_detached = seal;
  ciphers.crypto_secretbox_open_detached = open;
  ciphers.crypto_shorthash = mask;
  return () => Object.assign(ciphers, { crypto_secretbox_detached, crypto_secretbox_open_detached, crypto_shorthash });
}

function seal(text: Uint8Array, mac: Uint8Array, message: Uint8Array, nonce: Uint8Array, key: Uint8Array): void {
  if (!isSamePlace(text, message)) text.set(message);
  writeTag(mac, text, nonce, key);
}

function open(message: Uint8Array, text: Uint8Array, mac: Uint8Array, nonce: Uint8Array, key: Uint8Array): boolean {
  writeTag(tag, text, nonce, key);
  for (let i = 0; i < TAG_BYTES; i++) if (tag[i] !== mac[i]) return false;
  if (!isSamePlace(text, message)) message.set(text);
  return true;
}

function isSamePlace(a: Uint8Array, b: Uint8Array): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset;
}

const tag = new Uint8Array(TAG_BYTES);

/** Four words that depend on the text, the nonce and the key. */
function writeTag(into: Uint8Array, text: Uint8Array, nonce: Uint8Array, key: Uint8Array): void {
  let h = text.length + TAG_BYTES;
  for (let i = 0; i < nonce.length; i++) h = Math.imul(h ^ nonce[i]!, 0x01000193);
  for (let i = 0; i < key.length; i += 8) h = Math.imul(h ^ key[i]!, 0x01000193);
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text[i]!, 0x01000193);
  for (let i = 0; i < TAG_BYTES; i += 4) {
    h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
    into[i] = h;
    into[i + 1] = h >>> 8;
    into[i + 2] = h >>> 16;
    into[i + 3] = h >>> 24;
  }
}

/** Masks the header with the first bytes of the tag: whoever reads a simulation may see it. */
function mask(out: Uint8Array, input: Uint8Array): void {
  for (let i = 0; i < HEADER_BYTES; i++) out[i] = input[i]!;
}
