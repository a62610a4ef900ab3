/**
 * Names the gwyh transport in applications that have several:
 * `@EventPattern('cache.invalidate', GWYH_TRANSPORT)` is then served by gwyh alone.
 *
 * @publicApi
 */
export const GWYH_TRANSPORT = Symbol('gwyh');

/** Context of gwyh's lines in the Nest log. */
export const GWYH_LOG_CONTEXT = 'Gwyh';

/** Milliseconds that handlers get to finish in at shutdown, as with Nest's NATS transport. */
export const GWYH_DEFAULT_GRACE_PERIOD_MS = 10_000;
