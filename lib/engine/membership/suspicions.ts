import { detectionMs } from './failure-detector.js';
import type { EngineContext } from '../engine-context.js';
import type { NodeId } from '../node-id.js';
import { Timer } from '../timer-heap.js';
import type { LocalHealth } from './local-health.js';
import type { Member } from './member-table.js';

/**
 * Accusers beside the first one that make a suspicion as certain as it gets (memberlist takes two as well). Fewer: one
 * sick node and a friend end a member quickly. More: nodes with few links are found dead late. They are kept in records,
 * so there are never more than this and one.
 */
export const CONFIRMATIONS = 2;

/**
 * How much longer a suspicion lasts that nobody confirms (memberlist: 6). Less: a loss that hits one watcher alone can end
 * a member. More: a node that had one link stays for long after its death.
 */
export const UNCONFIRMED_FACTOR = 3;

/**
 * How long a suspicion lasts, ms (Lifeguard, arXiv 1707.00788, section 4.2): `most` while only one node accuses, falling
 * with the logarithm of the confirmations to `least`.
 *
 * @param confirmations other nodes that accuse the member as well.
 * @param possible how many others there are who could.
 */
export function suspicionMs(confirmations: number, possible: number, least: number, most: number): number {
  const wanted = Math.min(CONFIRMATIONS, possible);
  if (confirmations >= wanted) return least;
  return most - ((most - least) * Math.log(confirmations + 1)) / Math.log(wanted + 1);
}

/** What suspicions need of the membership. */
export interface SuspicionsHost {
  /** Live members, ourselves included. */
  readonly liveCount: number;
  /** Whether we have heard the member ourselves since then. It then learns of the suspicion, to refute it. */
  isHeardSince(member: Member, since: number): boolean;
  /** Nobody refuted it in time. */
  expired(member: Member, now: number): void;
}

interface Suspicion {
  since: number;
  readonly timer: Timer;
}

/** A timer for each suspected member: between the accusation and the end the member has time to refute it. */
export class Suspicions {
  private readonly byId = new Map<NodeId, Suspicion>();

  constructor(
    private readonly context: EngineContext,
    private readonly health: LocalHealth,
    private readonly host: SuspicionsHost,
  ) {}

  get size(): number {
    return this.byId.size;
  }

  /** The member's record has changed: its state, or who accuses it. */
  changed(member: Member, isNewLife: boolean, now: number): void {
    const suspicion = this.byId.get(member.id);
    if (member.state !== 'suspect') {
      if (suspicion === undefined) return;
      this.context.timers.cancel(suspicion.timer);
      this.byId.delete(member.id);
      return;
    }
    if (suspicion !== undefined && !isNewLife) return this.schedule(suspicion, member, now);
    if (suspicion !== undefined) this.context.timers.cancel(suspicion.timer);
    const fresh: Suspicion = { since: now, timer: new Timer(at => this.expire(fresh, member, at)) };
    this.byId.set(member.id, fresh);
    this.schedule(fresh, member, now);
  }

  check(live: readonly Member[]): void {
    let suspects = 0;
    for (const member of live) {
      if (member.state !== 'suspect') continue;
      suspects++;
      if (this.byId.get(member.id)?.timer.isSet !== true) throw new Error(`${member.id} is suspected for ever`);
    }
    if (suspects !== this.byId.size) throw new Error('a suspicion of somebody who is not suspected');
  }

  private schedule(suspicion: Suspicion, member: Member, now: number): void {
    this.context.timers.set(suspicion.timer, Math.max(this.endOf(suspicion, member, now), now));
  }

  private endOf({ since }: Suspicion, member: Member, now: number): number {
    const least = detectionMs(this.context.options.heartbeat) * this.health.factor(now);
    const confirmations = member.accusers.length - 1;
    // Neither the member itself nor its first accuser can confirm.
    const possible = this.host.liveCount - 2;
    return since + suspicionMs(confirmations, possible, least, UNCONFIRMED_FACTOR * least);
  }

  private expire(suspicion: Suspicion, member: Member, now: number): void {
    const { timers } = this.context;
    const end = Math.max(this.endOf(suspicion, member, now), this.health.silentUntil);
    if (now < end) return timers.set(suspicion.timer, end);
    if (this.host.isHeardSince(member, suspicion.since)) {
      suspicion.since = now;
      return this.schedule(suspicion, member, now);
    }
    this.host.expired(member, now);
  }
}
