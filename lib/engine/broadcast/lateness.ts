/** Bounds of the patience with a segment that is known and has not come, ms. */
export const LEAST_PATIENCE_MS = 3;
export const MOST_PATIENCE_MS = 150;

/** Gains of the mean and the deviation, as in RFC 6298, section 2. */
const MEAN_GAIN = 1 / 8;
const DEVIATION_GAIN = 1 / 4;

/**
 * How long a segment of one stream takes to come after we learned that it exists (by a later one, or by an announcement):
 * the time to wait before asking for it. Shorter, and segments are asked for that are under way, and come twice; longer,
 * and a lost one arrives that much later.
 */
export class Lateness {
  /** Before the first sample: 30 ms in all, for the reordering of a link across an ocean. */
  private mean = 10;
  private deviation = 5;

  /** A missing segment came by itself, so long after we knew of it, ms. */
  came(ms: number): void {
    const error = Math.min(ms, MOST_PATIENCE_MS) - this.mean;
    this.mean += MEAN_GAIN * error;
    this.deviation += DEVIATION_GAIN * (Math.abs(error) - this.deviation);
  }

  /** A missing segment came only because we asked: waiting for it was in vain. */
  cameByAsking(): void {
    this.mean -= MEAN_GAIN * this.mean;
    this.deviation -= MEAN_GAIN * this.deviation;
  }

  /** A segment came by itself after we had asked for it. */
  askedTooSoon(): void {
    this.came(1.5 * this.patienceMs);
  }

  /** How long to wait for a known segment before asking, ms. */
  get patienceMs(): number {
    return Math.min(MOST_PATIENCE_MS, Math.max(LEAST_PATIENCE_MS, this.mean + 4 * this.deviation));
  }
}
