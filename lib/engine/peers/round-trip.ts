import { WindowedMinimum } from './windowed-minimum.js';

/** Gain of the smoothed round trip: each sample counts for one eighth (RFC 6298, section 2). */
const SMOOTHING = 1 / 8;

/**
 * The minimum is that of this time and of as long before, ms: 12 to 24 heartbeats. Longer, and a path that became slow is
 * taken for a quick one for longer; shorter, and the minimum jitters with the samples.
 */
export const ROUND_TRIP_WINDOW_MS = 60_000;

/** Measures the round trip of one link from heartbeats and their replies. */
export class RoundTrip {
  /** Smoothed, ms; undefined before the first sample. */
  smoothedMs: number | undefined;
  private readonly least = new WindowedMinimum(ROUND_TRIP_WINDOW_MS);

  /**
   * Least of the samples of the last one to two windows, ms; Infinity before the first sample. What the path takes by
   * itself: queues and busy processes only ever add to it.
   */
  get minimumMs(): number {
    return this.least.value;
  }

  sample(ms: number, now: number): void {
    this.smoothedMs = this.smoothedMs === undefined ? ms : this.smoothedMs + SMOOTHING * (ms - this.smoothedMs);
    this.least.sample(ms, now);
  }
}
