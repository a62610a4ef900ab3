/** Between two dials to one address. Below it, an address that fails would take Hellos all the time. */
export const REDIAL_AFTER_MS = 5_000;

/** Addresses remembered. When that many were dialled in 5 s, further dials are refused rather than forgotten. */
export const MAX_RECENT_DIALS = 4_096;

/** When each address was dialled last. */
export class RecentDials {
  private readonly dialledAt = new Map<string, number>();

  /** Undefined when the address may be dialled. */
  refuse(now: number, address: string): 'too_soon' | 'full' | undefined {
    this.forgetOld(now);
    if (this.dialledAt.has(address)) return 'too_soon';
    return this.dialledAt.size >= MAX_RECENT_DIALS ? 'full' : undefined;
  }

  add(now: number, address: string): void {
    // The oldest come first: an address that is dialled again moves to the end.
    this.dialledAt.delete(address);
    this.dialledAt.set(address, now);
  }

  check(): void {
    if (this.dialledAt.size > MAX_RECENT_DIALS) throw new Error('too many dials remembered');
  }

  private forgetOld(now: number): void {
    for (const [address, dialledAt] of this.dialledAt) {
      if (now < dialledAt + REDIAL_AFTER_MS) return;
      this.dialledAt.delete(address);
    }
  }
}
