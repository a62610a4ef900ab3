import { type RandomFill, randomUint32 } from '../random.js';
import { LEAST_COMPARISONS, type StreamLink, Wish } from './stream-link.js';

/**
 * Choked links that announce what they hold, by the share of segments that came only because we asked: the more is lost,
 * the more announcements are needed to notice it at once. One more link announces for a while to be looked at.
 */
export const ANNOUNCING_LINKS = 1;
export const ANNOUNCING_BY_REPAIRS = [0.01, 0.05] as const;

/** Announcers are those that would repair quickest; one that hears the stream from us comes after all others, ms. */
const DEPENDENT_COST_MS = 10_000;

/** The link that is looked at changes every so many choices. */
export const PROBE_CHOICES = 4;

/** An announcing link is kept while it is no worse than another by this, ms. */
const ANNOUNCER_HYSTERESIS_MS = 3;

/**
 * Which of the choked links announce: those that could repair quickest, and one more in turn; the others keep silent.
 * @param choices how many choices there were so far.
 * @param repairedShare share of the segments that came only because we asked.
 */
export function announcerWishes(
  choked: StreamLink[],
  choices: number,
  repairedShare: number,
  random: RandomFill,
): [link: StreamLink, wish: Wish][] {
  choked.sort((a, b) => repairCostMs(a) - repairCostMs(b));
  const isProbe = choices % PROBE_CHOICES === 1;
  const announcing = ANNOUNCING_LINKS + ANNOUNCING_BY_REPAIRS.filter(share => repairedShare >= share).length;
  const others = choked.length - announcing;
  const probe = isProbe && others > 0 ? announcing + (randomUint32(random) % others) : -1;
  return choked.map((link, i) => {
    const isProbed = isProbe ? i === probe : link.ours === Wish.lazy && link.comparisons < LEAST_COMPARISONS;
    return [link, i < announcing || isProbed ? Wish.lazy : Wish.silent];
  });
}

/** How long a repair over this choked link would take, ms, with what speaks against it. */
function repairCostMs(link: StreamLink): number {
  const { behindMs, ours, isIndependent } = link;
  const roundTripMs = link.peer.roundTrip.smoothedMs ?? Infinity;
  const reluctance = (isIndependent ? 0 : DEPENDENT_COST_MS) - (ours === Wish.lazy ? ANNOUNCER_HYSTERESIS_MS : 0);
  return (behindMs ?? 0) + roundTripMs + reluctance;
}
