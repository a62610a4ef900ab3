import type { VirtualCluster } from '../../lib/testing/virtual-cluster.js';

/** The links between live nodes at one instant. */
export interface OverlaySnapshot {
  /** Virtual time, ms. */
  readonly at: number;
  /** The links of node `i` lead to `targets[offsets[i]]` up to, without it, `targets[offsets[i + 1]]`. */
  readonly offsets: Int32Array;
  readonly targets: Int32Array;
}

/** What the overlay looked like over time: the facts by which a message that is missing is judged. */
export class OverlayHistory {
  readonly snapshots: OverlaySnapshot[] = [];
  private readonly numbers: ReadonlyMap<string, number>;

  constructor(private readonly cluster: Pick<VirtualCluster, 'homies' | 'network'>) {
    this.numbers = new Map(cluster.homies.map((homie, number) => [homie.id, number]));
  }

  /**
   * Looks at the overlay now, unless that was done less than `pauseMs` ago.
   * A link counts when both of its ends live, hold a session with each other, and no partition lies between them.
   */
  observe(now: number, pauseMs: number): void {
    const last = this.snapshots.at(-1);
    if (last !== undefined && now - last.at < pauseMs) return;
    this.snapshots.push(this.snapshot(now));
  }

  snapshot(now: number): OverlaySnapshot {
    const { homies, network } = this.cluster;
    const offsets = new Int32Array(homies.length + 1);
    const targets: number[] = [];
    for (let number = 0; number < homies.length; number++) {
      const homie = homies[number]!;
      const links = homie.isRunning ? homie.engine.links : [];
      for (let i = 0; i < links.length; i++) {
        const target = this.numbers.get(links[i]!.id);
        if (target === undefined) continue;
        const other = homies[target]!;
        if (!other.isRunning || other.engine.peer(homie.id) === undefined) continue;
        if (network.isConnected(homie.endpoint, other.endpoint)) targets.push(target);
      }
      offsets[number + 1] = targets.length;
    }
    return { at: now, offsets, targets: Int32Array.from(targets) };
  }
}

/** Marks all nodes that the marked ones reach over the links. */
export function spread(snapshot: OverlaySnapshot, isReached: Uint8Array): void {
  const { offsets, targets } = snapshot;
  const open: number[] = [];
  for (let node = 0; node < isReached.length; node++) if (isReached[node] === 1) open.push(node);
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (let i = offsets[node]!; i < offsets[node + 1]!; i++) {
      const target = targets[i]!;
      if (isReached[target] === 1) continue;
      isReached[target] = 1;
      open.push(target);
    }
  }
}

/** Which nodes this one reaches, itself included. */
export function reachableFrom(snapshot: OverlaySnapshot, node: number): Uint8Array {
  const isReached = new Uint8Array(snapshot.offsets.length - 1);
  isReached[node] = 1;
  spread(snapshot, isReached);
  return isReached;
}
