import sodium from 'sodium-native';
import type { RandomFill } from '../random.js';

/** Bytes of an X25519 secret key, public key and shared secret (RFC 7748). */
export const X25519_BYTES = 32;

export interface KeyPair {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** An ephemeral key pair. The caller zeroes the secret key when it is done with it. */
export function generateKeyPair(random: RandomFill): KeyPair {
  const secretKey = new Uint8Array(X25519_BYTES);
  const publicKey = new Uint8Array(X25519_BYTES);
  random(secretKey);
  sodium.crypto_scalarmult_base(publicKey, secretKey);
  return { secretKey, publicKey };
}

/**
 * Computes the shared secret into `shared`. False when the other side sent a point of low order: the result would be
 * the same whatever our secret is, so an attacker would know it without taking part (RFC 7748 section 6.1).
 */
export function sharedSecret(shared: Uint8Array, secretKey: Uint8Array, publicKey: Uint8Array): boolean {
  if (shared.length !== X25519_BYTES || secretKey.length !== X25519_BYTES || publicKey.length !== X25519_BYTES) {
    return false;
  }
  try {
    sodium.crypto_scalarmult(shared, secretKey, publicKey);
    return true;
  } catch {
    return false;
  }
}
