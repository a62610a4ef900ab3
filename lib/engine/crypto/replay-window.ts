/** Words of the ring. A power of two, so that finding a word is a mask. */
const RING_WORDS = 64;
const WORD_BITS = 32;

/**
 * How far behind the highest counter a packet may arrive and still be taken. One word of the ring is given up so that
 * moving forward clears whole words instead of shifting bits. At 1,200 bytes a packet this tolerates 2.4 MB of
 * reordering; smaller loses honest packets on paths that reorder, larger only costs memory per session.
 */
export const REPLAY_WINDOW = (RING_WORDS - 1) * WORD_BITS;

export type ReplayVerdict = 'fresh' | 'replayed' | 'too_old';

/** The anti-replay window of RFC 6479, for counters below 2^32. */
export class ReplayWindow {
  /** Highest counter accepted, -1 before the first. */
  highest = -1;
  private readonly ring = new Uint32Array(RING_WORDS);

  /** Says whether the counter is new. Changes nothing: a packet is not accepted before its tag has been verified. */
  check(counter: number): ReplayVerdict {
    if (counter > this.highest) return 'fresh';
    if (this.highest - counter >= REPLAY_WINDOW) return 'too_old';
    const word = this.ring[(counter >>> 5) & (RING_WORDS - 1)]!;
    return ((word >>> (counter & 31)) & 1) === 0 ? 'fresh' : 'replayed';
  }

  /** Marks a counter which `check` found fresh, once its packet has proved authentic. */
  accept(counter: number): void {
    if (counter > this.highest) {
      const from = this.highest < 0 ? -1 : this.highest >>> 5;
      const to = counter >>> 5;
      const steps = to - from < RING_WORDS ? to - from : RING_WORDS;
      for (let i = 1; i <= steps; i++) this.ring[(from + i) & (RING_WORDS - 1)] = 0;
      this.highest = counter;
    }
    this.ring[(counter >>> 5) & (RING_WORDS - 1)]! |= 1 << (counter & 31);
  }

  reset(): void {
    this.ring.fill(0);
    this.highest = -1;
  }
}
