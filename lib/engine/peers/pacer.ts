/**
 * Whoever holds something back looks at the clock when his event loop lets him. What he was late by may follow at once, up to so
 * much, ms at the rate. Less: a link stands idle each time that its sender is busy; more: it gets bursts that its buffer drops.
 */
export const CATCH_UP_MS = 20;

/** Lets bytes pass at a rate, with a burst. May go below zero by one datagram, so that any size passes in the end. */
export class Pacer {
  private tokens: number;
  /** Whether something waits for the rate. */
  private isHolding = false;
  private filledAt: number | undefined;

  /** @param bytesPerMs rate, Infinity for none; @param burst most bytes at once after a pause. */
  constructor(
    private bytesPerMs: number,
    private burst: number,
  ) {
    this.tokens = burst;
  }

  /** From now on another rate and burst. What was saved up stays, as far as the burst allows. */
  setRate(bytesPerMs: number, burst: number, now: number): void {
    this.fill(now);
    this.bytesPerMs = bytesPerMs;
    this.burst = burst;
    this.tokens = Math.min(this.tokens, burst);
  }

  /** When the next bytes may pass; `now` or earlier when they may at once. To be asked when there are some. */
  readyAt(now: number): number {
    this.fill(now);
    this.isHolding = this.tokens <= 0;
    return this.isHolding ? now + (1 - this.tokens) / this.bytesPerMs : now;
  }

  take(bytes: number): void {
    this.tokens -= bytes;
  }

  private fill(now: number): void {
    const elapsed = this.filledAt === undefined ? 0 : now - this.filledAt;
    this.filledAt = now;
    if (elapsed <= 0) return;
    const most = this.isHolding ? Math.max(this.burst, CATCH_UP_MS * this.bytesPerMs) : this.burst;
    // What there is to catch up is not lost while it is being sent.
    this.tokens = Math.max(this.tokens, Math.min(most, this.tokens + elapsed * this.bytesPerMs));
  }
}
