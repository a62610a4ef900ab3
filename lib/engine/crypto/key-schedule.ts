import sodium from 'sodium-native';

/**
 * Every key of the protocol, as pure functions of BLAKE2b (RFC 7693). All inputs but the cluster name have a fixed
 * length, and the cluster name is preceded by its length, so plain concatenation is never ambiguous.
 */

/**
 * Starts every label. The version in it separates protocol versions completely: another version derives other keys and
 * cannot even open our envelopes. Changing it cuts a node off from every node that has not changed.
 */
export const PROTOCOL_LABEL = 'gwyh/1 ';
/** Width of a label, zero padded. Fixed, so that no label can be the beginning of another label plus data. */
export const LABEL_BYTES = 16;
/** Raw pre-shared keys are 256 bits: guessing one offline from a recorded Hello must be out of reach. */
export const RAW_KEY_BYTES = 32;
/** All BLAKE2b MACs on the wire. 128 bits would do against forgery; 256 keep the envelope committing to its key. */
export const MAC_BYTES = 32;
/** A traffic block is a 32-byte XSalsa20-Poly1305 key followed by the first 20 bytes of the nonces. */
export const TRAFFIC_BLOCK_BYTES = 64;
export const TRAFFIC_KEY_BYTES = 32;
export const TRAFFIC_IV_BYTES = 20;
/** Length limits of a cluster name in UTF-8: its length has to fit the one byte hashed before it. */
export const MAX_CLUSTER_BYTES = 255;

/** `gwyh/1 ` and the name, zero padded to 16 bytes. */
export function label(name: string): Uint8Array {
  const bytes = encoder.encode(PROTOCOL_LABEL + name);
  if (bytes.length > LABEL_BYTES) throw new RangeError(`label too long: ${name}`);
  const padded = new Uint8Array(LABEL_BYTES);
  padded.set(bytes);
  return padded;
}

/** BLAKE2b of `length` bytes over the concatenated parts, keyed when a key is given. */
export function hash(length: number, key: Uint8Array | undefined, parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(length);
  if (key === undefined) sodium.crypto_generichash_batch(out, parts);
  else sodium.crypto_generichash_batch(out, parts, key);
  return out;
}

/** Names the protocol and the cluster. It is hashed into every key, so clusters sharing a key still never talk. */
export function prologue(cluster: string): Uint8Array {
  const name = encoder.encode(cluster);
  if (name.length < 1 || name.length > MAX_CLUSTER_BYTES) {
    throw new RangeError(`the cluster name must be 1 to ${MAX_CLUSTER_BYTES} bytes of UTF-8, not ${name.length}`);
  }
  return hash(32, undefined, [LABELS.prologue, Uint8Array.of(name.length), name]);
}

/** Salt for stretching a passphrase (Argon2id) into a raw key: the same passphrase in another cluster is another key. */
export function passphraseSalt(cluster: string): Uint8Array {
  return hash(16, undefined, [LABELS.salt, prologue(cluster)]);
}

/** The pre-shared key proper: bound to cluster and version. All others come from it; it is zeroed after that. */
export function preSharedSecret(rawKey: Uint8Array, prologueHash: Uint8Array): Uint8Array {
  return hash(32, rawKey, [LABELS.psk, prologueHash]);
}

/** XSalsa20-Poly1305 key of the envelope around handshake datagrams. */
export function envelopeKey(psk: Uint8Array): Uint8Array {
  return hash(32, psk, [LABELS.env]);
}

/** Key of the MACs inside Hello and Ohai. */
export function macKey(psk: Uint8Array): Uint8Array {
  return hash(32, psk, [LABELS.mac]);
}

/** What the pre-shared key adds to the session keys, so that breaking X25519 alone does not open them. */
export function mixKey(psk: Uint8Array): Uint8Array {
  return hash(64, psk, [LABELS.mix]);
}

/** SipHash key that masks index and counter of data datagrams. */
export function headerKey(psk: Uint8Array): Uint8Array {
  return hash(16, psk, [LABELS.hdr]);
}

/** A name for the key that may be logged. Not on the wire. */
export function keyIdentifier(psk: Uint8Array): Uint8Array {
  return hash(16, psk, [LABELS.keyId]).subarray(0, 8);
}

/** Proves that whoever wrote this Hello holds the pre-shared key; covers every field of the core. */
export function helloMac(mac: Uint8Array, core: Uint8Array): Uint8Array {
  return hash(MAC_BYTES, mac, [LABELS.hello, core]);
}

/** Proves the same of the Ohai and binds it to the one Hello it answers, so it cannot be moved to another. */
export function ohaiMac(mac: Uint8Array, helloMacBytes: Uint8Array, signedOhai: Uint8Array): Uint8Array {
  return hash(MAC_BYTES, mac, [LABELS.ohai, helloMacBytes, signedOhai]);
}

/** What the responder remembers by not remembering it: address, time and Hello, under a key only it knows. */
export function cookieMac(
  cookieKey: Uint8Array,
  address: Uint8Array,
  epoch: Uint8Array,
  sentAt: Uint8Array,
  helloMacBytes: Uint8Array,
): Uint8Array {
  return hash(MAC_BYTES, cookieKey, [LABELS.cookie, address, epoch, sentAt, helloMacBytes]);
}

/** Hash of everything both sides have said. Any difference in what they saw gives different keys. */
export function transcriptHash(
  prologueHash: Uint8Array,
  core: Uint8Array,
  helloMacBytes: Uint8Array,
  signedOhai: Uint8Array,
): Uint8Array {
  return hash(64, undefined, [LABELS.th, prologueHash, core, helloMacBytes, signedOhai]);
}

/** The secret of this handshake: pre-shared key, X25519 and transcript. */
export function handshakeSecret(mix: Uint8Array, shared: Uint8Array, transcript: Uint8Array): Uint8Array {
  return hash(64, mix, [LABELS.prk, shared, transcript]);
}

/** Key of the box inside OkBoss. Used for one plaintext only. */
export function okBossKey(secret: Uint8Array): Uint8Array {
  return hash(32, secret, [LABELS.okboss]);
}

/** Key of the box inside GoTeam. Used for one plaintext only. */
export function goTeamKey(secret: Uint8Array): Uint8Array {
  return hash(32, secret, [LABELS.goteam]);
}

/**
 * Traffic block of one direction. The responder's fresh random bytes are in it because the responder keeps no state: a
 * replayed OkBoss would otherwise make a second session with the same keys and with its counters at zero again, which
 * is nonce reuse.
 */
export function trafficBlock(
  secret: Uint8Array,
  direction: 'i2r' | 'r2i',
  responderRandom: Uint8Array,
  responderIndex: Uint8Array,
  initiatorIndex: Uint8Array,
): Uint8Array {
  return hash(TRAFFIC_BLOCK_BYTES, secret, [LABELS[direction], responderRandom, responderIndex, initiatorIndex]);
}

/** Names the session in logs; says nothing about its keys. */
export function sessionIdentifier(secret: Uint8Array, responderRandom: Uint8Array): Uint8Array {
  return hash(16, secret, [LABELS.sid, responderRandom]);
}

const encoder = new TextEncoder();

const LABELS = {
  prologue: label('prologue'),
  salt: label('salt'),
  psk: label('psk'),
  env: label('env'),
  mac: label('mac'),
  mix: label('mix'),
  hdr: label('hdr'),
  keyId: label('keyid'),
  hello: label('hello'),
  ohai: label('ohai'),
  cookie: label('cookie'),
  th: label('th'),
  prk: label('prk'),
  okboss: label('okboss'),
  goteam: label('goteam'),
  i2r: label('i2r'),
  r2i: label('r2i'),
  sid: label('sid'),
} as const;
