/**
 * The least of the samples of the last one to two windows: what a path takes by itself, since queues only ever add to it.
 * Two buckets in place of all samples.
 */
export class WindowedMinimum {
  private recent = Infinity;
  private earlier = Infinity;
  private until = -Infinity;

  /** @param windowMs how long a sample counts at least; up to twice as long. */
  constructor(private readonly windowMs: number) {}

  /** Infinity before the first sample. */
  get value(): number {
    return Math.min(this.recent, this.earlier);
  }

  sample(value: number, now: number): void {
    if (now >= this.until) {
      // After a long silence the window before is over as well.
      this.earlier = now < this.until + this.windowMs ? this.recent : Infinity;
      this.recent = Infinity;
      this.until = now + this.windowMs;
    }
    if (value < this.recent) this.recent = value;
  }

  reset(): void {
    this.recent = Infinity;
    this.earlier = Infinity;
    this.until = -Infinity;
  }
}
