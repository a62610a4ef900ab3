/** Gain of the smoothed lag: each sample counts for one sixteenth, so that one slow path of one origin does not decide. */
const SMOOTHING = 1 / 16;

/**
 * How late a link's copies come. For each segment, the copy or announcement that comes first counts as 0 ms behind, the
 * others as far behind it as they came. A feed that is always late brings nothing that another did not bring before.
 */
export class Timeliness {
  /** How many samples there were. */
  samples = 0;
  private smoothedMs = 0;

  /** Smoothed, ms behind the first; undefined before the first sample. */
  get behindMs(): number | undefined {
    return this.samples === 0 ? undefined : this.smoothedMs;
  }

  /** @param behindMs how long after the first copy of the segment this link's copy or announcement came, ms; 0 if first. */
  sample(behindMs: number): void {
    this.samples++;
    // A plain mean at first: one early sample must not outweigh the next ones.
    const gain = Math.max(SMOOTHING, 1 / this.samples);
    this.smoothedMs += gain * (behindMs - this.smoothedMs);
  }

  /** Forgets all samples. */
  reset(): void {
    this.samples = 0;
    this.smoothedMs = 0;
  }
}
