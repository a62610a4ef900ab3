import type { EngineContext } from '../engine-context.js';
import type { NodeId } from '../node-id.js';
import type { Peer } from '../peers/peer.js';
import { Timer } from '../timer-heap.js';

/**
 * Least time between the beginnings of two exchanges, ms. While members come and go all digests differ for a moment;
 * without this pause every heartbeat would fetch the whole table.
 */
export const EXCHANGE_PAUSE_MS = 1_000;

/** Pages sent in answer to one request: enough for a hundred members a round trip, few enough not to be a burst. */
export const PAGES_PER_REQUEST = 8;

/**
 * When no page comes for this long, ms, some were lost: the same is asked for again. After so many requests that bring nothing
 * new another peer is asked.
 */
export const PAGE_TIMEOUT_MS = 500;
export const PAGE_TRIES = 4;

/** Fetches another node's member table page by page, one exchange at a time. */
export class Exchange {
  private peer: Peer | undefined;
  /** What was asked for lies behind this one. */
  private after: NodeId | undefined;
  private tries = 0;
  /** Where the pages end that came in answer; they may overtake each other on the way. */
  private readonly ends = new Set<NodeId>();
  private hasComeOn = false;
  private nextAt = -Infinity;
  /** The first peer that differed since no exchange could begin. */
  private owed: Peer | undefined;
  private readonly timer = new Timer(now => this.retry(now));
  private readonly owedTimer = new Timer(now => this.beginOwed(now));

  constructor(
    private readonly context: EngineContext,
    private readonly differs: (peer: Peer, now: number) => boolean,
    private readonly request: (peer: Peer, after: NodeId | undefined) => void,
  ) {}

  /** Starts at once, or later if one is under way or the last one was just now. */
  begin(peer: Peer, now: number): void {
    if (this.peer !== undefined || now < this.nextAt) return this.owe(peer, now);
    this.owed = undefined;
    this.nextAt = now + EXCHANGE_PAUSE_MS;
    this.peer = peer;
    this.ask(undefined, now);
  }

  /** Starts later, if the tables differ then. */
  owe(peer: Peer, now: number): void {
    if (this.owedTimer.isSet) return;
    this.owed = peer;
    this.context.timers.set(this.owedTimer, Math.max(this.nextAt, now + PAGE_TIMEOUT_MS));
  }

  /** A page has come; `next` is where the following one begins, undefined when it was the last. */
  onPage(peer: Peer, next: NodeId | undefined, now: number): void {
    if (peer !== this.peer) return;
    if (next === undefined) {
      this.peer = undefined;
      this.context.timers.cancel(this.timer);
      return;
    }
    // An answer to a request before this one: it does not tell how far this one has been answered.
    if (this.after !== undefined && next <= this.after) return;
    this.hasComeOn ||= !this.ends.has(next);
    this.ends.add(next);
    if (this.ends.size >= PAGES_PER_REQUEST) this.ask([...this.ends].sort().at(-1), now);
    else this.context.timers.set(this.timer, now + PAGE_TIMEOUT_MS);
  }

  private beginOwed(now: number): void {
    const { owed } = this;
    if (owed !== undefined && !owed.current.isExpired(now) && this.differs(owed, now)) this.begin(owed, now);
  }

  private ask(after: NodeId | undefined, now: number): void {
    this.tries = 1;
    this.after = after;
    this.ends.clear();
    this.send(this.peer!, now);
  }

  private retry(now: number): void {
    const { peer } = this;
    if (peer === undefined) return;
    if (this.hasComeOn) this.tries = 0;
    if (this.tries >= PAGE_TRIES || peer.current.isExpired(now)) {
      this.peer = undefined;
      return;
    }
    this.tries++;
    this.send(peer, now);
  }

  private send(peer: Peer, now: number): void {
    this.hasComeOn = false;
    this.context.timers.set(this.timer, now + PAGE_TIMEOUT_MS);
    this.request(peer, this.after);
  }
}
