import { type Endpoint, sameEndpoint } from '../endpoint.js';
import type { NodeId } from '../node-id.js';
import {
  isLive,
  type MemberRecord,
  type MemberState,
  mergeStandings,
  NOBODY,
  recordHash,
  supersedes,
} from './member.js';

/**
 * Most live members a table takes. The design aims at thousands; a member is about 400 bytes, so this is 8 MB.
 * Too low and nodes of a large cluster become invisible; without it a hostile member could fill the memory.
 */
export const MAX_MEMBERS = 20_000;

/**
 * Most tombstones kept. They stop late news of life from reviving the dead; when there are more, the oldest go first.
 */
export const MAX_TOMBSTONES = 20_000;

/** How long a tombstone is kept, ms: longer than any delayed news can travel (serf and foca use 24 h as well). */
export const TOMBSTONE_MS = 24 * 3_600_000;

/** What a node finds out about a member by itself, and does not tell others. */
export interface Experience {
  /** Not chosen as a feed before this time: it could not be reached, or refused as the ring predecessor. */
  readonly avoidUntil: number;
  /** Not chosen for the slots of the strategy before this time: it refused, or was the least useful feed. */
  readonly passedOverUntil: number;
  /** How often in a row it refused to be a feed of the strategy. */
  readonly refusals: number;
  /** Least round trip of the latest session, ms, also after it ended; undefined when it was never measured. */
  readonly roundTripMs: number | undefined;
  /** When it was measured last, or did not answer a probe, monotonic ms. */
  readonly measuredAt: number;
}

const NO_EXPERIENCE: Experience = {
  avoidUntil: 0,
  passedOverUntil: 0,
  refusals: 0,
  roundTripMs: undefined,
  measuredAt: -Infinity,
};

/** One member as this node knows it. */
export class Member implements MemberRecord {
  incarnation: number;
  state: MemberState;
  endpoint: Endpoint;
  zone: string;
  accusers: readonly NodeId[];
  /** When the state was learned, monotonic ms. */
  changedAt: number;
  /** What this node has found out about it by itself. */
  experience: Experience = NO_EXPERIENCE;
  /**
   * Rendezvous score for the owner of the table, computed once by the overlay; negative before. It is a fraction from the
   * start, because V8 lays all members out anew when a field of integers gets its first fraction.
   */
  score = -0.5;

  constructor(
    readonly id: NodeId,
    record: Pick<MemberRecord, 'incarnation' | 'state' | 'zone' | 'accusers'>,
    endpoint: Endpoint,
    now: number,
  ) {
    this.incarnation = record.incarnation;
    this.state = record.state;
    this.zone = record.zone;
    this.endpoint = endpoint;
    this.accusers = record.accusers ?? NOBODY;
    this.changedAt = now;
  }

  get roundTripMs(): number | undefined {
    return this.experience.roundTripMs;
  }

  /** Adds to the experience. Most members are strangers for ever: those share an empty one. */
  remember(news: Partial<Experience>): void {
    this.experience = { ...this.experience, ...news };
  }
}

/** What travels about the member, apart from what only concerns us. */
export function recordOf({ id, incarnation, state, endpoint, zone, accusers }: Member): MemberRecord {
  return { id, incarnation, state, endpoint, zone, accusers: state === 'suspect' ? accusers : NOBODY };
}

export type MergeResult = 'new' | 'changed' | 'confirmed' | 'known' | 'stale' | 'full' | 'unreachable';

/** All other members this node knows, live ones in order of id (the ring), and the tombstones of the others. */
export class MemberTable {
  private readonly byId = new Map<NodeId, Member>();
  private readonly ring: Member[] = [];
  private readonly tombstones = new Set<Member>();
  /** How many of the tombstones did not leave but were lost. */
  lostCount = 0;
  /** XOR of the record hashes of all live members. */
  digest = 0;

  get(id: NodeId): Member | undefined {
    return this.byId.get(id);
  }

  isLive(id: NodeId): boolean {
    const member = this.byId.get(id);
    return member !== undefined && isLive(member.state);
  }

  /** Live members in order of id. Not to be changed or kept. */
  get live(): readonly Member[] {
    return this.ring;
  }

  get tombstoneCount(): number {
    return this.tombstones.size;
  }

  /**
   * Merges a record: the result does not depend on the order in which records arrive. `confirmed` is a suspicion that is
   * held already and has one more accuser, `known` is news already held, `stale` is beaten by what is held, `unreachable`
   * is a member of unknown address.
   */
  merge(record: MemberRecord, now: number): MergeResult {
    const held = this.byId.get(record.id);
    if (held === undefined) {
      if (record.endpoint === undefined) return 'unreachable';
      if (isLive(record.state) && this.ring.length >= MAX_MEMBERS) return 'full';
      const member = new Member(record.id, record, record.endpoint, now);
      this.byId.set(member.id, member);
      this.enter(member, now);
      return 'new';
    }
    if (!supersedes(record, held)) return this.confirm(held, record);
    if (isLive(record.state) && !isLive(held.state) && this.ring.length >= MAX_MEMBERS) return 'full';
    this.exit(held);
    Object.assign(held, mergeStandings(held, record));
    held.zone = record.zone;
    if (record.endpoint !== undefined) held.endpoint = record.endpoint;
    held.changedAt = now;
    this.enter(held, now);
    return 'changed';
  }

  /** Takes the member out as if it had never been heard of. */
  forget(member: Member): void {
    this.exit(member);
    this.byId.delete(member.id);
  }

  /** One of the lost members. Walks over the tombstones: for rare questions. */
  lostAt(position: number): Member | undefined {
    for (const member of this.tombstones) if (member.state === 'down' && position-- === 0) return member;
    return undefined;
  }

  /** Whether a live member or a tombstone has this endpoint. Walks over all: for rare questions. */
  hasEndpoint(endpoint: Endpoint): boolean {
    for (const member of this.byId.values()) if (sameEndpoint(member.endpoint, endpoint)) return true;
    return false;
  }

  /** Position in `live` of the first id greater than this one; `live.length` when there is none. */
  positionAfter(id: NodeId): number {
    let low = 0;
    let high = this.ring.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ring[middle]!.id > id) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  check(): void {
    let digest = 0;
    for (let i = 0; i < this.ring.length; i++) {
      const member = this.ring[i]!;
      if (!isLive(member.state)) throw new Error(`member ${member.id} is ${member.state} and on the ring`);
      if (i > 0 && this.ring[i - 1]!.id >= member.id) throw new Error('the ring is out of order');
      digest = (digest ^ recordHash(member.id, member.incarnation)) >>> 0;
    }
    if (digest !== this.digest) throw new Error('the digest does not match the table');
    if (this.ring.length + this.tombstones.size !== this.byId.size) throw new Error('a member is in no list');
    if (this.tombstones.size > MAX_TOMBSTONES) throw new Error('too many tombstones');
    let lost = 0;
    for (const { state } of this.tombstones) if (state === 'down') lost++;
    if (lost !== this.lostCount) throw new Error('the count of lost members is wrong');
  }

  private enter(member: Member, now: number): void {
    if (isLive(member.state)) {
      this.ring.splice(this.positionAfter(member.id), 0, member);
      this.digest = (this.digest ^ recordHash(member.id, member.incarnation)) >>> 0;
      return;
    }
    this.tombstones.add(member);
    if (member.state === 'down') this.lostCount++;
    for (const oldest of this.tombstones) {
      if (this.tombstones.size <= MAX_TOMBSTONES && oldest.changedAt > now - TOMBSTONE_MS) break;
      this.exit(oldest);
      this.byId.delete(oldest.id);
    }
  }

  /** A record that does not replace the one held: it may add an accuser. */
  private confirm(held: Member, record: MemberRecord): MergeResult {
    if (record.incarnation !== held.incarnation) return 'stale';
    // To accuse the dead says nothing new. As an answer to it would be an accusation, too, there would be no end to it.
    if (record.state === 'suspect' && held.state === 'down') return 'known';
    if (record.state !== held.state) return 'stale';
    if (held.state !== 'suspect' || record.accusers?.every(id => held.accusers.includes(id)) !== false) return 'known';
    const { accusers } = mergeStandings(held, record);
    if (accusers.every(id => held.accusers.includes(id))) return 'known';
    held.accusers = accusers;
    return 'confirmed';
  }

  private exit(member: Member): void {
    if (!isLive(member.state)) {
      this.tombstones.delete(member);
      if (member.state === 'down') this.lostCount--;
      return;
    }
    this.ring.splice(this.positionAfter(member.id) - 1, 1);
    this.digest = (this.digest ^ recordHash(member.id, member.incarnation)) >>> 0;
  }
}
