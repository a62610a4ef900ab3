import type { Session } from '../crypto/session.js';
import { PREVIOUS_SESSION_MS } from '../crypto/session-limits.js';
import type { EngineContext } from '../engine-context.js';
import { DOUBT_TRIES } from '../membership/failure-detector.js';
import { randomUint32, randomUnit } from '../random.js';
import { Frame, Role } from '../wire/frame.js';
import type { MessagePackReader } from '../wire/message-pack-reader.js';
import { type Admission, admit } from './link-limits.js';
import { Priority } from './outbox.js';
import type { Peer } from './peer.js';
import type { PeerTable } from './peer-table.js';

/** Heartbeats of all links would fall into step without it; each interval is varied by this share to both sides. */
export const HEARTBEAT_JITTER = 0.1;

/**
 * Who began an exchange leaves the next one to the other side, and steps in after this many intervals if it does not come.
 * One heartbeat and its answer serve both sides; taking turns, both measure the round trip. Less than 1 and the jitters on
 * top: both begin at once. More: the death of who should begin is noticed later.
 */
export const TURN_INTERVALS = 1.3;

/**
 * In a small cluster a node has fewer links than in a large one, and each of them is heard more often, so that all cost the
 * same and deaths are found earlier; but not more often than by this share of the interval. Less: pairs of nodes talk
 * without a break.
 */
export const LEAST_PACE = 0.7;

/**
 * A heartbeat is repeated after this share of the interval without an answer, but not later than after `HASTY_MS`, and not
 * before two round trips.
 */
export const HASTY_SHARE = 0.3;
export const HASTY_MS = 300;

/**
 * While the peer is heard otherwise, only the news of a role needs the answer: the time doubles with each repetition, this
 * often: about 5 s in all, through 30 % loss. Fewer, and a lost one leaves a link one-sided for a whole interval.
 */
export const HASTY_REPEATS = 4;

/**
 * A link that is not heard at all, or one that others ask about, is tried at this share of the interval, and not less often than each `PING_MS`, so often.
 * Less often: under loss a verdict takes longer. More tries than a verdict can need are for nothing.
 */
export const PING_SHARE = 0.15;
export const PING_MS = 150;
export const MOST_PINGS = 24;

/** Gain of the share of heartbeats that are answered: about the last 16 exchanges count. */
const ANSWER_GAIN = 1 / 16;

/** A session that has served no link for this long is dropped, ms. It is made anew when it is needed. */
export const IDLE_PEER_MS = 60_000;

/**
 * A session that never served one is dropped when it was silent for this long, ms: that of a probe, or of a joiner that
 * found no place. Longer, and a
 * cluster that explores holds sessions that nobody needs; shorter, and news of a role that is repeated comes too late.
 */
export const UNUSED_PEER_MS = 10_000;

/** What heartbeats bring to light. */
export interface HeartbeatHost {
  /** A fresh handshake with a peer, for its keys or because it is silent. */
  rehandshake(peer: Peer, now: number): void;
  /** The session of a peer has ended, or serves nobody. */
  peerLost(peer: Peer, now: number): void;
  /** A link has not been heard since it was first asked. Told again and again. */
  silent(peer: Peer, since: number, now: number): void;
  /** A role of the peer changed, ours or its. */
  linkChanged(peer: Peer, now: number): void;
  /** The peer does not take us as a subscriber. */
  feedRefused(peer: Peer, now: number): void;
  /** A new round trip was measured. */
  roundTripMeasured(peer: Peer, now: number): void;
  /** What the peer's member table looks like. */
  digestHeard(peer: Peer, digest: number, now: number): void;
  readonly digest: number;
  /** Live members without ourselves. */
  readonly memberCount: number;
  /** A peer became ready, or is so no more. */
  readinessHeard(now: number): void;
  readonly isReady: boolean;
}

/**
 * One mechanism for everything a link needs: signs of life, the round trip, who is whose feed, the digest of the member
 * table. Each heartbeat tells the whole state, so a lost one costs time and nothing else.
 */
export class Heartbeats {
  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly host: HeartbeatHost,
  ) {}

  /** Tells the peer at once what we are to each other, and repeats it until it answers. */
  tell(peer: Peer, now: number): void {
    peer.tries = 0;
    this.send(peer, now);
  }

  /** The peer's timer: heartbeats, silence, rekeying, the end of sessions. */
  service(peer: Peer, now: number): void {
    this.peers.retirePrevious(peer, now);
    if (peer.isLink) peer.linkedUntil = now;
    if (peer.current.isExpired(now) || now >= idleUntil(peer)) return this.host.peerLost(peer, now);
    const isEnding = peer.current.needsRekey(now) || now >= peer.current.expiry - PREVIOUS_SESSION_MS;
    if (isEnding) this.host.rehandshake(peer, now);
    if (now >= this.heartbeatDue(peer)) {
      this.send(peer, now);
      if (peer.isLink && peer.pings > DOUBT_TRIES) this.host.silent(peer, peer.askedAt, now);
    } else this.schedule(peer, now);
  }

  /** @param counter of the packet, in its session. */
  onHeartbeat(peer: Peer, reader: MessagePackReader, session: Session, counter: number, now: number): void {
    const token = reader.uint();
    const roles = reader.uint();
    const digest = reader.uint();
    if (reader.failed || this.hasGone(peer)) return;
    if (areNews(peer, session, counter)) {
      this.applyRoles(peer, roles, now);
      // It had agreed and knows nothing of it now: it gave our place away, or met us anew. Its answer tells which.
      if (peer.isFeedActive && (roles & Role.subscribed) === 0) this.tell(peer, now);
    }
    this.peers.send(peer, Priority.control, this.encode(Frame.heartbeatReply, token, peer));
    if (peer.isHeartbeatAnswered) {
      peer.nextHeartbeatAt = now + this.varied(this.regularInterval);
      this.schedule(peer, now);
    }
    this.host.digestHeard(peer, digest, now);
  }

  onReply(peer: Peer, reader: MessagePackReader, session: Session, counter: number, now: number): void {
    const token = reader.uint();
    const roles = reader.uint();
    const digest = reader.uint();
    if (reader.failed || this.hasGone(peer)) return;
    if (areNews(peer, session, counter)) this.applyRoles(peer, roles, now);
    if (token !== peer.heartbeatToken || peer.isHeartbeatAnswered) return;
    peer.isHeartbeatAnswered = true;
    for (let i = 1; i <= peer.tries; i++) peer.answerRate += ANSWER_GAIN * ((i < peer.tries ? 0 : 1) - peer.answerRate);
    peer.tries = 0;
    peer.roundTrip.sample(now - peer.heartbeatSentAt, now);
    this.host.roundTripMeasured(peer, now);
    if (peer.isFeed) this.setActive(peer, (roles & Role.subscribed) !== 0, now);
    this.schedule(peer, now);
    this.host.digestHeard(peer, digest, now);
  }

  /** Whether an earlier frame of the same datagram was its farewell. It must not become a link again. */
  private hasGone(peer: Peer): boolean {
    return this.peers.get(peer.id) !== peer;
  }

  private setActive(peer: Peer, isActive: boolean, now: number): void {
    if (isActive !== peer.isFeedActive) {
      peer.isFeedActive = isActive;
      this.host.linkChanged(peer, now);
    }
    if (!isActive) this.host.feedRefused(peer, now);
  }

  /** Takes the peer on or off as our subscriber, as it wishes and as there is room. */
  private applyRoles(peer: Peer, roles: number, now: number): void {
    const isReady = (roles & Role.ready) !== 0;
    if (isReady !== peer.isReady) {
      peer.isReady = isReady;
      this.host.readinessHeard(now);
    }
    const wants = (roles & Role.feed) !== 0;
    const isRingClaim = wants && (roles & Role.locked) !== 0;
    if (wants === peer.isSubscriber && isRingClaim === peer.isRingSubscriber) return;
    const { id, subscriptions } = this.context.options;
    const admission = wants ? admit(id, subscriptions, this.peers.links, peer, isRingClaim) : REFUSED;
    if (admission.instead !== undefined) {
      this.setSubscriber(admission.instead, false, false, now);
      this.tell(admission.instead, now);
    }
    this.setSubscriber(peer, admission.isAdmitted, admission.isAdmitted && isRingClaim, now);
  }

  private setSubscriber(peer: Peer, isSubscriber: boolean, isRingSubscriber: boolean, now: number): void {
    peer.isRingSubscriber = isRingSubscriber;
    if (isSubscriber === peer.isSubscriber) return;
    peer.isSubscriber = isSubscriber;
    this.host.linkChanged(peer, now);
    this.schedule(peer, now);
  }

  private send(peer: Peer, now: number): void {
    peer.heartbeatToken = randomUint32(this.context.options.random);
    peer.heartbeatSentAt = now;
    if (isSilent(peer)) peer.pings++;
    else {
      peer.pings = 1;
      peer.askedAt = now;
    }
    peer.isHeartbeatAnswered = false;
    peer.tries++;
    this.peers.send(peer, Priority.control, this.encode(Frame.heartbeat, peer.heartbeatToken, peer));
    this.schedule(peer, now);
  }

  private encode(type: number, token: number, peer: Peer): Uint8Array {
    const { writer } = this.context;
    let roles = 0;
    if (peer.isFeed) roles |= Role.feed;
    if (peer.isLocked) roles |= Role.locked;
    if (peer.isSubscriber) roles |= Role.subscribed;
    if (this.host.isReady) roles |= Role.ready;
    writer.reset();
    writer.array(4);
    writer.uint(type);
    writer.uint(token);
    writer.uint(roles);
    writer.uint(this.host.digest);
    return writer.take();
  }

  /** When the next heartbeat is due; Infinity for a peer that is no link and has answered. */
  private heartbeatDue(peer: Peer): number {
    const regular = peer.isLink ? peer.nextHeartbeatAt : Infinity;
    if (peer.isHeartbeatAnswered) return regular;
    const { intervalMs } = this.context.options.heartbeat;
    const isSought = (peer.isLink || peer.isAwaited) && isSilent(peer);
    if (isSought && peer.pings > 1) {
      if (peer.pings >= MOST_PINGS) return regular;
      return peer.heartbeatSentAt + Math.min(PING_MS, PING_SHARE * intervalMs);
    }
    if (peer.tries > HASTY_REPEATS && !isSought) return regular;
    const patience = Math.max(Math.min(HASTY_MS, HASTY_SHARE * intervalMs), 2 * (peer.roundTrip.smoothedMs ?? 0));
    const doublings = isSought ? 0 : peer.tries - 1;
    return Math.min(peer.heartbeatSentAt + patience * 2 ** doublings, regular);
  }

  /** Between two exchanges on a link, ms. */
  private get regularInterval(): number {
    const { heartbeat, subscriptions } = this.context.options;
    return heartbeat.intervalMs * paceOf(this.host.memberCount, subscriptions);
  }

  private varied(ms: number): number {
    return ms * (1 - HEARTBEAT_JITTER + 2 * HEARTBEAT_JITTER * randomUnit(this.context.options.random));
  }

  private schedule(peer: Peer, now: number): void {
    if (peer.nextHeartbeatAt <= peer.heartbeatSentAt) {
      peer.nextHeartbeatAt = peer.heartbeatSentAt + this.varied(TURN_INTERVALS * this.regularInterval);
    }
    const { current } = peer;
    const rekeyAt = Math.max(Math.min(current.rekeyAt, current.expiry - PREVIOUS_SESSION_MS), now + REKEY_RETRY_MS);
    let due = Math.min(this.heartbeatDue(peer), rekeyAt, peer.current.expiry);
    if (!peer.isLink) due = Math.min(due, idleUntil(peer));
    if (peer.previous !== undefined) due = Math.min(due, peer.previousUntil);
    this.context.timers.set(peer.service, Math.max(due, now + MIN_SERVICE_MS));
  }
}

/**
 * The share of the interval after which a link is heard again: that of the links which a node has with so many others, each
 * of whom has so many feeds, to the links that it has in a large cluster. Two that choose each other share a link.
 */
export function paceOf(members: number, subscriptions: number): number {
  const missed = 1 - Math.min(subscriptions / members, 1);
  return Math.max((members * (1 - missed ** 2)) / (2 * subscriptions), LEAST_PACE);
}

const REFUSED: Admission = { isAdmitted: false };

/** When a peer that is no link is given up. One that never was may still be telling us the members. */
function idleUntil(peer: Peer): number {
  if (peer.isLink) return Infinity;
  return peer.wasLink ? peer.linkedUntil + IDLE_PEER_MS : peer.lastHeardAt + UNUSED_PEER_MS;
}

/** Whether nothing at all was heard of the peer since it was first asked. Any authentic packet is a sign of life. */
function isSilent(peer: Peer): boolean {
  return !peer.isHeartbeatAnswered && peer.lastHeardAt <= peer.askedAt;
}

/**
 * Whether the roles in this packet are later than those that were applied last, and notes the packet if so. Of one session
 * the counter tells, whatever else overtook it; a session before the current one has the say only while it is the newest
 * that was heard on it. Of two frames in one packet the second was written later.
 */
function areNews(peer: Peer, session: Session, counter: number): boolean {
  const isLater =
    session === peer.rolesSession
      ? counter >= peer.rolesCounter
      : session === peer.current || counter === session.highestReceived;
  if (!isLater) return false;
  peer.rolesSession = session;
  peer.rolesCounter = counter;
  return true;
}

/** Shortest time between two visits of the service timer, and between two tries of a rekey that is due. */
const MIN_SERVICE_MS = 20;
const REKEY_RETRY_MS = 1_000;
