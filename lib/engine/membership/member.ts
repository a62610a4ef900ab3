import { type Endpoint, isLoopback } from '../endpoint.js';
import type { NodeId } from '../node-id.js';

/**
 * States of a member, in order of precedence at equal incarnation: news of a death beats the news of life that it
 * answers, and only the subject itself can beat it, with a higher incarnation (SWIM, section 4.2).
 */
export const MEMBER_STATES = ['up', 'suspect', 'down', 'left'] as const;
export type MemberState = (typeof MEMBER_STATES)[number];

/**
 * Highest incarnation accepted: as a time it is in the year 10889. Without a bound somebody could speak of a node under
 * the highest number that can be written, and the node could not outbid it.
 */
export const MAX_INCARNATION = 2 ** 48;

/** What travels about a member. */
export interface MemberRecord {
  readonly id: NodeId;
  /** Grows with each life and each refutation; starts at the wall clock's milliseconds, so that a restart exceeds it. */
  readonly incarnation: number;
  readonly state: MemberState;
  /** Undefined when the sender does not know: a node bound to all interfaces, speaking of itself. */
  readonly endpoint: Endpoint | undefined;
  readonly zone: string;
  /** Who accuses it, while it is suspect; sorted. Default: nobody. */
  readonly accusers?: readonly NodeId[];
}

/** What a record says beside address and zone: the part that is merged. */
export type Standing = Pick<MemberRecord, 'incarnation' | 'state' | 'accusers'>;

/** Most accusers kept with a suspicion: the first one and those who confirm it. Those with the smallest ids are kept. */
export const MAX_ACCUSERS = 3;

export const NOBODY: readonly NodeId[] = [];

/**
 * What follows from two standings of one member: the later one, and of two equal suspicions all accusers. Neither order nor
 * repetition matters, so all nodes that have heard the same come to the same.
 */
export function mergeStandings(held: Standing, news: Standing): Required<Standing> {
  const { incarnation, state } = supersedes(news, held) ? news : held;
  const accusers = [held, news].flatMap(each =>
    each.incarnation === incarnation && each.state === state && state === 'suspect' ? (each.accusers ?? NOBODY) : [],
  );
  return { incarnation, state, accusers: accusers.length === 0 ? NOBODY : leastOf(accusers) };
}

/** Whether a record with `incarnation` and `state` replaces one with those of `held`. */
export function supersedes(
  news: Pick<MemberRecord, 'incarnation' | 'state'>,
  held: Pick<MemberRecord, 'incarnation' | 'state'>,
): boolean {
  if (news.incarnation !== held.incarnation) return news.incarnation > held.incarnation;
  return MEMBER_STATES.indexOf(news.state) > MEMBER_STATES.indexOf(held.state);
}

/**
 * What is made of a record that somebody tells. Nobody is taken for dead whom we did not doubt before: who tells of a death
 * may sit behind a partition that has just ended, where the doubt was heard and the refutation was not. Here the member has
 * its time to refute it as well.
 */
export function doubtFirst(told: MemberRecord, held: Standing, teller: NodeId): MemberRecord {
  const isDoubted = held.state === 'suspect' && held.incarnation >= told.incarnation;
  if (told.state !== 'down' || !isLive(held.state) || isDoubted) return told;
  return accused(told, teller);
}

/** The record as somebody tells it who holds the member for dead: so the member can refute it. */
export function accused({ id, incarnation, endpoint, zone }: MemberRecord, accuser: NodeId): MemberRecord {
  return { id, incarnation, state: 'suspect', endpoint, zone, accusers: [accuser] };
}

/** A loopback address that a peer on another host tells of is of no use here, and would lead to somebody else. */
export function asSeenFromHere(told: MemberRecord, teller: Endpoint): MemberRecord {
  if (told.endpoint === undefined || !isLoopback(told.endpoint) || isLoopback(teller)) return told;
  return { ...told, endpoint: undefined };
}

/** Whether a member in this state counts as part of the cluster. */
export function isLive(state: MemberState): boolean {
  return state === 'up' || state === 'suspect';
}

/** The first 32 bits of an id. Ids are random, so this is a hash of it already. */
export function idWord(id: NodeId): number {
  return Number.parseInt(id.slice(0, 8), 16);
}

/**
 * 32 bits that stand for one live record. The XOR over a member table tells two nodes whether their tables agree.
 */
export function recordHash(id: NodeId, incarnation: number): number {
  return mix(idWord(id) ^ mix(incarnation >>> 0) ^ mix(Math.floor(incarnation / 0x1_0000_0000) + 1));
}

/** The finaliser of MurmurHash3 (32 bits): every input bit reaches every output bit. */
export function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function leastOf(ids: readonly NodeId[]): readonly NodeId[] {
  return [...new Set(ids)].sort().slice(0, MAX_ACCUSERS);
}
