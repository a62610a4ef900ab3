import type { Session } from '../crypto/session.js';
import { type Endpoint, isLoopback, sameEndpoint } from '../endpoint.js';
import { type NodeId, nodeIdToBytes } from '../node-id.js';
import type { Timer } from '../timer-heap.js';
import type { DatagramSize } from './datagram-size.js';
import { Flow } from './flow.js';
import { Outbox, outboxCapacity } from './outbox.js';
import { WaitAllowance } from './wait-allowance.js';
import { RoundTrip } from './round-trip.js';
import { Timeliness } from './timeliness.js';

/** A node with which we hold a session. It is a link, and carries broadcasts, when it is our feed or our subscriber. */
export class Peer {
  readonly idBytes: Uint8Array;

  /** We send on this one. */
  current: Session;
  /** The one before, still received on for a while. */
  previous: Session | undefined;
  /** When `previous` is wiped, monotonic ms. */
  previousUntil = 0;
  /** When the current session became current. */
  attachedAt: number;

  /** When we first had a session with it, monotonic ms. */
  readonly metAt: number;
  lastHeardAt: number;
  /** Whether we asked it to send us broadcasts. */
  isFeed = false;
  /** Whether it agreed. */
  isFeedActive = false;
  /** Whether it is our ring predecessor, which keeps places for its successors. */
  isLocked = false;
  isSubscriber = false;
  /** Whether it is a subscriber that calls us its ring predecessor. */
  isRingSubscriber = false;
  /** Whether it says that it is ready. */
  isReady = false;

  /** The heartbeat in flight: its token and when it left. */
  heartbeatToken = 0;
  heartbeatSentAt = -Infinity;
  nextHeartbeatAt = -Infinity;
  isHeartbeatAnswered = true;
  /** Heartbeats in a row without an answer. */
  tries = 0;
  /** Those of them that were sent since it was last heard in any way, and when the first of these left. */
  pings = 0;
  askedAt = -Infinity;
  /** Share of the heartbeats that are answered, smoothed. It begins with what a link that loses a fifth has. */
  answerRate = 0.6;
  /** Whether somebody waits for a sign of life from it, on whose behalf we asked. */
  isAwaited = false;
  /** The packet whose roles were applied last: its session and counter. */
  rolesSession: Session | undefined;
  rolesCounter = -1;
  /** When it last was a link, for giving up sessions that serve nothing. */
  linkedUntil: number;
  /** Whether it ever was one. */
  wasLink = false;

  /** Digest of its member table, as it last told. */
  memberDigest = 0;

  readonly roundTrip = new RoundTrip();
  /** How late its copies of segments come, against the first copies. */
  readonly timeliness = new Timeliness();
  readonly outbox: Outbox;
  /** What is under way to it, and how fast it may go. */
  readonly flow: Flow;
  /** When it last asked for a report. */
  askedUsAt = -Infinity;
  /** How long our own messages still wait for room in its outbox. */
  readonly waitAllowance = new WaitAllowance();
  /** Whether it stands in the line of peers with something to send. */
  isInLine = false;

  /** An address it was heard from that has not proved itself yet, and the token it must bring back. */
  candidate: { endpoint: Endpoint; token: Uint8Array; sentAt: number } | undefined;

  constructor(
    readonly id: NodeId,
    public endpoint: Endpoint,
    public zone: string,
    session: Session,
    now: number,
    /** Heartbeats, silence, rekeying. */
    readonly service: Timer,
    /** Wakes the outbox when the pacer lets more through. */
    readonly paced: Timer,
    maxMessageBytes: number,
    /** How large datagrams to it may be. */
    readonly datagramSize: DatagramSize,
  ) {
    this.idBytes = nodeIdToBytes(id);
    this.flow = new Flow(!isLoopback(endpoint), this.roundTrip);
    this.outbox = new Outbox(outboxCapacity(maxMessageBytes));
    datagramSize.begin(isLoopback(endpoint));
    this.current = session;
    this.attachedAt = now;
    this.metAt = now;
    this.lastHeardAt = now;
    this.linkedUntil = now;
  }

  /** It is sent to there from now on. */
  moveTo(endpoint: Endpoint): void {
    if (!sameEndpoint(this.endpoint, endpoint)) this.datagramSize.begin(isLoopback(endpoint));
    this.endpoint = endpoint;
  }

  get isLink(): boolean {
    return this.isFeed || this.isSubscriber;
  }
}
