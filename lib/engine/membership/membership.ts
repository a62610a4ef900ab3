import type { EngineContext } from '../engine-context.js';
import { type Endpoint, isLoopback } from '../endpoint.js';
import { NODE_ID_BYTES, type NodeId, nodeIdFromBytes } from '../node-id.js';
import { Priority } from '../peers/outbox.js';
import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import { Timer } from '../timer-heap.js';
import { readMemberRecord } from '../wire/member-codec.js';
import type { MessagePackReader } from '../wire/message-pack-reader.js';
import { Exchange } from './exchange.js';
import { detectionMs, standstillMs } from './failure-detector.js';
import type { LocalHealth } from './local-health.js';
import {
  accused,
  asSeenFromHere,
  doubtFirst,
  isLive,
  MAX_ACCUSERS,
  type MemberRecord,
  type MemberState,
} from './member.js';
import { writeMembersRequest, writeNews } from './member-frames.js';
import { pagesAfter } from './member-pages.js';
import { type Member, MemberTable, recordOf } from './member-table.js';
import { News } from './news.js';
import { OwnRecord } from './own-record.js';
import { RecentDigests } from './recent-digests.js';
import { Suspicions } from './suspicions.js';

/**
 * A node that joined less than this long ago does not pass on what it learns from pages: it learns the whole cluster
 * then, which its neighbours know already. Later, pages hold what a healed partition brought, and that is news; ms.
 */
export const SETTLING_MS = 5_000;

/** A node without any link for this many detection times takes all members for lost. Less: a short cut empties the list. */
export const ALONE_FACTOR = 10;

/** What a changed view of the cluster leads to. */
export interface MembershipHost {
  /** Members came or went: feeds may have to change. Who is only in doubt, or no more, stays what it was. */
  membersChanged(now: number): void;
  /** A member with whom we hold a session has left or is down. */
  memberGone(peer: Peer, now: number): void;
  /** A member has refuted what was said of it: it lived after that. It was in doubt or lost here, unless `wasUp`. */
  memberOutlived(id: NodeId, wasUp: boolean, now: number): void;
  /** A member is down. */
  memberLost(now: number): void;
  /** All members are taken for lost, and were forgotten. */
  allLost(members: readonly Member[], now: number): void;
}

/** Who is in the cluster: our own record, everybody else's, and how they travel. */
export class Membership {
  readonly table = new MemberTable();
  private readonly self: OwnRecord;
  private readonly exchange: Exchange;
  private readonly suspicions: Suspicions;
  private readonly recentDigests = new RecentDigests();
  private readonly news: News;
  private readonly aloneTimer = new Timer(now => this.forgetAll(now));
  private joinedAt = Infinity;

  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly health: LocalHealth,
    private readonly host: MembershipHost,
    incarnation: number,
  ) {
    this.self = new OwnRecord(context.options, incarnation);
    this.news = new News(context, peers, id => this.recordFor(id));
    this.exchange = new Exchange(
      context,
      (peer, now) => !this.isKnownDigest(peer.memberDigest, now),
      (peer, after) => this.peers.send(peer, Priority.control, writeMembersRequest(context.writer, after)),
    );
    const { table } = this;
    this.suspicions = new Suspicions(context, health, {
      get liveCount() {
        return table.live.length + 1;
      },
      isHeardSince: (member, since) => this.isHeardSince(member, since),
      expired: (member, now) => this.declareDown(member, now),
    });
  }

  get ownRecord(): MemberRecord {
    return this.self.record;
  }

  /** XOR over all live members, ourselves included: equal for nodes of the same view. */
  get digest(): number {
    return (this.table.digest ^ this.self.hash) >>> 0;
  }

  /** How many members are in doubt. */
  get suspects(): number {
    return this.suspicions.size;
  }

  /** A handshake proved that the member lives. */
  met(peer: Peer, incarnation: number, endpoint: Endpoint, now: number): void {
    if (this.joinedAt === Infinity) this.joinedAt = now;
    const record: MemberRecord = { id: peer.id, incarnation, state: 'up', endpoint, zone: peer.zone };
    const result = this.learn(record, now);
    if (result === 'news') this.news.tell(peer.id, now);
    const held = this.table.get(peer.id);
    // It may have moved while nobody heard it: what it is known under is from before.
    if (held !== undefined && (isLoopback(held.endpoint) || !isLoopback(endpoint))) held.endpoint = endpoint;
    // It was accused or declared dead under this incarnation: it has to know, to refute it.
    if (result === 'stale') this.sendHeld(peer, [peer.id]);
  }

  /** The peer proved a new address. It does not know its address itself: accused, it tells everybody that it lives. */
  moved(peer: Peer): void {
    const member = this.table.get(peer.id);
    if (member === undefined || !isLive(member.state)) return;
    member.endpoint = peer.endpoint;
    this.send(peer, [accused(member, this.context.options.id)]);
  }

  /** Takes over what is known from elsewhere, without telling anybody: who is told of it would know it already. */
  introduce(records: readonly MemberRecord[], now: number): void {
    for (const record of records) this.learn(record, now);
  }

  /** The peer's table differs from ours if the digests do. */
  digestHeard(peer: Peer, digest: number, now: number): void {
    peer.memberDigest = digest;
    if (this.isKnownDigest(digest, now)) return;
    // News of what differs may be on their way; only who has just joined knows that they are not.
    if (this.hasSettled(now)) this.exchange.owe(peer, now);
    else this.exchange.begin(peer, now);
  }

  /** The host ran again so long after a timer was due, ms. Others may accuse us by now: we may stand still again before we hear it. */
  woke(now: number, lateMs: number): void {
    // One that is always late, or has just started, would flood the cluster, and with many in a process be later for it.
    const isWell = this.hasSettled(now) && this.health.score(now) === 0;
    this.health.woke(now, lateMs);
    if (!isWell || lateMs < standstillMs(this.context.options.heartbeat)) return;
    this.news.hurry(now);
    if (!this.self.hasLeft && !this.self.hasOutlived(now - lateMs)) this.outlive(0, now);
  }

  /** We found a member silent that nobody else could reach either: it is in doubt from now on. */
  accuse(id: NodeId, now: number): void {
    const member = this.table.get(id);
    if (member === undefined || !isLive(member.state)) return;
    if (this.learn(accused(member, this.context.options.id), now) === 'news') this.news.tell(id, now);
  }

  /** Whether it is all the same if we accuse the member: we do already, or enough others do. */
  isSettled(id: NodeId): boolean {
    const member = this.table.get(id);
    if (member?.state !== 'suspect') return false;
    return member.accusers.length >= MAX_ACCUSERS || member.accusers.includes(this.context.options.id);
  }

  /** Whether a member that we accused lives still, or again, and nobody else accuses it. */
  isAlone(id: NodeId): boolean {
    const member = this.table.get(id);
    return member !== undefined && isLive(member.state) && member.accusers.length <= 1;
  }

  /** From here on we are gone for everybody who hears it. */
  leave(now: number): void {
    this.self.leave();
    this.news.hurry(now);
    this.news.tell(this.context.options.id, now);
  }

  /** The number of our links has changed. */
  linksChanged(now: number): void {
    const { timers, options } = this.context;
    if (this.peers.links.length > 0 || this.table.live.length === 0) timers.cancel(this.aloneTimer);
    else timers.setEarlier(this.aloneTimer, now + ALONE_FACTOR * detectionMs(options.heartbeat));
  }

  onNews(peer: Peer, reader: MessagePackReader, length: number, now: number): void {
    this.readRecords(peer, reader, length - 1, true, now);
  }

  onRequest(peer: Peer, reader: MessagePackReader): void {
    const after = reader.bytes();
    if (after.length !== 0 && after.length !== NODE_ID_BYTES) reader.fail();
    // The last request is still being served: one small datagram of many requests must not fetch the table many times.
    if (reader.failed || peer.outbox.hasControl) return;
    for (const page of pagesAfter(after, this.table, this.ownRecord, this.context.writer)) {
      this.peers.send(peer, Priority.control, page);
    }
  }

  onPage(peer: Peer, reader: MessagePackReader, length: number, now: number): void {
    const next = reader.nil() ? undefined : reader.bytesOf(NODE_ID_BYTES);
    this.readRecords(peer, reader, length - 2, this.hasSettled(now), now);
    if (reader.failed) return;
    this.exchange.onPage(peer, next === undefined ? undefined : nodeIdFromBytes(next), now);
  }

  /** Tells all links what became known, unless that was done just now. */
  flush(now: number): void {
    this.news.flush(now);
  }

  check(): void {
    this.table.check();
    this.suspicions.check(this.table.live);
  }

  /** What is beaten by what we hold is answered with that. */
  private readRecords(peer: Peer, reader: MessagePackReader, count: number, isToBeTold: boolean, now: number): void {
    const stale: NodeId[] = [];
    for (let i = 0; i < count; i++) {
      const record = readMemberRecord(reader);
      if (record === undefined) return;
      const result = this.learn(asSeenFromHere(record, peer.endpoint), now, peer);
      if (result === 'news' && isToBeTold) this.news.tell(record.id, now, peer);
      if (result === 'stale') stale.push(record.id);
    }
    if (stale.length > 0) this.sendHeld(peer, stale);
  }

  /** Merges one record and acts on what changed. `stale` asks for an answer with what we hold. */
  private learn(told: MemberRecord, now: number, teller?: Peer): 'news' | 'known' | 'stale' {
    if (told.id === this.context.options.id) return this.learnOfMyself(told, now);
    const held = this.table.get(told.id);
    const record = teller !== undefined && held !== undefined ? doubtFirst(told, held, teller.id) : told;
    // What most records say while a cluster forms: they come from all sides.
    if (record.state === 'up' && held?.state === 'up' && record.incarnation === held.incarnation) return 'known';
    const peer = this.peers.get(record.id);
    if (peer !== undefined && held !== undefined && told.state === 'down' && this.isFresh(peer, now)) {
      // It lives, we hear it. It refutes the news itself, once it knows.
      this.send(peer, [told]);
      return 'known';
    }
    const before = held === undefined ? undefined : { state: held.state, incarnation: held.incarnation };
    const { digest } = this;
    const result = this.table.merge(record, now);
    if (digest !== this.digest) this.recentDigests.replaced(digest, now);
    if (result === 'known' || result === 'stale') return result;
    if (result === 'full' || result === 'unreachable') {
      this.context.counters.drop('member');
      return 'known';
    }
    const member = this.table.get(record.id)!;
    this.suspicions.changed(member, before?.incarnation !== member.incarnation, now);
    if (result === 'confirmed') return 'news';
    this.announce(member, before?.state);
    if (isLive(member.state) !== (before !== undefined && isLive(before.state))) this.host.membersChanged(now);
    if (member.state === 'down') this.host.memberLost(now);
    if (member.state === 'up' && before !== undefined) this.host.memberOutlived(member.id, before.state === 'up', now);
    if (!isLive(member.state) && peer !== undefined) this.host.memberGone(peer, now);
    return 'news';
  }

  /** Somebody speaks of us. If it is wrong, we outlive it with a higher incarnation. */
  private learnOfMyself(record: MemberRecord, now: number): 'known' | 'stale' {
    const { incarnation } = this.ownRecord;
    if (this.self.hasLeft || record.incarnation < incarnation) return 'stale';
    if (record.incarnation === incarnation && record.state === 'up') return 'known';
    this.context.counters.refutations++;
    this.health.trouble(now);
    this.outlive(record.incarnation, now);
    return 'known';
  }

  /** Whatever is said of us under this incarnation is over. */
  private outlive(incarnation: number, now: number): void {
    this.recentDigests.replaced(this.digest, now);
    this.self.outlive(incarnation, now);
    this.news.tell(this.context.options.id, now);
  }

  /** Its time to refute the suspicion is over. */
  private declareDown(member: Member, now: number): void {
    if (this.learn({ ...recordOf(member), state: 'down' }, now) === 'news') this.news.tell(member.id, now);
  }

  /** Nobody is there who could tell us more. As nobody is there to be told, this stays our own view. */
  private forgetAll(now: number): void {
    const members = this.table.live.slice();
    for (const member of members) {
      this.table.forget(member);
      const before = member.state;
      member.state = 'down';
      member.changedAt = now;
      this.suspicions.changed(member, false, now);
      this.announce(member, before);
    }
    this.host.membersChanged(now);
    this.host.allLost(members, now);
  }

  private announce(member: Member, before: MemberState | undefined): void {
    const { state } = member;
    const wasLive = before !== undefined && isLive(before);
    if (state === before || (!isLive(state) && !wasLive)) return;
    this.context.events.push({ type: state, member });
  }

  /** Whether it is ours, or was lately. */
  private isKnownDigest(digest: number, now: number): boolean {
    return digest === this.digest || this.recentDigests.has(digest, now);
  }

  private hasSettled(now: number): boolean {
    return now - this.joinedAt >= SETTLING_MS;
  }

  private isFresh(peer: Peer, now: number): boolean {
    return peer.isLink && now - peer.lastHeardAt < FRESH_INTERVALS * this.context.options.heartbeat.intervalMs;
  }

  private isHeardSince(member: Member, since: number): boolean {
    const peer = this.peers.get(member.id);
    if (peer === undefined || peer.lastHeardAt <= since) return false;
    this.send(peer, [recordOf(member)]);
    return true;
  }

  private recordFor(id: NodeId): MemberRecord | undefined {
    return id === this.context.options.id ? this.ownRecord : this.table.get(id);
  }

  /**
   * What we hold of these members, for somebody who holds something older. What we hold for dead may live behind a
   * partition that is over: there it is only accused, so that it can refute us before it is taken for dead.
   */
  private sendHeld(peer: Peer, ids: readonly NodeId[]): void {
    const { id: self } = this.context.options;
    const held = ids.flatMap(id => this.recordFor(id) ?? []);
    const records = held.map(record => (record.state === 'down' ? accused(record, self) : record));
    this.send(peer, records);
  }

  private send(peer: Peer, records: readonly MemberRecord[]): void {
    for (const frame of writeNews(this.context.writer, records)) this.peers.send(peer, Priority.control, frame);
  }
}

/**
 * Heartbeat intervals within which a link was heard that is not believed to be dead. Less: the jitter of heartbeats
 * decides. More: true news of its death are not believed.
 */
const FRESH_INTERVALS = 1.5;
