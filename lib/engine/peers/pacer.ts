/** Limits a rate in bytes per second, with a burst. May go below zero by one item, so that any size passes in the end. */
export class Pacer {
  private tokens: number;
  private filledAt: number | undefined;

  /** @param bytesPerMs rate; @param burst most bytes at once after a pause. */
  constructor(
    private readonly bytesPerMs: number,
    private readonly burst: number,
  ) {
    this.tokens = burst;
  }

  /** When the next item may pass; `now` or earlier when it may at once. */
  readyAt(now: number): number {
    this.fill(now);
    return this.tokens > 0 ? now : now + (1 - this.tokens) / this.bytesPerMs;
  }

  take(bytes: number): void {
    this.tokens -= bytes;
  }

  private fill(now: number): void {
    if (this.filledAt !== undefined) {
      this.tokens = Math.min(this.burst, this.tokens + (now - this.filledAt) * this.bytesPerMs);
    }
    this.filledAt = now;
  }
}
