import { WindowedMinimum } from './windowed-minimum.js';

/**
 * For this long at least the shortest delay counts as what the path takes by itself, ms. Longer, and a path that became
 * slower is taken for congested for longer, and clocks that drift apart show (50 ppm are 3 ms in a minute); shorter, and a
 * queue that never empties is taken for the path.
 */
export const DELAY_WINDOW_MS = 60_000;

/** Gain of the noise, and samples that it takes to know it. */
const SMOOTHING = 1 / 16;
const NOISE_SAMPLES = 10;

/**
 * The queue on the way to a peer, told from one-way delays. The clocks of both ends differ by an unknown constant, which the
 * least of the delays contains as well (RFC 6817, section 3.4.2).
 */
export class Delay {
  /** By how much delays vary from one to the next, ms: half of the mean second difference, in which trends cancel. */
  noiseMs = 0;
  private readonly least = new WindowedMinimum(DELAY_WINDOW_MS);
  private last = NaN;
  private lastDifference = NaN;
  private samples = 0;

  /** Whether there were enough samples to know the noise. */
  get isNoiseKnown(): boolean {
    return this.samples >= NOISE_SAMPLES;
  }

  /**
   * Takes a delay by the clocks of both ends; returns how long the datagram waited on its way, ms.
   * @param roundTripExcessMs how much longer than the shortest the round trip was. The queue may have been there before the
   * first delay was measured; then all of it is presumed to be on the way there.
   * @param isSteady whether the queue hardly changes by what we do, so that what varies is noise.
   */
  sample(ms: number, roundTripExcessMs: number, isSteady: boolean, now: number): number {
    this.least.sample(this.least.value === Infinity ? ms - Math.max(0, roundTripExcessMs) : ms, now);
    const difference = ms - this.last;
    const second = Math.abs(difference - this.lastDifference);
    if (!Number.isNaN(second) && (isSteady || !this.isNoiseKnown)) {
      // A plain mean at first.
      this.noiseMs += Math.max(SMOOTHING, 1 / ++this.samples) * (second / 2 - this.noiseMs);
    }
    this.last = ms;
    this.lastDifference = difference;
    return ms - this.least.value;
  }

  /** The other end's clock begins anew, or another path is taken. */
  reset(): void {
    this.least.reset();
    this.last = NaN;
    this.lastDifference = NaN;
    this.noiseMs = 0;
    this.samples = 0;
  }
}
