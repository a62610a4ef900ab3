import type { EngineContext } from '../engine-context.js';
import type { NodeId } from '../node-id.js';
import { Priority } from '../peers/outbox.js';
import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import { Timer } from '../timer-heap.js';
import type { MemberRecord } from './member.js';
import { writeNews } from './member-frames.js';

/**
 * Least time between two flushes of news, ms; the first after a pause goes out at once. Less: when a thousand nodes start
 * together each of them makes a datagram of its own on every link. More: it adds up over the hops.
 */
export const NEWS_PAUSE_MS = 50;

/** What became known of members and is still to be told to our links. */
export class News {
  /** Each with the one who told us, if any. */
  private readonly waiting = new Map<NodeId, Peer | undefined>();
  private dueAt = -Infinity;
  /** Only wakes the engine, which flushes before it sends. */
  private readonly timer = new Timer(() => undefined);

  /** @param recordFor what is held of a member at the time of the flush. */
  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly recordFor: (id: NodeId) => MemberRecord | undefined,
  ) {}

  /** @param from who told us, and so knows it. */
  tell(id: NodeId, now: number, from?: Peer): void {
    this.waiting.set(id, this.waiting.has(id) ? undefined : from);
    if (this.dueAt > now) this.context.timers.setEarlier(this.timer, this.dueAt);
  }

  /** The next flush need not wait. */
  hurry(now: number): void {
    this.dueAt = now;
  }

  /** Tells all links what became known, unless that was done just now. */
  flush(now: number): void {
    if (this.waiting.size === 0 || now < this.dueAt) return;
    this.dueAt = now + NEWS_PAUSE_MS;
    const records: MemberRecord[] = [];
    // One teller of all of it is the usual case, and the only one worth a thought.
    let teller = this.waiting.values().next().value;
    for (const [id, from] of this.waiting) {
      const record = this.recordFor(id);
      if (record !== undefined) records.push(record);
      if (from !== teller) teller = undefined;
    }
    this.waiting.clear();
    for (const frame of writeNews(this.context.writer, records)) {
      for (const link of this.peers.links) if (link !== teller) this.peers.send(link, Priority.control, frame);
    }
  }
}
