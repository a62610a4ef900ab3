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
 * Where this share of the links has room, the others are waited for only as long as their allowances last. Where
 * fewer have, it is ourselves, or the network, that is too slow, and all are waited for. More: where many nodes are slow they make
 * everybody slow; less: too few get the message in time to pass it on. Homies on the same host are waited for all the same:
 * they share its processors with us, and those are what holds them up.
 */
export const OPEN_SHARE = 1 / 4;

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
    for (const peer of this.peers.links) {
      const wish = wishOf(peer, own);
      if (wish > Wish.eager) continue;
      // Of a large message it gets no more than an offer.
      if ((isLarge && wish === Wish.unset) || hasRoom(peer)) {
        open++;
        peer.waitAllowance.rest(now);
      } else full++;
    }
    // Nobody is waited for where all have choked us; else somebody has to take it.
    if (full === 0 || open === 0) return full === 0;
    return !this.isWaiting(own, isLarge, open >= OPEN_SHARE * (open + full), now);
  }

  /** Whether the message waits for a link without room. @param isBounded whether by its allowance only. */
  private isWaiting(own: OriginStream, isLarge: boolean, isBounded: boolean, now: number): boolean {
    let isWaiting = false;
    for (const peer of this.peers.links) {
      const wish = wishOf(peer, own);
      if (wish > Wish.eager || (isLarge && wish === Wish.unset) || hasRoom(peer) || this.isLaggard(peer, now)) continue;
      if (!peer.flow.hasRate || !isBounded) isWaiting = true;
      else if (peer.waitAllowance.spend(now)) isWaiting = true;
    }
    return isWaiting;
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

/** How it wants our messages. */
function wishOf(peer: Peer, own: OriginStream): Wish {
  return own.hasWishes ? (own.links.get(peer)?.theirs ?? Wish.unset) : Wish.unset;
}

function hasRoom({ outbox, flow }: Peer): boolean {
  return outbox.bytes < LEAST_ROOM_BYTES || outbox.bytes < roomOf(flow.drainRate);
}

/** Bytes that may wait for a link of this rate before the next message of ours. */
function roomOf(rate: number): number {
  return Math.min(MOST_ROOM_BYTES, Math.max(LEAST_ROOM_BYTES, ROOM_MS * rate));
}
