import type { EngineContext } from './engine-context.js';
import type { Seeds } from './membership/seeds.js';
import type { PeerTable } from './peers/peer-table.js';
import { Timer } from './timer-heap.js';

/**
 * A node that hears and is heard waits for this long at most for links with nodes that are ready, ms. They appear within
 * some round trips. Longer, and a node whose links are all new with it keeps its host waiting; shorter, and those that start
 * together far from the others take each other for the cluster.
 */
export const READY_PATIENCE_MS = 5_000;

/**
 * Whether broadcasts of this node reach the cluster, and those of the cluster this node. A feed and a subscriber are not
 * enough: nodes that start together find each other before anybody else, and what they send then reaches only them. Where
 * some are ready, a node is so by links with them. Where nobody is, those who have heard of all their seeds begin.
 */
export class Readiness {
  isReady = false;
  private waitsSince = Infinity;
  private readonly timer = new Timer(now => this.update(now));

  /** @param changed is told of each change; the links have to hear of it. */
  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly seeds: Seeds,
    private readonly changed: (now: number) => void,
  ) {}

  /** A link came or went, or a peer became ready. */
  update(now: number): void {
    const isReady = this.evaluate(now);
    if (isReady === this.isReady) return;
    this.isReady = isReady;
    this.changed(now);
  }

  check(): void {
    if (this.isReady && !this.isLinked) throw new Error('ready without a feed and a subscriber');
  }

  private get isLinked(): boolean {
    return this.peers.feedCount > 0 && this.peers.subscriberCount > 0;
  }

  private evaluate(now: number): boolean {
    if (!this.isLinked) {
      this.waitsSince = Infinity;
      this.context.timers.cancel(this.timer);
      return false;
    }
    if (this.isReady) return true;
    this.waitsSince = Math.min(this.waitsSince, now);
    const patience = this.waitsSince + READY_PATIENCE_MS;
    const answers = this.seeds.answersUntil(now);
    if (now >= patience || this.hasReadyLinks() || (now >= answers && !this.hasReadyPeer())) return true;
    this.context.timers.set(this.timer, now < answers ? Math.min(answers, patience) : patience);
    return false;
  }

  private hasReadyLinks(): boolean {
    const { links } = this.peers;
    const hears = links.some(({ isReady, isFeedActive }) => isReady && isFeedActive);
    return hears && links.some(({ isReady, isSubscriber }) => isReady && isSubscriber);
  }

  private hasReadyPeer(): boolean {
    for (const { isReady } of this.peers.all()) if (isReady) return true;
    return false;
  }
}
