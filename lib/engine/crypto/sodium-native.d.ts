/**
 * The functions of libsodium that the engine uses. The package brings no types of its own. Sizes are in the comments
 * because every function throws on a buffer of another size: callers check lengths first. Output and input may be the
 * same memory, at any overlap.
 */
declare module 'sodium-native' {
  export interface Sodium {
    /** c is m + 16 bytes (tag, then ciphertext), n is 24 bytes, k is 32 bytes. */
    crypto_secretbox_easy(c: Uint8Array, m: Uint8Array, n: Uint8Array, k: Uint8Array): void;
    /** m is c - 16 bytes. False, with m untouched, on forgery; throws when c is shorter than 16 bytes. */
    crypto_secretbox_open_easy(m: Uint8Array, c: Uint8Array, n: Uint8Array, k: Uint8Array): boolean;
    /** The same with the tag, 16 bytes, apart: c is as long as m. */
    crypto_secretbox_detached(c: Uint8Array, mac: Uint8Array, m: Uint8Array, n: Uint8Array, k: Uint8Array): void;
    /** m is as long as c. False, with m untouched, on forgery. */
    crypto_secretbox_open_detached(
      m: Uint8Array,
      c: Uint8Array,
      mac: Uint8Array,
      n: Uint8Array,
      k: Uint8Array,
    ): boolean;
    /** out is 16 to 64 bytes, k is 16 to 64 bytes. */
    crypto_generichash(out: Uint8Array, input: Uint8Array, k?: Uint8Array): void;
    /** The same over the concatenation of the parts. */
    crypto_generichash_batch(out: Uint8Array, parts: readonly Uint8Array[], k?: Uint8Array): void;
    /** SipHash-2-4: out is 8 bytes, k is 16 bytes. */
    crypto_shorthash(out: Uint8Array, input: Uint8Array, k: Uint8Array): void;
    /** All 32 bytes. */
    crypto_scalarmult_base(publicKey: Uint8Array, secretKey: Uint8Array): void;
    /** All 32 bytes. Throws when the result is all zero, which the points of low order cause. */
    crypto_scalarmult(shared: Uint8Array, secretKey: Uint8Array, publicKey: Uint8Array): void;
    /** Constant time; throws when the lengths differ. */
    sodium_memcmp(a: Uint8Array, b: Uint8Array): boolean;
    sodium_memzero(buffer: Uint8Array): void;
  }
  // CommonJS without static exports: only the default import works from an ES module.
  const sodium: Sodium;
  export default sodium;
}
