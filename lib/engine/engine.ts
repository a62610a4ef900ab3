import { type BroadcastResult, Dissemination } from './broadcast/dissemination.js';
import type { Keyring } from './crypto/keyring.js';
import type { Session } from './crypto/session.js';
import { SessionTable } from './crypto/session-table.js';
import { EngineContext } from './engine-context.js';
import type { EngineEvent } from './engine-event.js';
import type { EngineOptions } from './engine-options.js';
import { type Endpoint, isLoopback, sameEndpoint } from './endpoint.js';
import { FrameDispatch } from './frame-dispatch.js';
import { Liveness } from './membership/liveness.js';
import { LocalHealth } from './membership/local-health.js';
import { LostMembers } from './membership/lost-members.js';
import type { MemberRecord } from './membership/member.js';
import type { Member } from './membership/member-table.js';
import { Membership } from './membership/membership.js';
import { Seeds } from './membership/seeds.js';
import { Feeds } from './overlay/feeds.js';
import { Heartbeats } from './peers/heartbeats.js';
import { Introductions } from './peers/introductions.js';
import { Packer } from './peers/packer.js';
import { challengePath } from './peers/path-validation.js';
import type { Peer } from './peers/peer.js';
import { PeerTable } from './peers/peer-table.js';
import { ReceiverReports } from './peers/receiver-reports.js';
import { Strays } from './peers/strays.js';
import { Readiness } from './readiness.js';
import { type Transmit, Transmits } from './transmits.js';
import type { HelloPayload } from './wire/hello-payload.js';

/**
 * The gossip, without I/O. Feed it datagrams, timeouts and commands, each with the monotonic time in ms; after each,
 * drain `nextTransmit` and `nextEvent` until they are empty, and call `timeout` at `deadline`. The same seed and the
 * same inputs give the same bytes out.
 */
export class GwyhEngine {
  readonly context: EngineContext;
  private readonly sessions: SessionTable;
  private readonly introductions: Introductions;
  private readonly peers: PeerTable;
  private readonly transmits: Transmits;
  private readonly heartbeats: Heartbeats;
  private readonly health = new LocalHealth();
  private readonly membership: Membership;
  private readonly liveness: Liveness;
  private readonly lostMembers: LostMembers;
  private readonly seeds: Seeds;
  private readonly readiness: Readiness;
  private readonly feeds: Feeds;
  private readonly dissemination: Dissemination;
  private readonly frames: FrameDispatch;
  private now: number;
  private hasLeft = false;

  constructor(options: EngineOptions, now: number) {
    const incarnation = options.wallClock();
    this.now = now;
    this.context = new EngineContext(options);
    this.sessions = new SessionTable(options.random);
    this.peers = new PeerTable(this.context, this.sessions, (peer, at) => this.heartbeats.service(peer, at));
    const packer = new Packer(this.context);
    const strays = new Strays(this.context, packer);
    this.membership = new Membership(
      this.context,
      this.peers,
      this.health,
      {
        membersChanged: at => this.feeds.membersChanged(at),
        memberGone: (peer, at) => this.removePeer(peer, at),
        memberOutlived: (id, wasUp, at) => this.liveness.outlived(id, wasUp, at),
        memberLost: at => this.lostMembers.lost(at),
        allLost: (members, at) => this.lostMembers.allLost(members, at),
      },
      incarnation,
    );
    const { membership } = this;
    const { table } = membership;
    this.introductions = new Introductions(this.context, this.sessions, {
      get hello() {
        const { zone, incarnation } = membership.ownRecord;
        return { zone, incarnation, advertised: options.advertised };
      },
      isMember: endpoint => table.hasEndpoint(endpoint),
      introduced: (session, endpoint, hello, at) => this.attach(session, endpoint, hello, at),
      metOurself: (endpoint, at) => this.seeds.isOurself(endpoint, at),
      dialFailed: (id, at) => {
        if (!this.feeds.probeFailed(id, at) && this.peers.get(id) === undefined) this.feeds.avoid(id, at);
      },
    });
    const { handshakes } = this.introductions;
    this.transmits = new Transmits(this.context, this.peers, packer, strays, handshakes);
    const dial = (to: Endpoint, at: number, expected?: string) => handshakes.dial(at, to, expected);
    this.seeds = new Seeds(this.context, this.peers, dial);
    this.readiness = new Readiness(this.context, this.peers, this.seeds, at => this.readinessChanged(at));
    const { readiness } = this;
    this.heartbeats = new Heartbeats(this.context, this.peers, {
      rehandshake: (peer, at) => handshakes.dial(at, peer.endpoint, peer.id),
      peerLost: (peer, at) => this.removePeer(peer, at),
      silent: (peer, since, at) => this.liveness.silent(peer.id, since, at),
      linkChanged: (peer, at) => this.linkChanged(peer, at),
      feedRefused: (peer, at) => this.feeds.refused(peer, at),
      roundTripMeasured: (peer, at) => this.feeds.measured(peer, at),
      digestHeard: (peer, digest, at) => membership.digestHeard(peer, digest, at),
      get digest() {
        return membership.digest;
      },
      get memberCount() {
        return table.live.length;
      },
      readinessHeard: at => readiness.update(at),
      get isReady() {
        return readiness.isReady;
      },
    });
    this.liveness = new Liveness(this.context, this.peers, membership, this.health, handshakes, {
      ping: (peer, at) => this.heartbeats.tell(peer, at),
      unreachable: (peer, at) => this.removePeer(peer, at),
      avoid: (id, at) => this.feeds.avoid(id, at),
      reached: (id, at) => this.feeds.reached(id, at),
    });
    this.lostMembers = new LostMembers(this.context, table, (member, at) => dial(member.endpoint, at, member.id));
    this.feeds = new Feeds(this.context, this.peers, table, {
      dial,
      silent: (member, since, at) => this.liveness.silent(member.id, since, at),
      tell: (peer, at) => this.heartbeats.tell(peer, at),
      linkChanged: (peer, at) => this.linkChanged(peer, at),
    });
    this.dissemination = new Dissemination(this.context, this.peers, table, incarnation, now);
    const { heartbeats, dissemination } = this;
    const { probes } = this.liveness;
    const reports = new ReceiverReports(this.context, this.peers);
    this.frames = new FrameDispatch(this.context, { heartbeats, membership, probes, dissemination, strays, reports });
  }

  /** One datagram. The engine owns its bytes from here on: it opens them in place and passes views of them on. */
  receive(now: number, from: Endpoint, datagram: Uint8Array): void {
    // An answer after the farewell would bring us back: others would attach us again, and wait for our heartbeats.
    if (this.hasLeft) return;
    this.now = now;
    const { counters } = this.context;
    counters.datagramsReceived++;
    counters.bytesReceived += datagram.length;
    const session = this.sessions.match(datagram);
    if (session === undefined) return this.introductions.receive(from, datagram, now);
    const wasConfirmed = session.confirmed;
    const counter = this.sessions.lastCounter;
    const plaintext = session.open(datagram, counter, now);
    if (plaintext === undefined) return counters.dropDatagram(session.lastDrop);
    if (!wasConfirmed) this.introductions.confirm(session, now);
    const peer = this.peers.ofSession(session);
    if (peer === undefined) return;
    peer.lastHeardAt = now;
    if (peer.isAwaited) this.liveness.probes.reached(peer.id);
    if (session === peer.previous) this.peers.heardOnPrevious(peer, now);
    const isNewest = counter === session.highestReceived;
    if (isNewest && !sameEndpoint(from, peer.endpoint)) {
      this.transmits.strays.push(peer, from, challengePath(peer, from, this.context, now), now);
    }
    this.frames.read(peer, from, plaintext, session, counter, now);
  }

  /**
   * To be called at `deadline`, or later.
   * @param lateMs how late the host came to it. It may read first what arrived meanwhile, which is not counted.
   */
  timeout(now: number, lateMs = now - this.deadline()): void {
    if (this.hasLeft) return;
    this.membership.woke(now, lateMs);
    this.context.overload.waited(now - this.deadline(), now);
    this.now = now;
    this.introductions.timeout(now);
    this.context.timers.fireDue(now);
  }

  /** What came in, or an event, had to wait so long, ms, since the host was busy: if it is too long, peers are told to send less. */
  waited(now: number, ms: number): void {
    this.context.overload.waited(ms, now);
  }

  /** Sends a message to the cluster, or to the homies of some zones. It is copied. */
  broadcast(now: number, payload: Uint8Array, zones?: readonly string[]): BroadcastResult {
    this.now = now;
    return this.dissemination.broadcast(payload, zones, now);
  }

  /** Where to say Hello. May be called again and again, as names resolve anew. */
  setSeeds(now: number, endpoints: readonly Endpoint[]): void {
    this.now = now;
    this.seeds.set(endpoints, now);
  }

  /**
   * Members known from elsewhere: a snapshot, or a simulation that starts in the middle. They count as met by others: feeds
   * are chosen among them, and nobody is told of them.
   */
  introduce(now: number, records: readonly MemberRecord[]): void {
    this.now = now;
    this.membership.introduce(records, now);
  }

  /** Replaces the keys. Sessions under a key that is gone are made anew at once, and end in 15 s. */
  setKeyring(now: number, keyring: Keyring): void {
    this.now = now;
    this.introductions.setKeyring(now, keyring);
    for (const peer of this.peers.all()) {
      const isGone = (session: Session) => keyring.positionOf(session.keyId) < 0;
      if (peer.previous !== undefined && isGone(peer.previous)) peer.previous.retire(now);
      if (!isGone(peer.current)) continue;
      peer.current.retire(now);
      this.introductions.handshakes.dial(now, peer.endpoint, peer.id);
      this.heartbeats.tell(peer, now);
    }
  }

  /** Announces our leave to all links, each time it is called. After the first time the engine takes no input. */
  leave(now: number): void {
    this.now = now;
    this.hasLeft = true;
    this.membership.leave(now);
  }

  /** Zeroes all keys. Nothing can be fed or drained after this. */
  wipe(): void {
    this.hasLeft = true;
    this.introductions.wipe();
  }

  /** The next datagram to send, until undefined. It takes the memory of those before when nobody reads them any more: `haveLeft`. */
  nextTransmit(haveLeft = false): Transmit | undefined {
    this.membership.flush(this.now);
    if (haveLeft) this.transmits.reuse();
    return this.transmits.next(this.now);
  }

  /** How many events wait to be told. */
  get waitingEvents(): number {
    return this.context.events.length;
  }

  nextEvent(): EngineEvent | undefined {
    return this.context.events.shift();
  }

  /** When `timeout` wants to be called, monotonic ms. */
  deadline(): number {
    if (this.hasLeft) return Infinity;
    return Math.min(this.context.timers.deadline(), this.introductions.deadline());
  }

  /** Live members in order of id, without ourselves. Not to be changed or kept. */
  get members(): readonly Member[] {
    return this.membership.table.live;
  }

  peer(id: string): Peer | undefined {
    return this.peers.get(id);
  }

  /** Peers that carry broadcasts. Not to be changed or kept. */
  get links(): readonly Peer[] {
    return this.peers.links;
  }

  get feedCount(): number {
    return this.peers.feedCount;
  }

  get subscriberCount(): number {
    return this.peers.subscriberCount;
  }

  /** Whether the cluster hears us and we hear it, as far as the links tell. */
  get isReady(): boolean {
    return this.readiness.isReady;
  }

  /** Sequence of the last segment of our own. */
  get lastSequence(): number {
    return this.dissemination.lastSequence;
  }

  /** Bytes that wait for the pacers of the links, or to be drained. */
  get waitingBytes(): number {
    return this.peers.waitingBytes;
  }

  /** Whether a large message of ours was offered so lately that somebody may still want it. */
  isAwaited(now: number): boolean {
    return this.dissemination.isAwaited(now);
  }

  /** Counters and gauges, plain numbers. */
  metrics(): Record<string, number> {
    return {
      ...this.context.counters.record(),
      members: this.membership.table.live.length,
      suspects: this.membership.suspects,
      tombstones: this.membership.table.tombstoneCount,
      sessions: this.sessions.size,
      timers: this.context.timers.size,
      ...this.introductions.metrics,
      ...this.context.overload.metrics(this.now),
      ...this.peers.metrics,
      ...this.liveness.metrics,
      ...this.dissemination.metrics,
    };
  }

  /** Asserts what must always hold. For simulations and tests. */
  check(): void {
    this.introductions.check();
    this.peers.check();
    this.membership.check();
    this.liveness.check();
    this.dissemination.check();
    this.readiness.check();
  }

  private attach(session: Session, endpoint: Endpoint, hello: HelloPayload, now: number): void {
    const peer = this.peers.attach(session, endpoint, hello.zone, now);
    peer.lastHeardAt = now;
    this.liveness.met(peer.id);
    const isUseful = hello.advertised !== undefined && (!isLoopback(hello.advertised) || isLoopback(endpoint));
    this.membership.met(peer, hello.incarnation, isUseful ? hello.advertised! : endpoint, now);
    // For the initiator this is also the packet that confirms the session.
    this.heartbeats.tell(peer, now);
    this.feeds.reached(peer.id, now);
    this.feeds.peersChanged(now);
  }

  private removePeer(peer: Peer, now: number): void {
    this.peers.remove(peer);
    this.linkChanged(peer, now);
    if (this.peers.size === 0) this.seeds.rejoin(now);
  }

  private linkChanged(peer: Peer, now: number): void {
    this.peers.refreshLink(peer);
    this.membership.linksChanged(now);
    if (!peer.isLink) this.dissemination.linkEnded(peer, this.peers.get(peer.id) !== peer, now);
    this.feeds.peersChanged(now);
    this.readiness.update(now);
  }

  private readinessChanged(now: number): void {
    this.context.events.push({ type: this.isReady ? 'ready' : 'unready' });
    // Others may wait for it.
    if (this.isReady) for (const link of this.peers.links) if (!link.isReady) this.heartbeats.tell(link, now);
  }
}
