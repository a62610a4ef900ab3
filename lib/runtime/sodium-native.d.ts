/** Password hashing, which only the runtime needs: it takes half a second and runs on a thread of its own. */
declare module 'sodium-native' {
  interface Sodium {
    readonly crypto_pwhash_OPSLIMIT_MODERATE: number;
    readonly crypto_pwhash_MEMLIMIT_MODERATE: number;
    readonly crypto_pwhash_ALG_ARGON2ID13: number;
    /** out is 16 bytes or more, salt is 16 bytes. */
    crypto_pwhash_async(
      out: Uint8Array,
      password: Uint8Array,
      salt: Uint8Array,
      operations: number,
      memory: number,
      algorithm: number,
    ): Promise<void>;
  }
}
