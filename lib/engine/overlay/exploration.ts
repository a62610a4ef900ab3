import type { DialResult } from '../crypto/handshakes.js';
import type { EngineContext } from '../engine-context.js';
import type { Endpoint } from '../endpoint.js';
import type { Member, MemberTable } from '../membership/member-table.js';
import type { NodeId } from '../node-id.js';
import type { PeerTable } from '../peers/peer-table.js';
import { randomUint32, randomUnit } from '../random.js';
import { Timer } from '../timer-heap.js';
import { doesZoneTell } from './nearest.js';

/** Probes follow each other at this distance at first, ms. Less: a cluster that starts is busy with handshakes. */
export const QUICK_PROBE_MS = 500;

/** So many, and then each comes later than the one before by `PROBE_BACKOFF`. Less: near members are found late. */
export const QUICK_PROBES = 32;
export const PROBE_BACKOFF = 1.1;

/** The distance to which probes back off, for ever, ms. Less: handshakes for nothing; more: changes are found late. */
export const SLOW_PROBE_MS = 60_000;

/** Probes at a time. More: one node whose probes get lost says Hello to many. */
export const MAX_PROBES = 4;

/** No probe begins while so many sessions serve no link. Without it, probes by many would pile up sessions. */
export const MAX_UNUSED_PEERS = 32;

/** Near feeds within this are near enough, ms: then there is nothing to hurry for. Less: nodes of one site explore it. */
export const NEAR_ENOUGH_MS = 2;

/** A member that was measured, or did not answer, is not probed again for this long, ms. */
export const REMEASURE_MS = 600_000;

/** A dial is given up after 15 s; then the measurement takes a heartbeat and, under loss, its repetitions. */
const PROBE_PATIENCE_MS = 20_000;

/**
 * Finds out who is near where zones do not tell: a session with a random member measures its round trip, by the heartbeats
 * that begin every session, and is dropped for want of use. Both sides learn. Quick at the beginning and whenever the
 * cluster has doubled, slow for ever after.
 */
export class Exploration {
  private readonly inFlight = new Map<NodeId, number>();
  private readonly timer = new Timer(now => this.tick(now));
  private intervalMs = QUICK_PROBE_MS;
  private quickProbes = 0;
  private sizeAtStart = 1;

  /**
   * @param isNearEnough whether all near feeds are on the same host or within `NEAR_ENOUGH_MS`.
   * @param ticked to be called after each probe: what was measured since may change the choice.
   */
  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly table: MemberTable,
    private readonly dial: (to: Endpoint, now: number, expected: NodeId) => DialResult,
    private readonly isNearEnough: () => boolean,
    private readonly ticked: (now: number) => void,
  ) {}

  /** The feeds were chosen anew. */
  feedsChosen(now: number): void {
    if (this.table.live.length >= 2 * this.sizeAtStart) {
      this.sizeAtStart = this.table.live.length;
      this.intervalMs = QUICK_PROBE_MS;
      this.quickProbes = 0;
    }
    if (!this.isNearEnough()) this.context.timers.setEarlier(this.timer, now + this.varied(this.intervalMs));
    else if (!this.timer.isSet) this.context.timers.set(this.timer, now + this.varied(SLOW_PROBE_MS));
  }

  /** The round trip of a member was measured, by a probe of ours or otherwise. */
  measured(id: NodeId): void {
    this.inFlight.delete(id);
  }

  /** A dial failed. Returns whether it was a probe: of a member that nobody missed, from here, and just once. */
  failed(id: NodeId, now: number): boolean {
    const member = this.table.get(id);
    if (!this.inFlight.delete(id) || member === undefined) return false;
    member.remember({ measuredAt: now });
    return true;
  }

  private tick(now: number): void {
    if (this.mayProbe(now)) this.probe(now);
    const isHurried = !this.isNearEnough();
    if (isHurried && ++this.quickProbes >= QUICK_PROBES) {
      this.intervalMs = Math.min(this.intervalMs * PROBE_BACKOFF, SLOW_PROBE_MS);
    }
    this.context.timers.set(this.timer, now + this.varied(isHurried ? this.intervalMs : SLOW_PROBE_MS));
    this.ticked(now);
  }

  private mayProbe(now: number): boolean {
    for (const [id, until] of this.inFlight) if (until <= now) this.inFlight.delete(id);
    return this.inFlight.size < MAX_PROBES && this.peers.size - this.peers.links.length < MAX_UNUSED_PEERS;
  }

  private probe(now: number): void {
    const member = this.pick(now);
    if (member === undefined) return;
    const result = this.dial(member.endpoint, now, member.id);
    if (result === 'started') this.inFlight.set(member.id, now + PROBE_PATIENCE_MS);
  }

  /**
   * From a random place on the ring on, the first member that fits best: while it goes quickly, one never measured, of the
   * own zone if that tells anything; later anyone, for what was measured once may have changed.
   */
  private pick(now: number): Member | undefined {
    const { live } = this.table;
    if (live.length === 0) return undefined;
    const { zone, random } = this.context.options;
    const isQuick = this.intervalMs < SLOW_PROBE_MS;
    const zoneTells = doesZoneTell(zone, live);
    const first = randomUint32(random) % live.length;
    let second: Member | undefined;
    let third: Member | undefined;
    for (let i = 0; i < live.length; i++) {
      const member = live[(first + i) % live.length]!;
      const { measuredAt, avoidUntil } = member.experience;
      const isKnown = now < measuredAt + REMEASURE_MS || this.peers.get(member.id) !== undefined;
      if (isKnown || avoidUntil > now || this.inFlight.has(member.id)) continue;
      if (!isQuick) return member;
      if (member.roundTripMs !== undefined) third ??= member;
      else if (!zoneTells || member.zone === zone) return member;
      else second ??= member;
    }
    return second ?? third;
  }

  private varied(ms: number): number {
    return ms * (0.75 + 0.5 * randomUnit(this.context.options.random));
  }
}
