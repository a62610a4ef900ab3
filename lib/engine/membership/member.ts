import type { Endpoint } from '../endpoint.js';
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
}

/** Whether a record with `incarnation` and `state` replaces one with those of `held`. */
export function supersedes(
  news: Pick<MemberRecord, 'incarnation' | 'state'>,
  held: Pick<MemberRecord, 'incarnation' | 'state'>,
): boolean {
  if (news.incarnation !== held.incarnation) return news.incarnation > held.incarnation;
  return MEMBER_STATES.indexOf(news.state) > MEMBER_STATES.indexOf(held.state);
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
