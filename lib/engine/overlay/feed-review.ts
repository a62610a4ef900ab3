import type { Timeliness } from '../peers/timeliness.js';

/**
 * How often `nearest` asks itself whether its worst far feed is worth its place, ms; varied by a quarter to both sides.
 * Less: feeds change before the change shows; more: a useless feed stays.
 */
export const REVIEW_MS = 300_000;

/** Segments that a feed must have been compared on. Less: a few slow origins decide. */
export const REVIEW_SAMPLES = 100;

/**
 * A feed is clearly the least useful when its copies come later than those of the next latest, by this factor and by this
 * much, ms. A long link is late with all that comes from our side, and the quickest with what comes from its own: less,
 * and the links across oceans go; more, and no feed is ever replaced.
 */
export const LATE_FACTOR = 2;
export const LATE_MS = 50;

/** A feed that was replaced is not chosen again for this long, ms. Less: it comes back at the next review. */
export const REPLACED_MS = 3_600_000;

interface Reviewed {
  readonly timeliness: Timeliness;
}

/** The one of the replaceable feeds that is clearly the least useful of all feeds (Perigee, arXiv 2006.14186), if any. */
export function leastUseful<T extends Reviewed>(replaceable: readonly T[], feeds: readonly T[]): T | undefined {
  const judged = feeds.filter(feed => feed.timeliness.samples >= REVIEW_SAMPLES);
  if (judged.length < 3) return undefined;
  const [worst, next] = judged.sort((a, b) => behindMs(b) - behindMs(a));
  if (!replaceable.includes(worst!)) return undefined;
  const isClear = behindMs(worst!) >= behindMs(next!) * LATE_FACTOR && behindMs(worst!) >= behindMs(next!) + LATE_MS;
  return isClear ? worst : undefined;
}

function behindMs(feed: Reviewed): number {
  return feed.timeliness.behindMs ?? 0;
}
