import { createHash } from 'node:crypto';
import sodium from 'sodium-native';
import { passphraseSalt } from '../engine/crypto/key-schedule.js';
import { Keyring, MAX_KEYS } from '../engine/crypto/keyring.js';
import { GwyhOptionsError } from './errors.js';

/** Fewest characters of a passphrase. Whoever records a Hello can try passphrases offline, so short ones are refused. */
export const MIN_PASSPHRASE = 8;

const RAW_KEY_BYTES = 32;

/**
 * The key of nodes without keys. It is no secret: it keeps such nodes apart from others, and they bind loopback only.
 */
const KEYLESS = new TextEncoder().encode('gwyh: loopback only, no secret!!');

/** Throws a GwyhOptionsError that says what is wrong with the keys, without showing them. */
export function checkKeys(keys: readonly string[], name = 'keys'): void {
  if (!Array.isArray(keys) || keys.length < 1 || keys.length > MAX_KEYS) {
    const shown = Array.isArray(keys) ? keys : '...';
    throw new GwyhOptionsError(name, shown, `give a list of 1 to ${MAX_KEYS} keys, the one in use first.`);
  }
  keys.forEach((key, position) => {
    const option = `${name}[${position}]`;
    if (typeof key !== 'string') throw new GwyhOptionsError(option, '...', 'a key is a string.');
    if (isRaw(key)) {
      if (rawBytes(key) === undefined) throw new GwyhOptionsError(option, '...', RAW_FIX);
    } else if (key.length < MIN_PASSPHRASE) {
      const fix = `a passphrase needs ${MIN_PASSPHRASE} characters or more; better 32 random bytes as "hex:..." (openssl rand -hex 32).`;
      throw new GwyhOptionsError(option, '...', fix);
    }
  });
}

/**
 * Derives the keyring. Passphrases take about half a second each, on another thread, and once per process; one after the
 * other, for each needs 256 MiB meanwhile.
 */
export async function makeKeyring(cluster: string, keys: readonly string[] | undefined): Promise<Keyring> {
  if (keys === undefined) return Keyring.derive(cluster, [KEYLESS]);
  const raw: Uint8Array[] = [];
  for (const key of keys) raw.push(rawBytes(key) ?? (await stretch(key, cluster)));
  return Keyring.derive(cluster, raw);
}

const RAW_FIX = 'after "hex:" come 64 hex digits, after "base64:" 32 bytes in base64.';

function isRaw(key: string): boolean {
  return key.startsWith('hex:') || key.startsWith('base64:');
}

function rawBytes(key: string): Uint8Array | undefined {
  const hex = /^hex:([0-9a-f]{64})$/i.exec(key)?.[1];
  if (hex !== undefined) return Uint8Array.from(Buffer.from(hex, 'hex'));
  const base64 = /^base64:([A-Za-z0-9+/_-]+={0,2})$/.exec(key)?.[1];
  if (base64 === undefined) return undefined;
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  return bytes.length === RAW_KEY_BYTES ? bytes : undefined;
}

const stretched = new Map<string, Promise<Uint8Array>>();

/** Most passphrases remembered: tests and rotations use a few. */
const MOST_STRETCHED = 64;

/** Argon2id with the moderate limits of libsodium (3 passes over 256 MiB), salted with the cluster's name. */
function stretch(passphrase: string, cluster: string): Promise<Uint8Array> {
  const id = createHash('sha256')
    .update(JSON.stringify([cluster, passphrase]))
    .digest('base64');
  const known = stretched.get(id);
  if (known !== undefined) return known;
  const raw = new Uint8Array(RAW_KEY_BYTES);
  const password = Buffer.from(passphrase.normalize('NFKC'));
  const done = sodium
    .crypto_pwhash_async(
      raw,
      password,
      passphraseSalt(cluster),
      sodium.crypto_pwhash_OPSLIMIT_MODERATE,
      sodium.crypto_pwhash_MEMLIMIT_MODERATE,
      sodium.crypto_pwhash_ALG_ARGON2ID13,
    )
    .then(() => raw);
  if (stretched.size >= MOST_STRETCHED) stretched.clear();
  stretched.set(id, done);
  done.catch(() => stretched.delete(id));
  return done;
}
