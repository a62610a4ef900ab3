/** The event a homie emits when it changed a product, for the others to forget what they know of it. */
export const CACHE_INVALIDATE = 'cache.invalidate';

/** Its data. */
export interface CacheInvalidation {
  readonly productId: string;
  readonly revision: string;
}

/**
 * Header with the time of the emit, nanoseconds of `process.hrtime`. On Linux that is CLOCK_MONOTONIC, which is the same
 * for all processes of a machine, so that homies of one machine can tell how long an event took; of several they cannot.
 */
export const EMITTED_AT = 'emitted-at-ns';
