import type { GwyhLogger } from '../runtime/logger.js';

/** Between two warnings of one kind. Long enough that a flood of bad events does not become a flood of lines. */
const INTERVAL_MS = 10_000;

/** Warns at most once per interval and tells how often it held back. */
export class ThrottledWarning {
  private quietUntil = Number.NEGATIVE_INFINITY;
  private heldBack = 0;

  constructor(private readonly logger: Pick<GwyhLogger, 'warn'>) {}

  warn(message: string): void {
    const now = performance.now();
    if (now < this.quietUntil) {
      this.heldBack++;
      return;
    }
    this.logger.warn(this.heldBack === 0 ? message : `${message} (and ${this.heldBack} more like this)`);
    this.quietUntil = now + INTERVAL_MS;
    this.heldBack = 0;
  }
}
