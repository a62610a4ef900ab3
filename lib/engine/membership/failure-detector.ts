import type { HeartbeatOptions } from '../engine-options.js';

/** What a peer's silence means: nothing yet, a reason to say Hello again, or its end. */
export type SilenceVerdict = 'alive' | 'doubtful' | 'dead';

/**
 * Intervals of silence after which we say Hello again: two heartbeats are missing, and perhaps only the session is gone
 * (the other side forgot it, or changed its address).
 */
export const DOUBTFUL_INTERVALS = 2;

/**
 * Added to the number of missed intervals: the last heartbeat that may be missed can be late by the jitter and the
 * network. At exactly three intervals the third heartbeat would race with the verdict.
 */
export const GRACE_INTERVALS = 0.5;

/** Judges the silence of a peer that is a link, and so sends heartbeats and answers ours. */
export function judgeSilence(silenceMs: number, heartbeat: HeartbeatOptions): SilenceVerdict {
  const intervals = silenceMs / heartbeat.intervalMs;
  if (intervals >= heartbeat.missed + GRACE_INTERVALS) return 'dead';
  return intervals >= Math.min(DOUBTFUL_INTERVALS, heartbeat.missed) ? 'doubtful' : 'alive';
}

/** When to judge next, ms after the peer was heard. */
export function nextJudgementMs(silenceMs: number, heartbeat: HeartbeatOptions): number {
  const doubtfulMs = Math.min(DOUBTFUL_INTERVALS, heartbeat.missed) * heartbeat.intervalMs;
  return silenceMs < doubtfulMs ? doubtfulMs : (heartbeat.missed + GRACE_INTERVALS) * heartbeat.intervalMs;
}
