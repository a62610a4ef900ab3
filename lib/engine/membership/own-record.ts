import type { EngineOptions } from '../engine-options.js';
import { MAX_INCARNATION, type MemberRecord, type MemberState, recordHash } from './member.js';

/** What a node says of itself. */
export class OwnRecord {
  /** Its share of the digest: each heartbeat needs it. */
  hash: number;
  private state: MemberState = 'up';
  private outlivedAt = -Infinity;

  constructor(
    private readonly options: EngineOptions,
    private incarnation: number,
  ) {
    this.hash = recordHash(options.id, incarnation);
  }

  get hasLeft(): boolean {
    return this.state === 'left';
  }

  /** As it travels. */
  get record(): MemberRecord {
    const { id, zone, advertised, bound } = this.options;
    return { id, zone, incarnation: this.incarnation, state: this.state, endpoint: advertised ?? bound };
  }

  leave(): void {
    this.state = 'left';
  }

  /** Whether all that was said of us until then is over. */
  hasOutlived(since: number): boolean {
    return this.outlivedAt > since;
  }

  /** Whatever is said of us under this incarnation, or an earlier one, is over from now on. */
  outlive(incarnation: number, now: number): void {
    this.incarnation = Math.min(Math.max(incarnation, this.incarnation) + 1, MAX_INCARNATION);
    this.hash = recordHash(this.options.id, this.incarnation);
    this.outlivedAt = now;
  }
}
