/**
 * How CUBIC grows (RFC 9438), for the links where somebody else keeps the queue full. Windows are in bytes, times in ms.
 */

/** What is left of a window after a loss (beta). */
export const LOSS_DECREASE = 0.7;

/** How fast a window grows away from the plateau (C), in segments per cubic second. */
const STEEPNESS = 0.4;

/** A segment of the TCP that is competed with, bytes. */
const SEGMENT_BYTES = 1_460;

/**
 * Growth in a round trip where windows are small, segments. Reno's is 1, and section 4.3 has half of it, to make up for the smaller
 * decrease. But a TCP counts in round trips and we in reports of rounds, which lags, and a flow that comes to a full queue would
 * take minutes to get its share. Beside a TCP at 100 Mbit/s we have 32 % with 1, and up to 65 % with 2.
 */
const FRIENDLY_GROWTH = 1.6;

/** How long after a loss the window is again what it was (K). */
export function cubicReturnMs(windowAtLoss: number): number {
  return 1_000 * Math.cbrt(((windowAtLoss / SEGMENT_BYTES) * (1 - LOSS_DECREASE)) / STEEPNESS);
}

/** The window so long after the loss. */
export function cubicWindow(windowAtLoss: number, returnMs: number, elapsedMs: number): number {
  return windowAtLoss + SEGMENT_BYTES * STEEPNESS * ((elapsedMs - returnMs) / 1_000) ** 3;
}

/** What a window would be then that grows by the same in each round trip: faster where windows are small. */
export function friendlyWindow(windowAtLoss: number, elapsedMs: number, roundTripMs: number): number {
  return LOSS_DECREASE * windowAtLoss + (SEGMENT_BYTES * FRIENDLY_GROWTH * elapsedMs) / roundTripMs;
}

/** The window grows by this in a round until the first loss: as in slow start, a fair share is found by going on until then. */
const START_GAIN = 1.15;

/** And not by more than this in a round trip later on (RFC 9438, section 4.2). */
const MOST_GAIN = 1.5;

/** It is at most this times what arrives in a round trip: that refills it, however short the queue becomes. */
const MOST_BY_ARRIVAL = 1.15;

/** And at least this, bytes: a TCP goes no lower either (RFC 5681, section 3.1). */
const LEAST_BYTES = 2 * SEGMENT_BYTES;

/** What is found lost so soon after a loss, ms, besides a round trip, belongs to that. */
const SAME_LOSS_MS = 25;

/** What one flow may have under way in a contest, bytes. */
export class ContestWindow {
  bytes = 0;
  private window = 0;
  private atLoss = Infinity;
  private returnMs = 0;
  /** When something was lost last, or it began. */
  private since = 0;

  begin(bytes: number, now: number): void {
    this.window = this.bytes = bytes;
    this.atLoss = Infinity;
    this.since = now;
  }

  /** The contest goes on after a pause. */
  resume(now: number): void {
    this.since = now;
  }

  /**
   * A round is over.
   * @param arrived bytes that arrive in a round trip.
   * @param hasLost whether more was lost than the path loses by itself. Returns whether that is news.
   */
  onRound(roundTripMs: number, arrived: number, hasLost: boolean, now: number): boolean {
    // In a short buffer many datagrams in a row are lost, and what arrives would shrink with the window, without an end.
    const afterLoss = this.atLoss === Infinity ? 0 : LOSS_DECREASE * this.atLoss;
    const most = Math.max(MOST_BY_ARRIVAL * arrived, Math.min(this.window, afterLoss), LEAST_BYTES);
    this.window = Math.min(this.window, most);
    const isNews = hasLost && now - this.since > roundTripMs + SAME_LOSS_MS;
    if (isNews) this.shrink(now);
    else this.window = Math.max(this.window, this.grown(roundTripMs, now));
    this.window = Math.max(this.window, LEAST_BYTES);
    this.bytes = Math.min(this.window, most);
    return isNews;
  }

  private shrink(now: number): void {
    // A flow that grows gives way to the others sooner (RFC 9438, section 4.7).
    this.atLoss = this.window < this.atLoss ? (this.window * (1 + LOSS_DECREASE)) / 2 : this.window;
    this.returnMs = cubicReturnMs(this.atLoss);
    this.window *= LOSS_DECREASE;
    this.since = now;
  }

  private grown(roundTripMs: number, now: number): number {
    if (this.atLoss === Infinity) return this.window * START_GAIN;
    const elapsed = now - this.since;
    const target = Math.max(
      cubicWindow(this.atLoss, this.returnMs, elapsed),
      friendlyWindow(this.atLoss, elapsed, roundTripMs),
    );
    return Math.min(target, MOST_GAIN * this.window);
  }
}
