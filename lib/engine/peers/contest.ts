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
 * take minutes to get its share. Beside a TCP at 100 Mbit/s we have 32 % with 1, 43 % with 2.
 */
const FRIENDLY_GROWTH = 2;

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
