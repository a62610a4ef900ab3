import { Injectable } from '@nestjs/common';
import type { CacheInvalidation } from './cache-invalidation.js';

/** One arrival of an event at this homie. An event that arrived twice would be here twice. */
export interface InvalidationReceived extends CacheInvalidation {
  /** Id of the homie that emitted it. */
  readonly from: string;
  /** Links it crossed on its way. */
  readonly hops: number;
  /** Milliseconds from the emit there to the handler here. */
  readonly afterMs: number;
}

const MOST_KEPT = 1_000;

/** The latest invalidations this homie received, for whoever wants to see what happened. */
@Injectable()
export class InvalidationLog {
  private readonly received: InvalidationReceived[] = [];

  add(invalidation: InvalidationReceived): void {
    this.received.push(invalidation);
    if (this.received.length > MOST_KEPT) this.received.shift();
  }

  all(): readonly InvalidationReceived[] {
    return this.received;
  }

  ofRevision(revision: string): readonly InvalidationReceived[] {
    return this.received.filter(invalidation => invalidation.revision === revision);
  }
}
