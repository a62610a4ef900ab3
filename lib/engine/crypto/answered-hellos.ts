import { readUint32 } from './byte-order.js';

/** Envelopes remembered: 4 s of the highest Ohai rate. The oldest is forgotten first, so a flood cannot grow it. */
export const MAX_ANSWERED_HELLOS = 4_096;

/**
 * The envelopes of Hellos that were answered, so that a recorded Hello sent again stays unanswered while its time stamp
 * still passes. It is told by the nonce of the envelope, not by the Hello inside: an honest resend repeats the Hello in
 * a fresh envelope, and nobody without the key can wrap it anew. Of the nonce 52 random bits are enough.
 */
export class AnsweredHellos {
  private readonly nonces = new Set<number>();

  has(nonce: Uint8Array): boolean {
    return this.nonces.has(fingerprint(nonce));
  }

  add(nonce: Uint8Array): void {
    if (this.nonces.size >= MAX_ANSWERED_HELLOS) {
      for (const oldest of this.nonces) {
        this.nonces.delete(oldest);
        break;
      }
    }
    this.nonces.add(fingerprint(nonce));
  }

  check(): void {
    if (this.nonces.size > MAX_ANSWERED_HELLOS) throw new Error('too many answered Hellos remembered');
  }
}

function fingerprint(nonce: Uint8Array): number {
  return (readUint32(nonce, 4) & 0xfffff) * 0x1_0000_0000 + readUint32(nonce, 0);
}
