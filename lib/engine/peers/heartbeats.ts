import type { Session } from '../crypto/session.js';
import { PREVIOUS_SESSION_MS } from '../crypto/session-limits.js';
import type { EngineContext } from '../engine-context.js';
import { judgeSilence, nextJudgementMs } from '../membership/failure-detector.js';
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
 * A heartbeat is repeated after this long without an answer (or two round trips, if that is longer), doubling, this
 * often: about 5 s in all, through 30 % loss. Fewer, and a lost one leaves a link one-sided for a whole interval.
 */
export const HASTY_MS = 300;
export const HASTY_REPEATS = 4;

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
  /** A link was silent too long, or its session ended. */
  peerLost(peer: Peer, now: number, isDead: boolean): void;
  /** A role of the peer changed, ours or its. */
  linkChanged(peer: Peer, now: number): void;
  /** The peer does not take us as a subscriber. */
  feedRefused(peer: Peer, now: number): void;
  /** A new round trip was measured. */
  roundTripMeasured(peer: Peer, now: number): void;
  /** What the peer's member table looks like. */
  digestHeard(peer: Peer, digest: number, now: number): void;
  readonly digest: number;
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
    peer.hastyHeartbeats = 0;
    this.send(peer, now);
  }

  /** The peer's timer: heartbeats, silence, rekeying, the end of sessions. */
  service(peer: Peer, now: number): void {
    const { heartbeat } = this.context.options;
    this.peers.retirePrevious(peer, now);
    if (peer.isLink) peer.linkedUntil = now;
    if (peer.current.isExpired(now)) return this.host.peerLost(peer, now, false);
    if (now >= idleUntil(peer)) return this.host.peerLost(peer, now, false);
    const verdict = peer.isLink ? judgeSilence(now - silentSince(peer), heartbeat) : 'alive';
    if (verdict === 'dead') return this.host.peerLost(peer, now, true);
    const isEnding = peer.current.needsRekey(now) || now >= peer.current.expiry - PREVIOUS_SESSION_MS;
    if (verdict === 'doubtful' || isEnding) this.host.rehandshake(peer, now);
    if (now >= this.heartbeatDue(peer)) {
      if (!peer.isHeartbeatAnswered) peer.hastyHeartbeats++;
      this.send(peer, now);
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
    peer.hastyHeartbeats = 0;
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
    peer.isHeartbeatAnswered = false;
    this.peers.send(peer, Priority.control, this.encode(Frame.heartbeat, peer.heartbeatToken, peer));
    this.schedule(peer, now);
  }

  private encode(type: number, token: number, peer: Peer): Uint8Array {
    const { writer } = this.context;
    let roles = 0;
    if (peer.isFeed) roles |= Role.feed;
    if (peer.isLocked) roles |= Role.locked;
    if (peer.isSubscriber) roles |= Role.subscribed;
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
    if (peer.isHeartbeatAnswered || peer.hastyHeartbeats >= HASTY_REPEATS) return regular;
    const patience = Math.max(HASTY_MS, 2 * (peer.roundTrip.smoothedMs ?? 0));
    return Math.min(peer.heartbeatSentAt + patience * 2 ** peer.hastyHeartbeats, regular);
  }

  private schedule(peer: Peer, now: number): void {
    const { heartbeat, random } = this.context.options;
    if (peer.nextHeartbeatAt <= peer.heartbeatSentAt) {
      const factor = 1 - HEARTBEAT_JITTER + 2 * HEARTBEAT_JITTER * randomUnit(random);
      peer.nextHeartbeatAt = peer.heartbeatSentAt + heartbeat.intervalMs * factor;
    }
    const { current } = peer;
    const rekeyAt = Math.max(Math.min(current.rekeyAt, current.expiry - PREVIOUS_SESSION_MS), now + REKEY_RETRY_MS);
    let due = Math.min(this.heartbeatDue(peer), rekeyAt, peer.current.expiry);
    const since = silentSince(peer);
    if (peer.isLink) due = Math.min(due, since + nextJudgementMs(now - since, heartbeat));
    else due = Math.min(due, idleUntil(peer));
    if (peer.previous !== undefined) due = Math.min(due, peer.previousUntil);
    this.context.timers.set(peer.service, Math.max(due, now + MIN_SERVICE_MS));
  }
}

const REFUSED: Admission = { isAdmitted: false };

/** When a peer that is no link is given up. One that never was may still be telling us the members. */
function idleUntil(peer: Peer): number {
  if (peer.isLink) return Infinity;
  return peer.wasLink ? peer.linkedUntil + IDLE_PEER_MS : peer.lastHeardAt + UNUSED_PEER_MS;
}

/** A session that served no link was silent by right, and may become one at any time. */
function silentSince(peer: Peer): number {
  return Math.max(peer.lastHeardAt, peer.linkedSince);
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
