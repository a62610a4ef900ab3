import type { NodeId } from '../node-id.js';
import { best, type Candidate, isBetter } from './candidate.js';

/**
 * Share of the slots beside the ring predecessor that go to near members, the rest to far ones. More: messages need many
 * short hops to cross the cluster, and regions hang together by few links. Less: the last hops are long ones.
 */
export const NEAR_SHARE = 0.5;

/**
 * A near feed gives way only to a member that is nearer by both of these: a share of its round trip, and ms. Less, and
 * feeds change with every jitter of the network; more, and feeds stay that are clearly not the nearest.
 */
export const NEARER_SHARE = 0.1;
export const NEARER_MS = 0.5;

/**
 * Zones are believed to say who is near until this many members of the own zone have been measured, and from then on as
 * long as their median round trip is at most this share of the median of the other zones. Otherwise a zone that spans
 * the world would be taken for a near one.
 */
export const ZONE_SAMPLES = 3;
export const ZONE_TELLS_SHARE = 0.5;

/** How many of the slots beside the ring predecessor go to near members: one of one, and never all of several. */
export function nearSlots(slots: number): number {
  return slots <= 1 ? slots : Math.min(Math.max(Math.round(slots * NEAR_SHARE), 1), slots - 1);
}

/**
 * The near ones, nearest first, and then the far ones: the first in rendezvous order of all that are left, near or not.
 * Who was not measured yet is presumed near if it is of the own zone.
 *
 * @param held ids of the feeds that are near ones already; they stay unless somebody is nearer by a margin.
 */
export function chooseNearest<T extends Candidate>(
  zone: string,
  slots: number,
  candidates: readonly T[],
  ring: T,
  held: ReadonlySet<NodeId>,
): T[] {
  const presumed = doesZoneTell(zone, candidates) ? 0 : Infinity;
  const distance = (member: T) => member.roundTripMs ?? (member.zone === zone ? presumed : Infinity);
  const isNearer = (a: T, b: T) => {
    const [toA, toB] = [distance(a), distance(b)];
    return toA < toB || (toA === toB && isBetter(a, b));
  };
  const isFree = (member: T) => member !== ring;
  const count = nearSlots(slots);
  const near = best(count, candidates, member => isFree(member) && held.has(member.id), isNearer);
  near.push(...best(count - near.length, candidates, member => isFree(member) && !near.includes(member), isNearer));
  const isMeasured = (member: T) => isFree(member) && member.roundTripMs !== undefined;
  for (const challenger of best(count, candidates, isMeasured, isNearer)) {
    if (near.includes(challenger)) continue;
    const farthest = near.reduce((a, b) => (isNearer(a, b) ? b : a));
    if (isClearlyNearer(challenger.roundTripMs, distance(farthest))) near[near.indexOf(farthest)] = challenger;
  }
  near.sort((a, b) => (isNearer(a, b) ? -1 : 1));
  return [...near, ...best(slots - near.length, candidates, member => isFree(member) && !near.includes(member))];
}

/** Whether a member is nearer by the margin; one that was not measured is not: a presumption moves nobody. */
export function isClearlyNearer(roundTripMs: number | undefined, thanMs: number): boolean {
  if (roundTripMs === undefined) return false;
  return roundTripMs < thanMs - NEARER_MS && roundTripMs < thanMs * (1 - NEARER_SHARE);
}

/** Whether members of the own zone may be presumed near. A zone that everybody is in, or nobody else, says nothing. */
export function doesZoneTell(zone: string, candidates: readonly Candidate[]): boolean {
  const [own, others]: [number[], number[]] = [[], []];
  let hasOthers = false;
  for (const { zone: theirs, roundTripMs } of candidates) {
    if (theirs !== zone) hasOthers = true;
    if (roundTripMs !== undefined) (theirs === zone ? own : others).push(roundTripMs);
  }
  if (!hasOthers) return false;
  if (own.length < ZONE_SAMPLES || others.length < ZONE_SAMPLES) return true;
  return median(own) <= ZONE_TELLS_SHARE * median(others);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}
