import type { NodeId } from '../node-id.js';

/** What the selection needs to know of a member. */
export interface Candidate {
  readonly id: NodeId;
  readonly zone: string;
  /** `rendezvousScore(self, id)`. */
  readonly score: number;
  /** Least round trip measured lately, ms; undefined when it never was. Only `nearest` looks at it. */
  readonly roundTripMs?: number | undefined;
}

/** Whether a member comes before another in rendezvous order. */
export function isBetter(a: Candidate, b: Candidate): boolean {
  return a.score > b.score || (a.score === b.score && a.id < b.id);
}

/** The `count` candidates that pass and come first in an order, rendezvous order unless another is given. */
export function best<T extends Candidate>(
  count: number,
  candidates: readonly T[],
  passes: (member: T) => boolean,
  isBefore: (a: T, b: T) => boolean = isBetter,
): T[] {
  const chosen: T[] = [];
  if (count <= 0) return chosen;
  for (const member of candidates) {
    const worst = chosen[chosen.length - 1];
    if (chosen.length === count && !isBefore(member, worst!)) continue;
    if (!passes(member)) continue;
    if (chosen.length === count) chosen.pop();
    let position = chosen.length;
    while (position > 0 && isBefore(member, chosen[position - 1]!)) position--;
    chosen.splice(position, 0, member);
  }
  return chosen;
}
