/** What came of the datagrams of one round. */
export interface Round {
  readonly ms: number;
  /** From sending to report, ms. */
  readonly roundTripMs: number;
  /** How long they waited, ms, beyond what the path takes; and how much the delay varies by itself. */
  readonly queueMs: number;
  readonly noiseMs: number;
  /** How fast they arrived. */
  readonly arrivalRate: number;
  readonly sent: number;
  /** What did not arrive, as far as is known by now: some may be late. */
  readonly missing: number;
  /** What was found lost, and of how many datagrams: those of some reports ago. */
  readonly lost: number;
  readonly settled: number;
  /** Whether there was more to send than the rate let through. */
  readonly isLimited: boolean;
  /** Whether the rate was what held it back all the time, so that what arrived tells what the path takes. */
  readonly isTelling: boolean;
  /** Share of the growth of one flow that is ours: less than 1 while other links of the node grow as well. */
  readonly growthShare: number;
}

/** A queue of this, ms, and as many deviations of the delay's noise is a standing one: the rate goes down. */
export const QUEUE_MS = 15;
const QUEUE_DEVIATIONS = 4;
/** A queue below this, ms, and as many deviations is empty. */
export const EMPTY_QUEUE_MS = 6;
const EMPTY_DEVIATIONS = 4;

/** Whether the queue is gone. */
export function isEmpty({ queueMs, noiseMs }: Round): boolean {
  return queueMs < EMPTY_QUEUE_MS + EMPTY_DEVIATIONS * noiseMs;
}

/** Half way to a standing queue. */
export function isFilling({ queueMs, noiseMs }: Round): boolean {
  return queueMs > (QUEUE_MS + EMPTY_QUEUE_MS + (QUEUE_DEVIATIONS + EMPTY_DEVIATIONS) * noiseMs) / 2;
}

/** Whether the queue has to be drained. */
export function isStanding({ queueMs, noiseMs }: Round): boolean {
  return isLonger(QUEUE_MS, queueMs, noiseMs);
}

/** Whether datagrams wait longer than so much, noise apart. */
export function isLonger(ms: number, queueMs: number, noiseMs: number): boolean {
  return queueMs > ms + QUEUE_DEVIATIONS * noiseMs;
}
