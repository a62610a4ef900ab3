import sodium from 'sodium-native';
import { HEADER_BYTES, TAG_BYTES } from '../../lib/engine/crypto/data-header.js';

/** What the engines call for every datagram. */
type DatagramCiphers = Pick<typeof sodium, 'crypto_secretbox_easy' | 'crypto_secretbox_open_easy' | 'crypto_shorthash'>;

/**
 * Replaces the cipher of all engines of this process by a checksum and no encryption, for very large runs. The functions
 * are exchanged where the engines look them up, so the real ones pay nothing for it. Sizes stay the same, and so does all
 * else that is on the wire: handshakes, replay windows, counters.
 * @returns what puts the real cipher back.
 */
export function replaceCipher(): () => void {
  const ciphers = sodium as { -readonly [name in keyof DatagramCiphers]: DatagramCiphers[name] };
  const { crypto_secretbox_easy, crypto_secretbox_open_easy, crypto_shorthash } = sodium;
  ciphers.crypto_secretbox_easy = seal;
  ciphers.crypto_secretbox_open_easy = open;
  ciphers.crypto_shorthash = mask;
  return () => Object.assign(ciphers, { crypto_secretbox_easy, crypto_secretbox_open_easy, crypto_shorthash });
}

/** `box` is tag and text; the message may stand in it already. */
function seal(box: Uint8Array, message: Uint8Array, nonce: Uint8Array, key: Uint8Array): void {
  const isInPlace = box.buffer === message.buffer && box.byteOffset + TAG_BYTES === message.byteOffset;
  if (!isInPlace) box.set(message, TAG_BYTES);
  writeTag(box, nonce, key);
}

function open(message: Uint8Array, box: Uint8Array, nonce: Uint8Array, key: Uint8Array): boolean {
  // Loops in place of methods and views: this is called for every datagram.
  for (let i = 0; i < TAG_BYTES; i++) tag[i] = box[i]!;
  writeTag(box, nonce, key);
  let isAuthentic = true;
  for (let i = 0; i < TAG_BYTES; i++) {
    if (tag[i] !== box[i]) isAuthentic = false;
    box[i] = tag[i]!;
  }
  const isInPlace = box.buffer === message.buffer && box.byteOffset + TAG_BYTES === message.byteOffset;
  if (isAuthentic && !isInPlace) message.set(box.subarray(TAG_BYTES));
  return isAuthentic;
}

const tag = new Uint8Array(TAG_BYTES);

/** Four words that depend on the text, the nonce and the key. */
function writeTag(box: Uint8Array, nonce: Uint8Array, key: Uint8Array): void {
  let h = box.length;
  for (let i = 0; i < nonce.length; i++) h = Math.imul(h ^ nonce[i]!, 0x01000193);
  for (let i = 0; i < key.length; i += 8) h = Math.imul(h ^ key[i]!, 0x01000193);
  for (let i = TAG_BYTES; i < box.length; i++) h = Math.imul(h ^ box[i]!, 0x01000193);
  for (let i = 0; i < TAG_BYTES; i += 4) {
    h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
    box[i] = h;
    box[i + 1] = h >>> 8;
    box[i + 2] = h >>> 16;
    box[i + 3] = h >>> 24;
  }
}

/** Masks the header with the first bytes of the tag: whoever reads a simulation may see it. */
function mask(out: Uint8Array, input: Uint8Array): void {
  for (let i = 0; i < HEADER_BYTES; i++) out[i] = input[i]!;
}
