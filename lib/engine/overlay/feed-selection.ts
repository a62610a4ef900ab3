import type { NodeId } from '../node-id.js';
import { best, type Candidate, isBetter } from './candidate.js';
import { chooseNearest } from './nearest.js';
import { rendezvousUnit } from './rendezvous.js';
import type { Strategy } from './strategy.js';

export interface Selection {
  readonly self: NodeId;
  readonly zone: string;
  readonly strategy: Strategy;
  /** How many feeds to choose, the ring predecessor included. */
  readonly count: number;
  /** Feeds that `nearest` chose before as near ones. Default: none. */
  readonly near?: ReadonlySet<NodeId>;
}

/**
 * How often a slot of `prefer-local` or `prefer-remote` goes to the preferred side. The documented meaning: twice as
 * likely, whatever the sizes of the zones.
 */
export const PREFERRED_SHARE = 2 / 3;

/**
 * Chooses the feeds among the candidates, which are in order of id and may all be used. The first is the predecessor on
 * the ring of ids: it keeps the graph connected and gives every node at least one subscriber. The others are the
 * strategy's. The same knowledge gives the same choice.
 *
 * @param forSlots candidates for the strategy's slots, if not all of them may be used for these.
 */
export function selectFeeds<T extends Candidate>(
  selection: Selection,
  candidates: readonly T[],
  forSlots: readonly T[] = candidates,
): T[] {
  const ring = ringPredecessor(selection.self, candidates);
  if (ring === undefined) return [];
  const slots = Math.min(selection.count, candidates.length) - 1;
  const others = slots > 0 ? CHOOSERS[selection.strategy](selection, slots, forSlots, ring) : [];
  return [ring, ...others];
}

/** The candidate with the greatest id below `self`; the greatest of all when there is none. */
export function ringPredecessor<T extends Candidate>(self: NodeId, candidates: readonly T[]): T | undefined {
  let low = 0;
  let high = candidates.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (candidates[middle]!.id < self) low = middle + 1;
    else high = middle;
  }
  return candidates[low > 0 ? low - 1 : candidates.length - 1];
}

type Chooser = <T extends Candidate>(selection: Selection, slots: number, candidates: readonly T[], ring: T) => T[];

const CHOOSERS: Record<Strategy, Chooser> = {
  uniform: (_selection, slots, candidates, ring) => best(slots, candidates, member => member !== ring),
  'hub-and-spoke': chooseHubAndSpoke,
  'prefer-local': (selection, slots, candidates, ring) =>
    choosePreferred(selection, slots, candidates, ring, PREFERRED_SHARE),
  'prefer-remote': (selection, slots, candidates, ring) =>
    choosePreferred(selection, slots, candidates, ring, 1 - PREFERRED_SHARE),
  nearest: ({ zone, near = NONE }, slots, candidates, ring) => chooseNearest(zone, slots, candidates, ring, near),
};

const NONE: ReadonlySet<NodeId> = new Set();

/**
 * One feed in each other zone, the rest in our own. With more zones than slots each node covers some of them, chosen by
 * rendezvous, and the nodes of a zone cover them together; one slot stays local.
 */
function chooseHubAndSpoke<T extends Candidate>(
  selection: Selection,
  slots: number,
  candidates: readonly T[],
  ring: T,
): T[] {
  const bestOfZone = new Map<string, T>();
  for (const member of candidates) {
    if (member === ring || member.zone === selection.zone) continue;
    const leader = bestOfZone.get(member.zone);
    if (leader === undefined || isBetter(member, leader)) bestOfZone.set(member.zone, member);
  }
  const local = best(slots, candidates, member => member !== ring && member.zone === selection.zone);
  const zones = [...bestOfZone.keys()].sort(
    (a, b) =>
      rendezvousUnit(selection.self, `zone ${b}`) - rendezvousUnit(selection.self, `zone ${a}`) || (a < b ? -1 : 1),
  );
  const remoteSlots = Math.min(zones.length, slots - (local.length > 0 && slots > 1 ? 1 : 0));
  const chosen = zones.slice(0, remoteSlots).map(zone => bestOfZone.get(zone)!);
  chosen.push(...local.slice(0, slots - chosen.length));
  if (chosen.length < slots) {
    const taken = new Set(chosen);
    chosen.push(...best(slots - chosen.length, candidates, member => member !== ring && !taken.has(member)));
  }
  return chosen;
}

/** Each slot decides for itself, by a fixed draw, on which side it looks; a side that is used up leaves it to the other. */
function choosePreferred<T extends Candidate>(
  selection: Selection,
  slots: number,
  candidates: readonly T[],
  ring: T,
  localShare: number,
): T[] {
  const local = best(slots, candidates, member => member !== ring && member.zone === selection.zone);
  const remote = best(slots, candidates, member => member !== ring && member.zone !== selection.zone);
  const chosen: T[] = [];
  for (let slot = 1; slot <= slots; slot++) {
    const [first, second] =
      rendezvousUnit(selection.self, `slot ${slot}`) < localShare ? [local, remote] : [remote, local];
    const member = first.shift() ?? second.shift();
    if (member !== undefined) chosen.push(member);
  }
  return chosen;
}
