/** Gain of the smoothed round trip: each sample counts for one eighth (RFC 6298, section 2). */
const SMOOTHING = 1 / 8;

/** Measures the round trip of one link from heartbeats and their replies. */
export class RoundTrip {
  /** Smoothed, ms; undefined before the first sample. */
  smoothedMs: number | undefined;
  /** Least of all samples, ms. */
  minimumMs = Infinity;

  sample(ms: number): void {
    this.smoothedMs = this.smoothedMs === undefined ? ms : this.smoothedMs + SMOOTHING * (ms - this.smoothedMs);
    if (ms < this.minimumMs) this.minimumMs = ms;
  }
}
