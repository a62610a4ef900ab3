import type { NodeId } from '../node-id.js';
import type { Peer } from './peer.js';

/**
 * Links in all for each feed that a node wants, feeds and subscribers together: bounds what a node forwards, whatever
 * others choose. Less: refusals, and few that can serve many; more: one node that many find near forwards to too many.
 */
export const LINKS_PER_FEED = 4;

/**
 * Feeds held beyond those wanted while chosen ones take over from others. Less: gaps while feeds change; more: places
 * that no subscriber can have.
 */
export const SPARE_FEEDS = 2;

/**
 * The last places for subscribers are kept for those who call us their ring predecessor. There is one by right, and
 * another while members come and go. 0: a popular node has no place for the one that it alone keeps heard.
 */
export const RING_PLACES = 2;

/** Most feeds at a time, those that are about to be let go included. */
export function feedLimit(subscriptions: number): number {
  return subscriptions + Math.min(SPARE_FEEDS, subscriptions);
}

/** Most subscribers: what the feeds leave of the links. */
export function subscriberLimit(subscriptions: number): number {
  return LINKS_PER_FEED * subscriptions - feedLimit(subscriptions);
}

/** Whether a peer may become or stay a subscriber, and who has to go for it. */
export type Admission = { readonly isAdmitted: boolean; readonly instead?: Peer };

/**
 * Decides on a peer that wants to be our subscriber. Subscribers never exceed their limit, and those that do not call us
 * their ring predecessor leave `RING_PLACES`. In a full house the one of them that is farthest behind us on the ring makes
 * room for a nearer one: of many that claim to follow us, as an insider may under many ids, only the nearest can be right.
 *
 * @param links all links, the peer among them or not.
 */
export function admit(
  self: NodeId,
  subscriptions: number,
  links: readonly Peer[],
  peer: Peer,
  isRingClaim: boolean,
): Admission {
  let others = 0;
  let othersOnRing = 0;
  let farthest: Peer | undefined;
  for (const link of links) {
    if (!link.isSubscriber || link === peer) continue;
    others++;
    if (!link.isRingSubscriber) continue;
    othersOnRing++;
    if (farthest === undefined || isFartherBehind(self, link.id, farthest.id)) farthest = link;
  }
  const limit = subscriberLimit(subscriptions);
  if (!isRingClaim) return { isAdmitted: others < limit && others - othersOnRing < limit - RING_PLACES };
  if (others < limit) return { isAdmitted: true };
  if (farthest === undefined || !isFartherBehind(self, farthest.id, peer.id)) return { isAdmitted: false };
  return { isAdmitted: true, instead: farthest };
}

/** Whether `a` comes after `b` when one goes up the ring from `self`. */
function isFartherBehind(self: NodeId, a: NodeId, b: NodeId): boolean {
  return a > self === b > self ? a > b : b > self;
}
