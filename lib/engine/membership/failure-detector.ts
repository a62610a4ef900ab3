import type { EngineContext } from '../engine-context.js';
import type { HeartbeatOptions } from '../engine-options.js';
import type { NodeId } from '../node-id.js';
import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import { type RandomFill, randomUint32 } from '../random.js';
import { Timer } from '../timer-heap.js';
import type { LocalHealth } from './local-health.js';

/** How many others are asked whether they can reach a silent member (SWIM's k; memberlist has 3 as well). */
export const HELPERS = 3;

/** So often helpers are asked, other ones if there are, when none of them says anything at all. */
export const ROUNDS = 2;

/** Heartbeats without an answer after which helpers are asked. Fewer: each lost packet makes three others work. */
export const DOUBT_TRIES = 3;

/** Share of the detection time that helpers have. They answer within `HELP_SHARE` of it, at the latest. */
export const VERDICT_SHARE = 0.4;

/**
 * Share of the detection time for which a node must have stood still to refute what others may say of it by now. They accuse
 * it after half of that time at the earliest, and it notices less than its standstill by what its next timer was ahead.
 * Less: each longer garbage collection is told to the whole cluster. More: an accusation that is on its way finds a node that
 * stands still again, and cannot refute it.
 */
export const STANDSTILL_SHARE = 0.3;

/**
 * A silence is a verdict when chance explains it with this probability at most. Greater: links that lose much end by
 * chance. Smaller: such links are found dead later.
 */
export const CHANCE_OF_SILENCE = 1e-4;

/**
 * Answers are never taken to be more certain than this, and never less certain than 0.4. The first leaves room for a loss
 * that nobody saw yet, the second bounds the tries to 19.
 */
const MOST_CERTAIN_ANSWER = 0.95;
const LEAST_CERTAIN_ANSWER = 0.4;

/** Most silent members looked into at a time. The others are looked into later: their silence goes on. */
export const MAX_CASES = 256;

/**
 * A node that accuses more than this share of the members within `ACCUSATION_MS` without anybody agreeing is likely to be
 * the one at fault, and accuses nobody more; but a few are always allowed. Without it one sick node can put a whole
 * cluster in doubt (consul 5567).
 */
export const ACCUSED_SHARE = 0.2;
export const ACCUSED_AT_LEAST = 3;
export const ACCUSATION_MS = 30_000;

/** How long a dead member is in doubt before it is down, ms; what all times of the detection are a share of. */
export function detectionMs({ intervalMs, missed }: HeartbeatOptions): number {
  return intervalMs * missed;
}

/** After so long, ms, a node that stood still takes it that others doubt it. */
export function standstillMs(heartbeat: HeartbeatOptions): number {
  return STANDSTILL_SHARE * detectionMs(heartbeat);
}

/** Heartbeats in a row without an answer that chance does not explain, when this share of them is answered else. */
export function triesForVerdict(answerRate: number): number {
  const rate = Math.min(Math.max(answerRate, LEAST_CERTAIN_ANSWER), MOST_CERTAIN_ANSWER);
  return Math.ceil(Math.log(CHANCE_OF_SILENCE) / Math.log(1 - rate));
}

/**
 * Helpers that must have tried in vain. One alone may have lost what it sent, like ourselves; where two are all there are, one
 * and ourselves are most of those who can tell, and one answer in five is lost where each tenth datagram is.
 */
export const WITNESSES = 2;

/** What helpers have said of a silent member. */
export interface Testimony {
  /** How many were asked. */
  readonly asked: number;
  /** Helpers that reached it. */
  readonly reached: number;
  /** Helpers that tried and did not. */
  readonly failed: number;
  /** Whether there is anybody else who could be asked. */
  readonly hasOthers: boolean;
  /** Whether somebody accuses it already, who had helpers of its own. */
  readonly isAccused: boolean;
}

/** `accused`: it is gone. `unreachable`: gone for us only. `ourselves`: hardly anybody answers, so the fault may be ours. */
export type Verdict = 'accused' | 'unreachable' | 'ourselves';

/** Judges a member that has been silent for long enough. */
export function judge({ asked, reached, failed, hasOthers, isAccused }: Testimony): Verdict {
  if (reached > 0) return 'unreachable';
  if (!hasOthers || isAccused) return 'accused';
  return failed >= Math.max(1, Math.min(WITNESSES, asked - 1)) ? 'accused' : 'ourselves';
}

/** What the failure detector needs of the engine. */
export interface FailureDetectorHost {
  /** Other live members than this one. */
  othersThan(id: NodeId): number;
  /** Whether somebody accuses the member. */
  isAccused(id: NodeId): boolean;
  /** Asks the peer to reach the member. */
  askHelper(helper: Peer, id: NodeId, now: number): void;
  /** Perhaps only the session is gone: says Hello. */
  dial(id: NodeId, now: number): void;
  /** Whether it has answered a Hello since then, though there is no session yet. */
  isAnswering(id: NodeId, since: number): boolean;
  /** A silent member has been judged. */
  judged(id: NodeId, verdict: Verdict, now: number): void;
  /** Whether nobody agreed with our accusation of this member: it lives still, or again, and is accused by us alone. */
  isAlone(id: NodeId): boolean;
}

/** The inquiry into one silent member. */
interface Case {
  readonly id: NodeId;
  /** It was not heard since then. */
  readonly since: number;
  /** Helpers whose word is awaited, and how many were asked in all. */
  readonly awaited: Set<Peer>;
  asked: number;
  reached: number;
  failed: number;
  round: number;
  readonly timer: Timer;
}

/**
 * Decides on members that do not answer: first our own heartbeats, quickly repeated, then helpers, then a verdict. The
 * accusation itself travels as a suspicion, which its subject can refute.
 */
export class FailureDetector {
  private readonly cases = new Map<NodeId, Case>();
  private accusations: { id: NodeId; at: number }[] = [];

  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly health: LocalHealth,
    private readonly host: FailureDetectorHost,
  ) {}

  get size(): number {
    return this.cases.size;
  }

  /** The member has not been heard since then, though we asked it. */
  doubt(id: NodeId, since: number, now: number): void {
    if (this.cases.has(id) || this.cases.size >= MAX_CASES) return;
    const fresh: Case = {
      id,
      since,
      awaited: new Set(),
      asked: 0,
      reached: 0,
      failed: 0,
      round: 0,
      timer: new Timer(at => this.decide(fresh, at)),
    };
    this.cases.set(id, fresh);
    this.host.dial(id, now);
    this.ask(fresh, now);
  }

  /** The member lives: a session was made with it, or it has told others that it does. */
  lives(id: NodeId): void {
    this.close(id);
  }

  /** A helper tells whether it reached the member. */
  testified(helper: Peer, id: NodeId, isReached: boolean): void {
    const known = this.cases.get(id);
    if (known === undefined || !known.awaited.delete(helper)) return;
    if (isReached) known.reached++;
    else known.failed++;
  }

  check(): void {
    if (this.cases.size > MAX_CASES) throw new Error('too many inquiries');
    for (const { id, timer } of this.cases.values()) if (!timer.isSet) throw new Error(`no end of the case of ${id}`);
  }

  private ask(inquiry: Case, now: number): void {
    inquiry.round++;
    const { id, since, awaited } = inquiry;
    const candidates = this.peers.links.filter(link => link.id !== id && !awaited.has(link));
    const others = pickHelpers(candidates, since, this.context.options.random);
    // Where there are not enough others: the question was lost, or the answer.
    const again = [...awaited].filter(({ isLink }) => isLink).slice(0, HELPERS - others.length);
    for (const helper of [...others, ...again]) {
      if (!awaited.has(helper)) inquiry.asked++;
      awaited.add(helper);
      this.host.askHelper(helper, id, now);
    }
    this.context.timers.set(inquiry.timer, now + this.verdictMs(now));
  }

  private verdictMs(now: number): number {
    return VERDICT_SHARE * detectionMs(this.context.options.heartbeat) * this.health.factor(now);
  }

  private decide(inquiry: Case, now: number): void {
    const { timers } = this.context;
    const { id, since } = inquiry;
    if (now < this.health.silentUntil) return timers.set(inquiry.timer, this.health.silentUntil);
    const peer = this.peers.get(id);
    const isHeard = peer === undefined ? this.host.isAnswering(id, since) : peer.lastHeardAt > since;
    // If it is no link any more, its silence means nothing.
    if (isHeard || peer?.isLink === false) return this.close(id);
    // A link that loses much needs more tries until its silence says something; they are on their way.
    if (peer !== undefined && peer.pings < triesForVerdict(peer.answerRate)) {
      return timers.set(inquiry.timer, now + RECHECK_MS);
    }
    const { asked, reached, failed } = inquiry;
    const hasOthers = this.host.othersThan(id) > 0;
    const verdict = judge({ asked, reached, failed, hasOthers, isAccused: this.host.isAccused(id) });
    if (verdict === 'ourselves') {
      this.health.trouble(now);
      if (inquiry.round < ROUNDS) return this.ask(inquiry, now);
    }
    this.close(id);
    this.host.judged(id, verdict === 'accused' && !this.mayAccuse(id, now) ? 'ourselves' : verdict, now);
  }

  /** Notes the accusation, if there are not too many already that nobody shares. */
  private mayAccuse(id: NodeId, now: number): boolean {
    this.accusations = this.accusations.filter(past => past.at > now - ACCUSATION_MS && this.host.isAlone(past.id));
    const limit = Math.max(ACCUSED_AT_LEAST, ACCUSED_SHARE * this.host.othersThan(id));
    if (this.accusations.length >= limit) {
      this.health.trouble(now);
      return false;
    }
    this.accusations.push({ id, at: now });
    return true;
  }

  private close(id: NodeId): void {
    const known = this.cases.get(id);
    if (known === undefined) return;
    this.context.timers.cancel(known.timer);
    this.cases.delete(id);
  }
}

/** Some of the links by chance, those first that are known to live: many may have died at once. */
export function pickHelpers(candidates: Peer[], since: number, random: RandomFill): Peer[] {
  for (let i = candidates.length - 1; i > 0; i--) {
    const j = randomUint32(random) % (i + 1);
    [candidates[i], candidates[j]] = [candidates[j]!, candidates[i]!];
  }
  const living = candidates.filter(peer => peer.lastHeardAt > since);
  return [...living, ...candidates.filter(peer => peer.lastHeardAt <= since)].slice(0, HELPERS);
}

/** How soon a case is looked at again that is not ripe, ms. */
const RECHECK_MS = 150;
