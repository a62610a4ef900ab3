/** Digests remembered. Fewer: in a busy moment the digest of a peer that is a little behind is not known any more. */
export const RECENT_DIGESTS = 32;

/** How long a peer may be behind, ms: some hops of news, through loss. Longer: a table that misses something is found late. */
export const BEHIND_MS = 3_000;

/**
 * The digests that our member table had lately. A peer that tells one of them is only behind, and news that will even it
 * out are on their way; to fetch its table would be for nothing.
 */
export class RecentDigests {
  private readonly digests = new Float64Array(RECENT_DIGESTS).fill(-1);
  private readonly replacedAt = new Float64Array(RECENT_DIGESTS).fill(-Infinity);
  private next = 0;

  /** This digest was ours until now. */
  replaced(digest: number, now: number): void {
    this.digests[this.next] = digest;
    this.replacedAt[this.next] = now;
    this.next = (this.next + 1) % RECENT_DIGESTS;
  }

  has(digest: number, now: number): boolean {
    for (let i = 0; i < RECENT_DIGESTS; i++) {
      if (this.digests[i] === digest && now - this.replacedAt[i]! <= BEHIND_MS) return true;
    }
    return false;
  }
}
