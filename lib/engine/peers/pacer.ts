/** Lets bytes pass at a rate, with a burst. May go below zero by one datagram, so that any size passes in the end. */
export class Pacer {
  private tokens: number;
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

  /** When the next bytes may pass; `now` or earlier when they may at once. */
  readyAt(now: number): number {
    this.fill(now);
    return this.tokens > 0 ? now : now + (1 - this.tokens) / this.bytesPerMs;
  }

  take(bytes: number): void {
    this.tokens -= bytes;
  }

  private fill(now: number): void {
    const elapsed = this.filledAt === undefined ? 0 : now - this.filledAt;
    this.filledAt = now;
    if (elapsed > 0) this.tokens = Math.min(this.burst, this.tokens + elapsed * this.bytesPerMs);
  }
}
