import type { EngineContext } from '../engine-context.js';
import { randomUint32, randomUnit } from '../random.js';
import { Timer } from '../timer-heap.js';
import { MAX_MEMBERS, type Member, type MemberTable, TOMBSTONE_MS } from './member-table.js';

/** How often a node considers dialling a lost member, ms. At most one Hello each time. */
export const CONSIDER_MS = 2_000;

/**
 * Each lost member is dialled by somebody about this often, ms, whatever the size of the cluster, as serf does (there
 * 30 s). Less: the dead are knocked at for nothing. More: two halves find each other late.
 */
export const REDIAL_MS = 5_000;

/** One that has been lost for longer than this, ms, is dialled less often by this factor. */
export const LONG_LOST_MS = 3_600_000;
export const LONG_LOST_FACTOR = 6;

/**
 * Knocks at members that were lost, as long as their tombstones are kept: a partition may have an end. All nodes share
 * the work without talking about it: each dials with the probability that makes the sum right.
 */
export class LostMembers {
  /** Those a node without any link took for lost. They have no tombstones, and the seeds may be gone for good. */
  private forgotten: readonly Member[] = [];
  private readonly timer = new Timer(now => this.consider(now));

  constructor(
    private readonly context: EngineContext,
    private readonly table: MemberTable,
    private readonly dial: (member: Member, now: number) => void,
  ) {}

  /** A member was lost. */
  lost(now: number): void {
    this.context.timers.setEarlier(this.timer, now + this.pause());
  }

  /** All members were lost at once, and are not in the table any more. */
  allLost(members: readonly Member[], now: number): void {
    this.forgotten = [...this.forgotten, ...members].slice(-MAX_MEMBERS);
    this.lost(now);
  }

  private consider(now: number): void {
    const { table } = this;
    this.forgotten = this.forgotten.filter(
      ({ id, changedAt }) => table.get(id) === undefined && now - changedAt < TOMBSTONE_MS,
    );
    const lost = table.lostCount + this.forgotten.length;
    if (lost === 0) return;
    this.context.timers.set(this.timer, now + this.pause());
    const { random } = this.context.options;
    const alive = table.live.length + 1;
    if (randomUnit(random) >= (lost / alive) * (CONSIDER_MS / REDIAL_MS)) return;
    const position = randomUint32(random) % lost;
    const member = table.lostAt(position) ?? this.forgotten[position - table.lostCount];
    const isLongLost = member !== undefined && now - member.changedAt > LONG_LOST_MS;
    if (member === undefined || (isLongLost && randomUnit(random) * LONG_LOST_FACTOR >= 1)) return;
    this.dial(member, now);
  }

  private pause(): number {
    return CONSIDER_MS * (0.75 + 0.5 * randomUnit(this.context.options.random));
  }
}
