import type { Peer } from '../peers/peer.js';
import type { Timer } from '../timer-heap.js';

/** Requests of one stream that are watched at once; beyond it the two oldest become one. */
const MOST_REQUESTS = 32;

/** Segments that were asked for together, those between two sequences that were missing then. */
export class Request {
  peer: Peer | undefined;
  attempts = 0;
  askedAt = -Infinity;
  /** When to ask again for what has not come. */
  retryAt = -Infinity;
  /** How many were missing when they were asked for last, and the lowest of them. */
  missing = Infinity;
  first = 0;
  /** The last segment that was asked for, and whether it came: then the answer is over, for a link mostly keeps the order. */
  last = Infinity;
  isAnswered = false;

  /** @param knownAt since when it was known that they exist. */
  constructor(
    public above: number,
    public upTo: number,
    readonly knownAt: number,
  ) {}

  covers(sequence: number): boolean {
    return sequence > this.above && sequence <= this.upTo;
  }
}

/** What is missing of a stream, and what was done about it. */
export class Gap {
  /** What was known at the last look, and when that was: only what was known then is asked for at the next. */
  knownAt: number;
  knownUpTo: number;
  /** What has been asked for, lowest first, and up to where. */
  readonly requests: Request[] = [];
  askedUpTo = 0;

  constructor(
    readonly timer: Timer,
    knownUpTo: number,
    now: number,
  ) {
    this.knownUpTo = knownUpTo;
    this.knownAt = now;
  }

  /** What has become known since the last request is asked for together. Beyond the limit the two oldest requests become one. */
  add(request: Request): void {
    const { requests } = this;
    requests.push(request);
    this.askedUpTo = request.upTo;
    if (requests.length <= MOST_REQUESTS) return;
    const [oldest, next] = requests;
    next!.above = oldest!.above;
    next!.retryAt = Math.min(oldest!.retryAt, next!.retryAt);
    next!.missing = Infinity;
    requests.shift();
  }
}
