import { type EngineContext, MAX_FRAME_BYTES } from '../engine-context.js';
import { type Endpoint, isLoopback } from '../endpoint.js';
import { NODE_ID_BYTES, type NodeId, nodeIdFromBytes, nodeIdToBytes } from '../node-id.js';
import { Priority } from '../peers/outbox.js';
import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import { Frame } from '../wire/frame.js';
import { MAX_RECORD_BYTES, MAX_ZONE_BYTES, readMemberRecord, writeMemberRecord } from '../wire/member-codec.js';
import type { MessagePackReader } from '../wire/message-pack-reader.js';
import { Exchange, PAGES_PER_REQUEST } from './exchange.js';
import { isLive, MAX_INCARNATION, type MemberRecord, type MemberState, recordHash } from './member.js';
import { type Member, MemberTable } from './member-table.js';

/** Most records in one frame: they fit a datagram at any rate, and the array's length is one or three bytes. */
const MAX_RECORDS = 64;

/**
 * A node that joined less than this long ago does not pass on what it learns from pages: it learns the whole cluster
 * then, which its neighbours know already. Later, pages hold what a healed partition brought, and that is news; ms.
 */
export const SETTLING_MS = 5_000;

/** Dials in a row without an answer after which a member is down. */
export const FAILED_DIALS = 2;

/** What the membership changes elsewhere. */
export interface MembershipHost {
  /** A member entered, left or changed: the choice of feeds may be another. */
  membersChanged(now: number): void;
  /** A member with whom we hold a session has left or is down. */
  memberGone(peer: Peer, now: number): void;
}

/** Who is in the cluster: our own record, everybody else's, and how they travel. */
export class Membership {
  readonly table = new MemberTable();
  private incarnation: number;
  private state: MemberState = 'up';
  private readonly exchange: Exchange;
  /** Records to tell our links at the end of this turn. */
  private readonly news = new Set<NodeId>();
  private joinedAt = Infinity;

  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly host: MembershipHost,
    incarnation: number,
  ) {
    this.incarnation = incarnation;
    this.exchange = new Exchange(
      context,
      peer => peer.memberDigest !== this.digest,
      (peer, after) => this.request(peer, after),
    );
  }

  get ownRecord(): MemberRecord {
    const { id, zone, advertised, bound } = this.context.options;
    return { id, zone, incarnation: this.incarnation, state: this.state, endpoint: advertised ?? bound };
  }

  /** XOR over all live members, ourselves included: equal for nodes of the same view. */
  get digest(): number {
    return (this.table.digest ^ recordHash(this.context.options.id, this.incarnation)) >>> 0;
  }

  /** A handshake proved that the member lives. */
  met(peer: Peer, incarnation: number, endpoint: Endpoint, now: number): void {
    if (this.joinedAt === Infinity) this.joinedAt = now;
    const record: MemberRecord = { id: peer.id, incarnation, state: 'up', endpoint, zone: peer.zone };
    const result = this.learn(record, now);
    if (result === 'news') this.tell(peer.id);
    const member = this.table.get(peer.id);
    if (member !== undefined) member.failedDials = 0;
    // It was declared dead under this incarnation: it has to know, to refute it.
    if (result === 'stale') this.sendRecord(peer, peer.id);
  }

  /** Takes over what is known from elsewhere, without telling anybody: who is told of it would know it already. */
  introduce(records: readonly MemberRecord[], now: number): void {
    for (const record of records) this.learn(record, now);
  }

  /** The peer's table differs from ours if the digests do. */
  digestHeard(peer: Peer, digest: number, now: number): void {
    peer.memberDigest = digest;
    if (digest !== this.digest) this.exchange.begin(peer, now);
  }

  /** We found out that a member is down. */
  declareDown(id: NodeId, now: number): void {
    const member = this.table.get(id);
    if (member === undefined || !isLive(member.state)) return;
    if (this.learn({ ...recordOf(member), state: 'down' }, now) === 'news') this.tell(id);
  }

  /**
   * A member did not answer our Hellos, which are repeated for 15 s, twice in a row. Nobody else may be watching it: its
   * links can have died with it.
   */
  unreachable(id: NodeId, now: number): void {
    const member = this.table.get(id);
    if (member === undefined) return;
    member.failedDials++;
    if (member.failedDials >= FAILED_DIALS) this.declareDown(id, now);
  }

  /** From here on we are gone for everybody who hears it. */
  leave(): void {
    this.state = 'left';
    this.tell(this.context.options.id);
  }

  onNews(peer: Peer, reader: MessagePackReader, length: number, now: number): void {
    for (let i = 1; i < length; i++) {
      const record = readMemberRecord(reader);
      if (record === undefined) return;
      const result = this.learn(asSeenFromHere(record, peer), now);
      if (result === 'news') this.tell(record.id);
      if (result === 'stale') this.sendRecord(peer, record.id);
    }
  }

  onRequest(peer: Peer, reader: MessagePackReader): void {
    const after = reader.bytes();
    if (reader.failed || (after.length !== 0 && after.length !== NODE_ID_BYTES)) {
      reader.fail();
      return;
    }
    // The last request is still being served: one small datagram of many requests must not fetch the table many times.
    if (peer.outbox.hasControl) return;
    const { live } = this.table;
    let position = after.length === 0 ? 0 : this.table.positionAfter(nodeIdFromBytes(after));
    for (let page = 1; page <= PAGES_PER_REQUEST; page++) {
      position = this.sendPage(peer, position, page === 1 && after.length === 0);
      if (position >= live.length) return;
    }
  }

  onPage(peer: Peer, reader: MessagePackReader, length: number, now: number): void {
    const next = reader.nil() ? undefined : reader.bytesOf(NODE_ID_BYTES);
    const isSettled = now - this.joinedAt >= SETTLING_MS;
    for (let i = 2; i < length; i++) {
      const record = readMemberRecord(reader);
      if (record === undefined) return;
      const result = this.learn(asSeenFromHere(record, peer), now);
      if (result === 'news' && isSettled) this.tell(record.id);
      if (result === 'stale') this.sendRecord(peer, record.id);
    }
    if (reader.failed) return;
    this.exchange.onPage(peer, next === undefined ? undefined : nodeIdFromBytes(next), now);
  }

  /** Tells all links what became known this turn. */
  flush(): void {
    if (this.news.size === 0) return;
    const records: MemberRecord[] = [];
    for (const id of this.news) {
      const record = this.recordFor(id);
      if (record !== undefined) records.push(record);
    }
    this.news.clear();
    if (this.peers.links.length === 0) return;
    for (let from = 0; from < records.length;) {
      const [frame, count] = this.encodeNews(records, from);
      for (const link of this.peers.links) this.peers.send(link, Priority.control, frame);
      from += count;
    }
  }

  get hasNews(): boolean {
    return this.news.size > 0;
  }

  /** Merges one record and acts on what changed. `stale` asks for an answer with what we hold. */
  private learn(record: MemberRecord, now: number): 'news' | 'known' | 'stale' {
    if (record.id === this.context.options.id) return this.learnOfMyself(record);
    const peer = this.peers.get(record.id);
    if (peer !== undefined && record.state === 'down' && this.isFresh(peer, now)) {
      // It lives, we hear it. It refutes the news itself, once it knows.
      this.send(peer, [record]);
      return 'known';
    }
    const before = this.table.get(record.id)?.state;
    const result = this.table.merge(record, now);
    if (result === 'known' || result === 'stale') return result;
    if (result === 'full' || result === 'unreachable') {
      this.context.counters.drop('member');
      return 'known';
    }
    const member = this.table.get(record.id)!;
    this.announce(member, before);
    this.host.membersChanged(now);
    if (!isLive(member.state) && peer !== undefined) this.host.memberGone(peer, now);
    return 'news';
  }

  /** Somebody speaks of us. If it is wrong, we outlive it with a higher incarnation. */
  private learnOfMyself(record: MemberRecord): 'known' | 'stale' {
    if (this.state === 'left' || record.incarnation < this.incarnation) return 'stale';
    if (record.incarnation === this.incarnation && record.state === 'up') return 'known';
    this.incarnation = Math.min(record.incarnation + 1, MAX_INCARNATION);
    this.tell(this.context.options.id);
    return 'known';
  }

  private announce(member: Member, before: MemberState | undefined): void {
    const { state } = member;
    const wasLive = before !== undefined && isLive(before);
    if (state === before || (!isLive(state) && !wasLive)) return;
    this.context.events.push({ type: state, member });
  }

  private isFresh(peer: Peer, now: number): boolean {
    return peer.isLink && now - peer.lastHeardAt < this.context.options.heartbeat.intervalMs;
  }

  private tell(id: NodeId): void {
    this.news.add(id);
  }

  private recordFor(id: NodeId): MemberRecord | undefined {
    return id === this.context.options.id ? this.ownRecord : this.table.get(id);
  }

  private sendRecord(peer: Peer, id: NodeId): void {
    const record = this.recordFor(id);
    if (record !== undefined) this.send(peer, [record]);
  }

  private send(peer: Peer, records: readonly MemberRecord[]): void {
    this.peers.send(peer, Priority.control, this.encodeNews(records, 0)[0]);
  }

  /** A frame of as many records as fit, and how many these are. */
  private encodeNews(records: readonly MemberRecord[], from: number): [Uint8Array, number] {
    const count = this.countThatFit(records, from);
    const { writer } = this.context;
    writer.reset();
    writer.array(1 + count);
    writer.uint(Frame.news);
    for (let i = 0; i < count; i++) writeMemberRecord(writer, records[from + i]!);
    return [writer.take(), count];
  }

  private request(peer: Peer, after: NodeId | undefined): void {
    const { writer } = this.context;
    writer.reset();
    writer.array(2);
    writer.uint(Frame.membersRequest);
    writer.bytes(after === undefined ? NOTHING : nodeIdToBytes(after));
    this.peers.send(peer, Priority.control, writer.take());
  }

  /** Sends the members from this position on, as many as fit; returns the position after them. */
  private sendPage(peer: Peer, position: number, withOurselves: boolean): number {
    const { live } = this.table;
    const own = withOurselves ? 1 : 0;
    const count = this.countThatFit(live, position, own);
    const end = position + count;
    const { writer } = this.context;
    writer.reset();
    writer.array(2 + own + count);
    writer.uint(Frame.membersPage);
    if (end < live.length) writer.bytes(nodeIdToBytes(live[end - 1]!.id));
    else writer.nil();
    if (withOurselves) writeMemberRecord(writer, this.ownRecord);
    for (let i = position; i < end; i++) writeMemberRecord(writer, live[i]!);
    this.peers.send(peer, Priority.control, writer.take());
    return end;
  }

  private countThatFit(records: readonly MemberRecord[], from: number, taken = 0): number {
    const room = MAX_FRAME_BYTES - FRAME_HEAD_BYTES;
    let bytes = taken * MAX_RECORD_BYTES;
    let count = 0;
    while (from + count < records.length && taken + count < MAX_RECORDS) {
      bytes += recordBytes(records[from + count]!);
      if (bytes > room) break;
      count++;
    }
    return count;
  }
}

const NOTHING = new Uint8Array(0);

/** Array header of three bytes, type, `next`. */
const FRAME_HEAD_BYTES = 3 + 1 + 2 + NODE_ID_BYTES;

/** An upper bound: a UTF-16 unit of the zone's name is at most three bytes of UTF-8. */
function recordBytes(record: MemberRecord): number {
  return MAX_RECORD_BYTES - MAX_ZONE_BYTES + Math.min(MAX_ZONE_BYTES, 3 * record.zone.length);
}

/** A loopback address that a peer on another host tells of is of no use here, and would lead to somebody else. */
function asSeenFromHere(record: MemberRecord, peer: Peer): MemberRecord {
  if (record.endpoint === undefined || !isLoopback(record.endpoint) || isLoopback(peer.endpoint)) return record;
  return { ...record, endpoint: undefined };
}

function recordOf(member: Member): MemberRecord {
  const { id, incarnation, state, endpoint, zone } = member;
  return { id, incarnation, state, endpoint, zone };
}
