import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import type { OriginStream } from './origin-stream.js';
import { Wish } from './stream-link.js';

/**
 * A message of our own is accepted while less than this waits for a link, in ms at its rate, and in bytes at least and at
 * most. Less: links stand idle between two messages; more: what others send through us waits behind our own.
 */
export const ROOM_MS = 100;
export const LEAST_ROOM_BYTES = 65_536;
export const MOST_ROOM_BYTES = 1_048_576;

/**
 * A link that is slower than this share of the median, or that has not reported for so long, ms, is not waited for: a slow
 * node slows only itself. It gets what its link carries, and may ask others for the rest. More: links that are a little
 * slower lose messages; less: one slow link makes everybody slow.
 */
export const LAGGARD_SHARE = 1 / 4;
export const LAGGARD_SILENCE_MS = 500;

/**
 * Neither is a link that has had no room for this long, ms, while most of the others have some: it cannot keep up with what
 * they take. Less: a link that stumbles loses messages; more: a slow one makes everybody slow for longer. Homies on the same
 * host are waited for all the same: they share its processors with us, and those are what holds them up.
 */
export const LAGGARD_MS = 1_000;

/** How often the median rate is looked at, ms. */
const MEDIAN_MS = 50;

/** Decides when a message of our own may go: that is our back-pressure. */
export class Room {
  private medianRate = 0;
  private medianAt = -Infinity;

  constructor(private readonly peers: PeerTable) {}

  /**
   * Whether every link that gets our segments at once can take more, but for those that are far behind the others.
   * @param isLarge whether the message is offered first to links that did not ask for it.
   */
  isThere(own: OriginStream, isLarge: boolean, now: number): boolean {
    let open = 0;
    let full = 0;
    let isAnyStumbling = false;
    let isAnySlow = false;
    for (const peer of this.peers.links) {
      const wish = own.hasWishes ? (own.links.get(peer)?.theirs ?? Wish.unset) : Wish.unset;
      if (wish > Wish.eager) continue;
      // It gets no more than an offer.
      if (isLarge && wish === Wish.unset) open++;
      else if (peer.outbox.bytes < LEAST_ROOM_BYTES || peer.outbox.bytes < roomOf(peer)) {
        peer.fullSince = Infinity;
        open++;
      } else {
        peer.fullSince = Math.min(peer.fullSince, now);
        full++;
        if (this.isLaggard(peer, now)) continue;
        if (!peer.flow.hasRate || now - peer.fullSince < LAGGARD_MS) isAnyStumbling = true;
        else isAnySlow = true;
      }
    }
    // Nobody is waited for where all have choked us; else somebody has to take it.
    if (open === 0) return full === 0;
    return !isAnyStumbling && (!isAnySlow || open > full);
  }

  private isLaggard(peer: Peer, now: number): boolean {
    if (peer.flow.silentFor(now) > LAGGARD_SILENCE_MS) return true;
    if (now - this.medianAt >= MEDIAN_MS) {
      this.medianAt = now;
      const rates = this.peers.links.map(link => link.flow.rate).sort((a, b) => a - b);
      this.medianRate = rates[rates.length >> 1] ?? 0;
    }
    return peer.flow.rate < LAGGARD_SHARE * this.medianRate;
  }
}

/** Bytes that may wait for the link before the next message of ours. */
function roomOf(peer: Peer): number {
  return Math.min(MOST_ROOM_BYTES, Math.max(LEAST_ROOM_BYTES, ROOM_MS * peer.flow.rate));
}
