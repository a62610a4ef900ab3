import type { Session } from '../crypto/session.js';
import type { SessionTable } from '../crypto/session-table.js';
import { PREVIOUS_SESSION_MS } from '../crypto/session-limits.js';
import { type EngineContext, MAX_FRAME_BYTES } from '../engine-context.js';
import type { Endpoint } from '../endpoint.js';
import { Fifo } from '../fifo.js';
import type { NodeId } from '../node-id.js';
import { Timer } from '../timer-heap.js';
import { DatagramSize } from './datagram-size.js';
import { LINKS_PER_FEED } from './link-limits.js';
import { Priority } from './outbox.js';
import { Peer } from './peer.js';

/**
 * Two sessions that came up this close together were opened from both sides at once, ms. Both sides then prefer the one
 * that the smaller node id began, so that they end up with the same. Too short, and each may prefer another; the one not
 * preferred still receives, so nothing is lost but a rekey.
 */
export const SIMULTANEOUS_OPEN_MS = 5_000;

/** Nodes we hold sessions with, found by id and by session; and the line of those with something to send. */
export class PeerTable {
  private readonly byId = new Map<NodeId, Peer>();
  private readonly bySession = new Map<number, Peer>();
  /** Peers that carry broadcasts. Not to be changed from outside. */
  readonly links: Peer[] = [];
  private readonly line = new Fifo<Peer>();

  constructor(
    private readonly context: EngineContext,
    private readonly sessions: SessionTable,
    private readonly onService: (peer: Peer, now: number) => void,
  ) {}

  get size(): number {
    return this.byId.size;
  }

  /** How many peers send us broadcasts. */
  get feedCount(): number {
    let count = 0;
    for (const link of this.links) if (link.isFeedActive) count++;
    return count;
  }

  /** How many peers take our broadcasts. */
  get subscriberCount(): number {
    let count = 0;
    for (const link of this.links) if (link.isSubscriber) count++;
    return count;
  }

  /** Bytes that wait for the rates of the links, or to be drained. */
  get waitingBytes(): number {
    let bytes = 0;
    for (const peer of this.byId.values()) bytes += peer.outbox.bytes;
    return bytes;
  }

  get metrics(): Record<string, number> {
    let datagramsLost = 0;
    let bytesUnderWay = 0;
    for (const { flow } of this.byId.values()) {
      datagramsLost += flow.path.datagramsLost;
      bytesUnderWay += flow.path.bytesUnderWay;
    }
    return {
      peers: this.size,
      links: this.links.length,
      feeds: this.feedCount,
      subscribers: this.subscriberCount,
      outboxBytes: this.waitingBytes,
      // Of those that are peers now.
      datagramsLost,
      bytesUnderWay,
      ...this.linkExtremes,
    };
  }

  /** The worst of the links. A rate of 0 means that none has one. */
  private get linkExtremes(): Record<string, number> {
    let slowest = Infinity;
    const worst = { fullestOutboxBytes: 0, longestPathQueueMs: 0, worstLossShare: 0 };
    for (const { flow, outbox } of this.links) {
      if (flow.hasRate) slowest = Math.min(slowest, flow.rate);
      worst.fullestOutboxBytes = Math.max(worst.fullestOutboxBytes, outbox.bytes);
      worst.longestPathQueueMs = Math.max(worst.longestPathQueueMs, flow.path.queueMs);
      worst.worstLossShare = Math.max(worst.worstLossShare, flow.path.lossShare);
    }
    return { slowestBytesPerSecond: slowest === Infinity ? 0 : 1_000 * slowest, ...worst };
  }

  get(id: NodeId): Peer | undefined {
    return this.byId.get(id);
  }

  ofSession(session: Session): Peer | undefined {
    return this.bySession.get(session.index);
  }

  all(): IterableIterator<Peer> {
    return this.byId.values();
  }

  /** Gives a peer a new session, the peer itself being new or not. */
  attach(session: Session, endpoint: Endpoint, zone: string, now: number): Peer {
    const known = this.byId.get(session.remoteId);
    if (known === undefined) return this.create(session, endpoint, zone, now);
    this.bySession.set(session.index, known);
    const isSimultaneous =
      known.current.role !== session.role &&
      now - known.attachedAt <= SIMULTANEOUS_OPEN_MS &&
      !known.current.isExpired(now);
    if (isSimultaneous && this.prefers(known.current)) {
      this.demote(known, session, now);
      return known;
    }
    this.demote(known, known.current, now);
    known.current = session;
    known.attachedAt = now;
    known.moveTo(endpoint);
    known.zone = zone;
    known.candidate = undefined;
    return known;
  }

  /** A packet came on the session before the current one: the other side still needs it. */
  heardOnPrevious(peer: Peer, now: number): void {
    peer.previousUntil = now + PREVIOUS_SESSION_MS;
  }

  /** Wipes the previous session when its time has come. */
  retirePrevious(peer: Peer, now: number): void {
    if (peer.previous === undefined || now < peer.previousUntil) return;
    this.dropSession(peer.previous);
    peer.previous = undefined;
  }

  remove(peer: Peer): void {
    this.context.timers.cancel(peer.service);
    this.context.timers.cancel(peer.paced);
    this.context.counters.drop('peer_gone', peer.outbox.frames);
    peer.outbox.clear();
    peer.isFeed = false;
    peer.isFeedActive = false;
    peer.isSubscriber = false;
    peer.isRingSubscriber = false;
    this.refreshLink(peer);
    this.dropSession(peer.current);
    if (peer.previous !== undefined) this.dropSession(peer.previous);
    this.byId.delete(peer.id);
  }

  /** Puts the peer on or off the list of links, after its roles changed. */
  refreshLink(peer: Peer): void {
    const position = this.links.indexOf(peer);
    if (peer.isLink && position < 0) {
      this.links.push(peer);
      peer.wasLink = true;
    }
    if (!peer.isLink && position >= 0) this.links.splice(position, 1);
  }

  /**
   * Queues a frame for the peer and puts it in line. When the outbox is full, older segments make room for a new one.
   * @param lane that of the frame's origin.
   */
  send(peer: Peer, priority: Priority, frame: Uint8Array, lane = 0): boolean {
    if (frame.length > MAX_FRAME_BYTES) {
      this.context.counters.drop('too_long');
      return false;
    }
    const isNewest = priority === Priority.event || priority === Priority.bulk;
    while (!peer.outbox.push(priority, frame, lane)) {
      const dropped = isNewest ? peer.outbox.dropOldest() : 0;
      this.context.counters.drop(dropped > 0 ? 'crowded_out' : 'outbox_full', Math.max(1, dropped));
      if (dropped === 0) return false;
    }
    this.enqueue(peer);
    return true;
  }

  enqueue(peer: Peer): void {
    if (peer.isInLine) return;
    peer.isInLine = true;
    this.line.push(peer);
  }

  /** The next peer that may have something to send. */
  nextInLine(): Peer | undefined {
    const peer = this.line.shift();
    if (peer !== undefined) peer.isInLine = false;
    return peer;
  }

  check(): void {
    for (const peer of this.byId.values()) {
      if (this.links.includes(peer) !== peer.isLink) throw new Error('the list of links is wrong');
      if (this.bySession.get(peer.current.index) !== peer) throw new Error('a current session is not listed');
      if (peer.isFeedActive && !peer.isFeed) throw new Error('a feed is active that is none');
      if (!peer.outbox.isEmpty && !peer.isInLine && !peer.paced.isSet) throw new Error('an outbox is forgotten');
    }
    for (const peer of this.links) if (this.byId.get(peer.id) !== peer) throw new Error('a link to a removed peer');
    if (this.links.length > LINKS_PER_FEED * this.context.options.subscriptions) throw new Error('too many links');
    if (this.bySession.size > 2 * this.byId.size) throw new Error('sessions without a peer');
  }

  private create(session: Session, endpoint: Endpoint, zone: string, now: number): Peer {
    const { maxMessageBytes, maxDatagramBytes } = this.context.options;
    const service = new Timer(at => this.onService(peer, at));
    const paced = new Timer(() => this.enqueue(peer));
    const size = new DatagramSize(maxDatagramBytes, this.context.counters);
    const peer = new Peer(session.remoteId, endpoint, zone, session, now, service, paced, maxMessageBytes, size);
    this.byId.set(peer.id, peer);
    this.bySession.set(session.index, peer);
    return peer;
  }

  /** Of two sessions opened at once, whether this is the one that the smaller id began. */
  private prefers(session: Session): boolean {
    const isOurs = session.role === 'initiator';
    return isOurs === this.context.options.id < session.remoteId;
  }

  private demote(peer: Peer, session: Session, now: number): void {
    if (peer.previous !== undefined && peer.previous !== session) this.dropSession(peer.previous);
    peer.previous = session;
    peer.previousUntil = now + PREVIOUS_SESSION_MS;
  }

  private dropSession(session: Session): void {
    this.bySession.delete(session.index);
    this.sessions.remove(session);
  }
}
