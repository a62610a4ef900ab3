/**
 * How long a link without room may hold up our own messages at once, ms. Less: a link that stumbles loses messages; more: a
 * slow one makes everybody slow for longer.
 */
export const WAIT_ALLOWANCE_MS = 250;

/**
 * And of the time in the long run. More: each slow link costs everybody that much; less: where all links are about as fast,
 * and each is the slowest in turns, messages are lost that a moment would have saved.
 */
export const WAIT_ALLOWANCE_SHARE = 1 / 10;

/** How long our own messages may still wait for one link: a budget that is spent while it holds us up, and comes back with time. */
export class WaitAllowance {
  /** Less than nothing when it was looked at late: that is made up for. */
  private leftMs = WAIT_ALLOWANCE_MS;
  private at = 0;
  private isSpent = false;

  /** The link has no room. Whether it is waited for. */
  spend(now: number): boolean {
    this.pass(now);
    this.isSpent = this.leftMs > 0;
    return this.isSpent;
  }

  /** Nothing waits for the link. */
  rest(now: number): void {
    if (!this.isSpent) return;
    this.pass(now);
    this.isSpent = false;
  }

  private pass(now: number): void {
    const elapsed = now - this.at;
    const change = WAIT_ALLOWANCE_SHARE * elapsed - (this.isSpent ? elapsed : 0);
    this.leftMs = Math.min(WAIT_ALLOWANCE_MS, Math.max(-WAIT_ALLOWANCE_MS, this.leftMs + change));
    this.at = now;
  }
}
