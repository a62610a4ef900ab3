import type { DialResult } from '../crypto/handshakes.js';
import type { EngineContext } from '../engine-context.js';
import type { Endpoint } from '../endpoint.js';
import type { Member, MemberTable } from '../membership/member-table.js';
import type { NodeId } from '../node-id.js';
import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import { Timer } from '../timer-heap.js';
import { selectFeeds } from './feed-selection.js';
import { rendezvousScore } from './rendezvous.js';

/** Membership changes come in bursts; one choice is made for all changes within this time, ms. */
export const SELECTION_DELAY_MS = 50;

/** How often an incomplete set of feeds is worked on, ms. */
export const FEED_RETRY_MS = 1_000;

/** A member that could not be reached or refused is not chosen for this long, ms. */
export const AVOID_MS = 30_000;

/** Keeps the chosen feeds and the links that exist in step. */
export class Feeds {
  private chosen: readonly Member[] = [];
  private avoidedUntil = 0;
  private readonly selectTimer = new Timer(now => this.select(now));
  private readonly retryTimer = new Timer(now => this.connect(now));

  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly table: MemberTable,
    private readonly dial: (to: Endpoint, now: number, expected: NodeId) => DialResult,
    private readonly tell: (peer: Peer, now: number) => void,
  ) {}

  /** Choose anew, soon. */
  membersChanged(now: number): void {
    this.context.timers.setEarlier(this.selectTimer, now + SELECTION_DELAY_MS);
  }

  /** The member cannot be our feed for now. */
  avoid(id: NodeId, now: number): void {
    const member = this.table.get(id);
    if (member === undefined) return;
    member.avoidUntil = now + AVOID_MS;
    this.avoidedUntil = member.avoidUntil;
    const peer = this.peers.get(id);
    if (peer !== undefined && peer.isFeed) this.release(peer, now);
    this.membersChanged(now);
  }

  /** A handshake with the member has succeeded: whatever kept it from being our feed may have passed. */
  reached(id: NodeId, now: number): void {
    const member = this.table.get(id);
    if (member === undefined || member.avoidUntil <= now) return;
    member.avoidUntil = now;
    this.membersChanged(now);
  }

  /** A peer appeared, went, or agreed to be our feed. */
  peersChanged(now: number): void {
    this.context.timers.setEarlier(this.retryTimer, now);
  }

  /** The peer proved a new address. */
  moved(peer: Peer): void {
    const member = this.table.get(peer.id);
    if (member !== undefined) member.endpoint = peer.endpoint;
  }

  private select(now: number): void {
    const { id: self, zone, strategy, subscriptions: count } = this.context.options;
    let candidates = this.table.live;
    if (now < this.avoidedUntil) {
      candidates = candidates.filter(member => member.avoidUntil <= now);
      this.context.timers.setEarlier(this.selectTimer, this.avoidedUntil);
    }
    for (const member of candidates) if (member.score < 0) member.score = rendezvousScore(self, member.id);
    this.chosen = selectFeeds({ self, zone, strategy, count }, candidates);
    this.connect(now);
  }

  /** Asks the chosen for broadcasts; lets the others go once all the chosen deliver. */
  private connect(now: number): void {
    let active = 0;
    for (let slot = 0; slot < this.chosen.length; slot++) {
      const member = this.chosen[slot]!;
      const peer = this.peers.get(member.id);
      if (peer === undefined) this.dial(member.endpoint, now, member.id);
      else if (this.ask(peer, slot === 0, now)) active++;
    }
    const isComplete = active === this.chosen.length;
    const unchosen = this.peers.links.filter(link => link.isFeed && !this.isChosen(link.id));
    for (const link of unchosen) {
      if (isComplete || this.feedCount() > 2 * this.context.options.subscriptions) this.release(link, now);
    }
    if (!isComplete) this.context.timers.setEarlier(this.retryTimer, now + FEED_RETRY_MS);
  }

  /** Whether the peer is an active feed in this role already; asks it otherwise. */
  private ask(peer: Peer, isLocked: boolean, now: number): boolean {
    if (!peer.isFeed || peer.isLocked !== isLocked) {
      peer.isFeed = true;
      peer.isLocked = isLocked;
      this.peers.refreshLink(peer, now);
      this.tell(peer, now);
    }
    return peer.isFeedActive;
  }

  private release(peer: Peer, now: number): void {
    peer.isFeed = false;
    peer.isFeedActive = false;
    peer.isLocked = false;
    this.peers.refreshLink(peer, now);
    this.tell(peer, now);
  }

  private isChosen(id: NodeId): boolean {
    return this.chosen.some(member => member.id === id);
  }

  private feedCount(): number {
    let feeds = 0;
    for (const link of this.peers.links) if (link.isFeed) feeds++;
    return feeds;
  }
}
