/**
 * Protocols that the engines are compared with, as small models on the same overlay, in the same world:
 * - `flood`: each node passes on each message that it hears first to all its links. No repair.
 * - `plumtree`: one tree for all origins, as in "Epidemic Broadcast Trees" (Leitão, Pereira, Rodrigues, 2007).
 */
export const BASELINES = ['flood', 'plumtree'] as const;
export type Baseline = (typeof BASELINES)[number];

/** Largest message of a baseline, bytes: one that surely fits in one segment. */
export const MOST_BASELINE_BYTES = 1_000;
