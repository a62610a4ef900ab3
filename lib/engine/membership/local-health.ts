/**
 * A timer that fires this late, ms, says that the process did not run: the event loop was blocked, the process was
 * stopped, the machine slept. Less, and every long handler counts; more, and such a node accuses others of its own sleep.
 */
export const LATE_TIMER_MS = 250;

/**
 * For so long after it ran again, ms, a node judges nobody: what came meanwhile still waits in its socket. Less, and the
 * verdict comes before the answers are read.
 */
export const EXCUSE_MS = 1_000;

/**
 * Worst score. Each point stretches the time until a verdict by its whole length (Lifeguard's local health multiplier,
 * arXiv 1707.00788, section 4.1, there up to 8). Higher: a node that was sick once is of no use as a watcher for long.
 */
export const WORST_SCORE = 3;

/** Without further trouble one point is forgiven after so long, ms. */
export const RECOVERY_MS = 5_000;

/**
 * How far a node may trust what it seems to see: "the fault is often mine". Trouble is a process that did not run, helpers
 * that do not answer at all, and an accusation of ourselves.
 */
export class LocalHealth {
  private points = 0;
  private troubledAt = -Infinity;
  private excusedUntil = -Infinity;

  /** The host ran again so long after a timer was due, ms. */
  woke(now: number, lateMs: number): void {
    if (lateMs < LATE_TIMER_MS) return;
    this.excusedUntil = now + EXCUSE_MS;
    this.trouble(now);
  }

  /** Something suggests that the fault is ours. */
  trouble(now: number): void {
    this.points = Math.min(this.score(now) + 1, WORST_SCORE);
    this.troubledAt = now;
  }

  /** 0 when all is well, at most `WORST_SCORE`. */
  score(now: number): number {
    return Math.max(0, this.points - Math.floor((now - this.troubledAt) / RECOVERY_MS));
  }

  /** What the time until a verdict is multiplied by: 1 when all is well. */
  factor(now: number): number {
    return 1 + this.score(now);
  }

  /** No verdict before this time, monotonic ms. */
  get silentUntil(): number {
    return this.excusedUntil;
  }
}
