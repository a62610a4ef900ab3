import type { DialResult } from '../crypto/handshakes.js';
import type { EngineContext } from '../engine-context.js';
import { type Endpoint, isLoopback } from '../endpoint.js';
import { detectionMs } from '../membership/failure-detector.js';
import type { Experience, Member, MemberTable } from '../membership/member-table.js';
import type { NodeId } from '../node-id.js';
import { UNUSED_PEER_MS } from '../peers/heartbeats.js';
import { feedLimit } from '../peers/link-limits.js';
import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import { randomUnit } from '../random.js';
import { Timer } from '../timer-heap.js';
import { Exploration, NEAR_ENOUGH_MS } from './exploration.js';
import { leastUseful, REPLACED_MS, REVIEW_MS } from './feed-review.js';
import { selectFeeds } from './feed-selection.js';
import { nearSlots } from './nearest.js';
import { rendezvousScore } from './rendezvous.js';

/** Membership changes come in bursts; one choice is made for all changes within this time, ms. */
export const SELECTION_DELAY_MS = 50;

/** How often an incomplete set of feeds is worked on, ms. */
export const FEED_RETRY_MS = 1_000;

/** A member that could not be reached or refused is not chosen for this long, ms. */
export const AVOID_MS = 30_000;

/**
 * Each refusal in a row doubles that time for the slots of the strategy, at most so often: 16 min. Less: a member that
 * many find near is asked all the time; more: places that it has again stay empty.
 */
export const MAX_REFUSAL_DOUBLINGS = 5;

/**
 * A member that we want as a feed and that answers no Hello for so many detection times may be dead: that is four Hellos
 * at the default. Fewer: one that lost them is accused. More: a member whose links all died with it is missed late.
 */
export const DIAL_PATIENCE_FACTOR = 2;

/** What the feeds need of the engine. */
export interface FeedsHost {
  dial(to: Endpoint, now: number, expected: NodeId): DialResult;
  /** A member that we want as a feed has not answered since then. Told again and again. */
  silent(member: Member, since: number, now: number): void;
  /** Tells the peer what we are to each other. */
  tell(peer: Peer, now: number): void;
  /** A role of the peer changed. */
  linkChanged(peer: Peer, now: number): void;
}

/** Keeps the chosen feeds and the links that exist in step. */
export class Feeds {
  private chosen: readonly Member[] = [];
  private chosenIds: ReadonlySet<NodeId> = new Set();
  /** The chosen with whom we have no session, and since when they are dialled. */
  private readonly dialledSince = new Map<NodeId, number>();
  /** The near ones of `nearest` among the chosen. */
  private near: ReadonlySet<NodeId> = new Set();
  /** These, and those chosen before that still deliver: should a new one refuse, the old one stays. */
  private nearHeld: ReadonlySet<NodeId> = new Set();
  /** Until then some member is avoided or passed over. */
  private restrictedUntil = 0;
  private readonly selectTimer = new Timer(now => this.select(now));
  private readonly retryTimer = new Timer(now => this.connect(now));
  private readonly reviewTimer = new Timer(now => this.review(now));
  private readonly exploration: Exploration | undefined;

  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly table: MemberTable,
    private readonly host: FeedsHost,
  ) {
    if (context.options.strategy !== 'nearest' || context.options.subscriptions === 1) return;
    this.exploration = new Exploration(
      context,
      peers,
      table,
      (to, now, expected) => host.dial(to, now, expected),
      () => this.isNearEnough(),
      now => this.membersChanged(now),
    );
  }

  /** Choose anew, soon. */
  membersChanged(now: number): void {
    this.context.timers.setEarlier(this.selectTimer, now + SELECTION_DELAY_MS);
  }

  /** The member does not answer and cannot be our feed for now. */
  avoid(id: NodeId, now: number): void {
    const member = this.table.get(id);
    if (member === undefined) return;
    this.restrict(member, { avoidUntil: now + AVOID_MS }, now);
  }

  /** The peer has no place for us. */
  refused(peer: Peer, now: number): void {
    const member = this.table.get(peer.id);
    if (member === undefined) return;
    // Who is right about the ring shows soon, as membership spreads; a full house may stay full.
    if (peer.isLocked) return this.avoid(peer.id, now);
    const { refusals } = member.experience;
    const passedOverUntil = now + AVOID_MS * 2 ** Math.min(refusals, MAX_REFUSAL_DOUBLINGS);
    this.restrict(member, { passedOverUntil, refusals: refusals + 1 }, now);
  }

  /** A dial failed. Returns whether it was only to measure the round trip. */
  probeFailed(id: NodeId, now: number): boolean {
    return this.exploration?.failed(id, now) ?? false;
  }

  /** A handshake with the member has succeeded: whatever kept it from being our feed may have passed. */
  reached(id: NodeId, now: number): void {
    const member = this.table.get(id);
    if (member === undefined || member.experience.avoidUntil <= now) return;
    member.remember({ avoidUntil: now });
    this.membersChanged(now);
  }

  /** A peer appeared, went, or agreed to be our feed. */
  peersChanged(now: number): void {
    this.context.timers.setEarlier(this.retryTimer, now);
  }

  /** Remembers the round trip, also for when the session has gone. */
  measured(peer: Peer, now: number): void {
    const member = this.table.get(peer.id);
    if (member === undefined) return;
    member.remember({ roundTripMs: peer.roundTrip.minimumMs, measuredAt: now });
    if (this.exploration === undefined) return;
    this.exploration.measured(peer.id);
    // That of a link changes little by little, and is looked at with the next probe.
    if (!peer.isLink) this.membersChanged(now);
  }

  private select(now: number): void {
    const { id: self, zone, strategy, subscriptions: count } = this.context.options;
    const { live } = this.table;
    for (const member of live) if (member.score < 0) member.score = rendezvousScore(self, member.id);
    let candidates = live;
    let forSlots = live;
    if (now < this.restrictedUntil) {
      candidates = live.filter(member => member.experience.avoidUntil <= now);
      forSlots = candidates.filter(member => member.experience.passedOverUntil <= now);
      const next = nextEnd(live, now);
      if (next < Infinity) this.context.timers.setEarlier(this.selectTimer, next);
    }
    this.chosen = selectFeeds({ self, zone, strategy, count, near: this.nearHeld }, candidates, forSlots);
    this.chosenIds = new Set(this.chosen.map(member => member.id));
    for (const id of this.dialledSince.keys()) if (!this.chosenIds.has(id)) this.dialledSince.delete(id);
    if (this.exploration !== undefined) {
      const slots = Math.min(count, candidates.length) - 1;
      this.near = new Set(this.chosen.slice(1, 1 + nearSlots(slots)).map(member => member.id));
      const delivering = [...this.nearHeld].filter(id => this.peers.get(id)?.isFeedActive);
      this.nearHeld = new Set([...this.near, ...delivering]);
      this.exploration.feedsChosen(now);
      if (!this.reviewTimer.isSet) this.context.timers.set(this.reviewTimer, now + this.reviewDelay());
    }
    this.connect(now);
  }

  /** Asks the chosen for broadcasts; lets the others go once all the chosen deliver. */
  private connect(now: number): void {
    let active = 0;
    for (let slot = 0; slot < this.chosen.length; slot++) {
      const member = this.chosen[slot]!;
      const { avoidUntil, passedOverUntil, refusals } = member.experience;
      // It has refused just now; the next choice will be without it.
      if (avoidUntil > now || (slot > 0 && passedOverUntil > now)) continue;
      const peer = this.peers.get(member.id);
      if (peer === undefined) {
        this.dial(member, now);
        continue;
      }
      this.dialledSince.delete(member.id);
      if (!this.ask(peer, slot === 0, now)) continue;
      if (refusals > 0) member.remember({ refusals: 0 });
      active++;
    }
    if (active < this.chosen.length) this.context.timers.setEarlier(this.retryTimer, now + FEED_RETRY_MS);
    else for (const link of this.unchosen()) this.release(link, now);
  }

  /** Says Hello. Nobody else may be watching the member: its links can have died with it. */
  private dial(member: Member, now: number): void {
    const since = this.dialledSince.get(member.id);
    if (since === undefined) this.dialledSince.set(member.id, now);
    else if (now - since >= DIAL_PATIENCE_FACTOR * detectionMs(this.context.options.heartbeat))
      this.host.silent(member, since, now);
    this.host.dial(member.endpoint, now, member.id);
  }

  /** Whether the peer is an active feed in this role already; asks it otherwise. */
  private ask(peer: Peer, isLocked: boolean, now: number): boolean {
    if (peer.isFeed && peer.isLocked === isLocked) return peer.isFeedActive;
    if (!peer.isFeed) {
      this.makeRoom(now);
      // It may have given up the unused session by now. If so, the new one brings our roles along.
      if (!peer.isLink && now >= peer.lastHeardAt + UNUSED_PEER_MS / 2) this.host.dial(peer.endpoint, now, peer.id);
    }
    peer.isFeed = true;
    peer.isLocked = isLocked;
    this.peers.refreshLink(peer);
    this.host.tell(peer, now);
    return peer.isFeedActive;
  }

  /** One more feed is to fit the limit. The chosen are fewer, so that there are others to let go. */
  private makeRoom(now: number): void {
    const limit = feedLimit(this.context.options.subscriptions);
    const unchosen = this.unchosen().sort((a, b) => Number(b.isFeedActive) - Number(a.isFeedActive));
    let feeds = 0;
    for (const link of this.peers.links) if (link.isFeed) feeds++;
    for (; feeds >= limit && unchosen.length > 0; feeds--) this.release(unchosen.pop()!, now);
  }

  private release(peer: Peer, now: number): void {
    peer.isFeed = false;
    peer.isFeedActive = false;
    peer.isLocked = false;
    this.host.linkChanged(peer, now);
    this.host.tell(peer, now);
  }

  private unchosen(): Peer[] {
    return this.peers.links.filter(link => link.isFeed && !this.chosenIds.has(link.id));
  }

  /** The member is not to be chosen for a while, for all slots or some. */
  private restrict(member: Member, until: Partial<Experience>, now: number): void {
    member.remember(until);
    const { avoidUntil, passedOverUntil } = member.experience;
    this.restrictedUntil = Math.max(this.restrictedUntil, avoidUntil, passedOverUntil);
    const peer = this.peers.get(member.id);
    if (peer !== undefined && peer.isFeed) this.release(peer, now);
    this.membersChanged(now);
  }

  private isNearEnough(): boolean {
    for (const id of this.near) {
      const member = this.table.get(id);
      // Nobody is nearer than who is on the same host: its round trip tells how busy the processors are.
      if (member !== undefined && isLoopback(member.endpoint)) continue;
      const distance = member?.roundTripMs;
      if (distance === undefined || distance > NEAR_ENOUGH_MS) return false;
    }
    return true;
  }

  /** Gives the place of the far feed that is clearly the least useful to the next candidate. */
  private review(now: number): void {
    this.context.timers.set(this.reviewTimer, now + this.reviewDelay());
    // In a small cluster there may be no next one.
    if (this.table.live.length <= 2 * this.context.options.subscriptions) return;
    const feeds = this.peers.links.filter(link => link.isFeedActive && this.chosenIds.has(link.id));
    const far = feeds.filter(feed => !feed.isLocked && !this.near.has(feed.id));
    const worst = leastUseful(far, feeds);
    if (worst === undefined) return;
    const member = this.table.get(worst.id)!;
    worst.timeliness.reset();
    const passedOverUntil = now + REPLACED_MS;
    member.remember({ passedOverUntil });
    this.restrictedUntil = Math.max(this.restrictedUntil, passedOverUntil);
    // It delivers until the next one does.
    this.membersChanged(now);
  }

  private reviewDelay(): number {
    return REVIEW_MS * (0.75 + 0.5 * randomUnit(this.context.options.random));
  }
}

/** When the next member may be chosen again; Infinity when all may be. */
function nextEnd(members: readonly Member[], now: number): number {
  let end = Infinity;
  for (const member of members) {
    const { avoidUntil, passedOverUntil } = member.experience;
    if (avoidUntil > now && avoidUntil < end) end = avoidUntil;
    if (passedOverUntil > now && passedOverUntil < end) end = passedOverUntil;
  }
  return end;
}
