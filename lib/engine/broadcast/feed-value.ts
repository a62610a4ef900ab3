/** How late the copies of one feed came, by slot, ms after the first of all feeds; NaN where none came. */
export type Lateness = ArrayLike<number>;

/**
 * Chooses the feeds to keep: the one whose copies come earliest on average, then those that bring the most forward
 * beyond the ones chosen already. A copy that never came counts as one that a repair brought.
 *
 * This decides latency and redundancy at once. Without loss and jitter the second feed saves nothing and is choked; on a
 * long link with 5 % jitter the earlier of two copies saves some ms; where copies are lost and repairs take long, it
 * saves the repair, in the share of the losses.
 *
 * @param times arrival by feed and slot, any clock; NaN where no copy came.
 * @param slots which slots count.
 * @param repairMs what a lost copy costs when no other feed brings it.
 * @param worthMs a further feed is kept only if it saves at least this on average; `-Infinity` keeps `most`.
 * @returns positions in `times`, the most valuable first.
 */
export function chooseFeeds(
  times: readonly (Lateness | undefined)[],
  slots: readonly number[],
  repairMs: number,
  worthMs: number,
  most: number,
): number[] {
  const firsts = slots.map(slot => earliest(times, slot));
  const best = slots.map((_, i) => firsts[i]! + repairMs);
  const chosen: number[] = [];
  while (chosen.length < most) {
    let leader = -1;
    let leaderSaves = -Infinity;
    for (let feed = 0; feed < times.length; feed++) {
      if (chosen.includes(feed)) continue;
      const saves = averageSaving(times[feed], slots, best);
      if (saves > leaderSaves) {
        leader = feed;
        leaderSaves = saves;
      }
    }
    if (leader < 0 || (chosen.length > 0 && leaderSaves < worthMs)) break;
    chosen.push(leader);
    for (let i = 0; i < slots.length; i++) {
      const at = times[leader]?.[slots[i]!] ?? NaN;
      if (at < best[i]!) best[i] = at;
    }
  }
  return chosen;
}

function earliest(times: readonly (Lateness | undefined)[], slot: number): number {
  let first = Infinity;
  for (const feed of times) {
    const at = feed?.[slot] ?? NaN;
    if (at < first) first = at;
  }
  return first === Infinity ? 0 : first;
}

function averageSaving(feed: Lateness | undefined, slots: readonly number[], best: readonly number[]): number {
  if (feed === undefined || slots.length === 0) return 0;
  let saved = 0;
  for (let i = 0; i < slots.length; i++) {
    const at = feed[slots[i]!]!;
    if (at < best[i]!) saved += best[i]! - at;
  }
  return saved / slots.length;
}
