/** A running hash of all that happens in a run. Not for security: it tells whether two runs were the same. */
export class RunDigest {
  private a = 0x243f6a88;
  private b = 0x85a308d3;

  /** Mixes in any whole number below 2^53. */
  number(value: number): void {
    this.word(value | 0);
    this.word((value / 0x1_0000_0000) | 0);
  }

  /**
   * Mixes in the length of a datagram and its first 32 bytes: these hold the authentication tag, which covers the rest.
   */
  datagram(bytes: Uint8Array): void {
    this.word(bytes.length);
    const end = Math.min(32, bytes.length - (bytes.length & 3));
    for (let i = 0; i < end; i += 4) {
      this.word(bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    }
  }

  hex(): string {
    return [finish(this.a), finish(this.b)].map(word => word.toString(16).padStart(8, '0')).join('');
  }

  /** Two multiplicative lanes that feed each other, with the constants of MurmurHash3. */
  private word(word: number): void {
    this.a = Math.imul(this.a ^ word, 0xcc9e2d51);
    this.a = (this.a << 13) | (this.a >>> 19);
    this.b = Math.imul(this.b + (this.a ^ word), 0x1b873593);
    this.b = (this.b << 15) | (this.b >>> 17);
  }
}

function finish(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
