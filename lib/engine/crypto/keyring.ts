import sodium from 'sodium-native';
import { toHex } from './hex.js';
import {
  envelopeKey,
  headerKey,
  keyIdentifier,
  macKey,
  mixKey,
  preSharedSecret,
  prologue,
  RAW_KEY_BYTES,
} from './key-schedule.js';

/**
 * Keys a node accepts at once. A rotation needs two; every further key costs each garbage datagram another 0.6 us of
 * trial opening, and a session is only as strong as the weakest key still accepted.
 */
export const MAX_KEYS = 8;

/** What is derived from one pre-shared key. */
export interface PreSharedKey {
  /** 16 hex digits, a hash of the key: safe to log. */
  readonly id: string;
  readonly envelope: Uint8Array;
  readonly mac: Uint8Array;
  readonly mix: Uint8Array;
  readonly header: Uint8Array;
}

/** The pre-shared keys of a cluster: the first is used to say Hello, all are accepted. */
export class Keyring {
  readonly cluster: string;
  readonly prologue: Uint8Array;
  readonly keys: readonly PreSharedKey[];

  private constructor(cluster: string, prologueHash: Uint8Array, keys: readonly PreSharedKey[]) {
    this.cluster = cluster;
    this.prologue = prologueHash;
    this.keys = keys;
  }

  /** Throws a RangeError for a cluster name or keys that cannot be used: this is configuration. */
  static derive(cluster: string, rawKeys: readonly Uint8Array[]): Keyring {
    const prologueHash = prologue(cluster);
    if (rawKeys.length < 1 || rawKeys.length > MAX_KEYS) {
      throw new RangeError(`a keyring holds 1 to ${MAX_KEYS} keys, not ${rawKeys.length}`);
    }
    const keys: PreSharedKey[] = [];
    for (const [position, rawKey] of rawKeys.entries()) {
      if (rawKey.length !== RAW_KEY_BYTES) {
        throw new RangeError(`key ${position + 1} is ${rawKey.length} bytes, it must be ${RAW_KEY_BYTES}`);
      }
      const key = deriveKey(rawKey, prologueHash);
      if (!keys.some(other => other.id === key.id)) keys.push(key);
    }
    return new Keyring(cluster, prologueHash, keys);
  }

  /** The key that our own Hellos use. */
  get primary(): PreSharedKey {
    return this.keys[0]!;
  }

  /** Where the key stands, -1 when it is not accepted. */
  positionOf(keyId: string): number {
    return this.keys.findIndex(key => key.id === keyId);
  }
}

function deriveKey(rawKey: Uint8Array, prologueHash: Uint8Array): PreSharedKey {
  const psk = preSharedSecret(rawKey, prologueHash);
  const key: PreSharedKey = {
    id: toHex(keyIdentifier(psk)),
    envelope: envelopeKey(psk),
    mac: macKey(psk),
    mix: mixKey(psk),
    header: headerKey(psk),
  };
  sodium.sodium_memzero(psk);
  return key;
}
