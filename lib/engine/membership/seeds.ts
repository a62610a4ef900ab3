import type { DialResult } from '../crypto/handshakes.js';
import type { EngineContext } from '../engine-context.js';
import { type Endpoint, sameEndpoint } from '../endpoint.js';
import type { PeerTable } from '../peers/peer-table.js';
import { randomUint32, randomUnit } from '../random.js';
import { Timer } from '../timer-heap.js';

/** How often seeds are tried while the node knows nobody, ms. A handshake in progress is not disturbed by it. */
export const JOIN_RETRY_MS = 1_000;

/**
 * How often one seed is tried while the node has peers, ms. Two halves of a cluster that lost each other find each other
 * again by this and by nothing else, so it never stops.
 */
export const REJOIN_MS = 60_000;

/** Most seeds tried at once: a long list must not become a burst. */
export const SEEDS_AT_ONCE = 8;

/** Says Hello to the seeds: often until somebody answers, now and then for ever. */
export class Seeds {
  private endpoints: readonly Endpoint[] = [];
  private ourselves: { endpoint: Endpoint; until: number }[] = [];
  /** Those that were asked last while the node knew nobody, and when. */
  private asked: readonly Endpoint[] = [];
  private askedAt = -Infinity;
  private readonly timer = new Timer(now => this.tick(now));

  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly dial: (to: Endpoint, now: number) => DialResult,
  ) {}

  /** Replaces the list; names were resolved anew. */
  set(endpoints: readonly Endpoint[], now: number): void {
    this.endpoints = endpoints;
    if (endpoints.length > 0) this.context.timers.setEarlier(this.timer, now);
    else this.context.timers.cancel(this.timer);
  }

  /**
   * One of the seeds seems to be this node: lists are often the same for all. Somebody who reflects our Hellos can make it
   * seem so, too, and therefore it is believed for a minute only.
   */
  isOurself(endpoint: Endpoint, now: number): void {
    const others = this.ourselves.filter(known => !sameEndpoint(known.endpoint, endpoint) && known.until > now);
    this.ourselves = [...others.slice(-SEEDS_AT_ONCE), { endpoint, until: now + REJOIN_MS }];
  }

  /** The last peer is gone: start over. */
  rejoin(now: number): void {
    if (this.endpoints.length > 0) this.context.timers.setEarlier(this.timer, now + JOIN_RETRY_MS);
  }

  /** Until when those that the node began with may still answer for the first time: past, when all have. */
  answersUntil(now: number): number {
    const isOpen = this.others(now, this.asked).some(seed => !this.isPeer(seed));
    return isOpen ? this.askedAt + JOIN_RETRY_MS : -Infinity;
  }

  private tick(now: number): void {
    const { random } = this.context.options;
    const seeds = this.others(now, this.endpoints);
    if (this.peers.size === 0) {
      const first = seeds.length > SEEDS_AT_ONCE ? randomUint32(random) % seeds.length : 0;
      const count = Math.min(seeds.length, SEEDS_AT_ONCE);
      this.asked = Array.from({ length: count }, (_, i) => seeds[(first + i) % seeds.length]!);
      this.askedAt = now;
      for (const seed of this.asked) this.dial(seed, now);
      this.context.timers.set(this.timer, now + JOIN_RETRY_MS);
      return;
    }
    const strangers = seeds.filter(seed => !this.isPeer(seed));
    if (strangers.length > 0) this.dial(strangers[randomUint32(random) % strangers.length]!, now);
    this.context.timers.set(this.timer, now + REJOIN_MS * (0.9 + 0.2 * randomUnit(random)));
  }

  /** Those of the seeds that are not this node, as far as it knows. */
  private others(now: number, seeds: readonly Endpoint[]): Endpoint[] {
    const { bound } = this.context.options;
    const ourselves = this.ourselves.filter(own => own.until > now);
    return seeds.filter(seed => {
      const isBound = bound !== undefined && sameEndpoint(bound, seed);
      return !isBound && !ourselves.some(own => sameEndpoint(own.endpoint, seed));
    });
  }

  private isPeer(endpoint: Endpoint): boolean {
    for (const peer of this.peers.all()) if (sameEndpoint(peer.endpoint, endpoint)) return true;
    return false;
  }
}
