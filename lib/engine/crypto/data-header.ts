import sodium from 'sodium-native';

/**
 * Layout of a data datagram, integers little endian:
 *
 * | offset | bytes | field                                   |
 * | ------ | ----- | --------------------------------------- |
 * | 0      | 4     | the receiver's index, masked            |
 * | 4      | 4     | counter, masked                         |
 * | 8      | 16    | Poly1305 tag                            |
 * | 24     | n     | ciphertext                              |
 *
 * The mask is SipHash-2-4 of the tag, in the manner of QUIC's header protection (RFC 9001 section 5.4): the tag differs
 * in every packet, so the two fields look random. The header needs no authentication of its own: the index picks the
 * key and the counter is the nonce, so changing either makes the tag fail.
 */
export const HEADER_BYTES = 8;
export const TAG_BYTES = 16;
/** What a data datagram is longer than its plaintext. */
export const DATA_OVERHEAD = HEADER_BYTES + TAG_BYTES;
export const HEADER_KEY_BYTES = 16;

/** The tag of the datagram at hand, copied here and from here: a view of it in each datagram would be garbage. */
export const tag = new Uint8Array(TAG_BYTES);

export function readTag(datagram: Uint8Array): void {
  for (let i = 0; i < TAG_BYTES; i++) tag[i] = datagram[HEADER_BYTES + i]!;
}

export function writeTag(buffer: Uint8Array): void {
  for (let i = 0; i < TAG_BYTES; i++) buffer[HEADER_BYTES + i] = tag[i]!;
}

/** Writes index and counter before a tag that is already in place. */
export function writeMaskedHeader(buffer: Uint8Array, key: Uint8Array, index: number, counter: number): void {
  readTag(buffer);
  sodium.crypto_shorthash(mask, tag, key);
  xorUint32(buffer, 0, index);
  xorUint32(buffer, 4, counter);
}

/** Index and counter read last by `readMaskedHeader`: fields of a shared object, so that reading allocates nothing. */
export const unmasked = { index: 0, counter: 0 };

/** Reads index and counter into `unmasked`. The datagram has at least 24 bytes; it is not changed. */
export function readMaskedHeader(datagram: Uint8Array, key: Uint8Array): void {
  readTag(datagram);
  sodium.crypto_shorthash(mask, tag, key);
  unmasked.index = unmaskUint32(datagram, 0);
  unmasked.counter = unmaskUint32(datagram, 4);
}

const mask = new Uint8Array(8);

function xorUint32(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = (value & 0xff) ^ mask[at]!;
  buffer[at + 1] = ((value >>> 8) & 0xff) ^ mask[at + 1]!;
  buffer[at + 2] = ((value >>> 16) & 0xff) ^ mask[at + 2]!;
  buffer[at + 3] = (value >>> 24) ^ mask[at + 3]!;
}

function unmaskUint32(datagram: Uint8Array, at: number): number {
  return (
    ((datagram[at]! ^ mask[at]!) |
      ((datagram[at + 1]! ^ mask[at + 1]!) << 8) |
      ((datagram[at + 2]! ^ mask[at + 2]!) << 16) |
      ((datagram[at + 3]! ^ mask[at + 3]!) << 24)) >>>
    0
  );
}
