import { expect } from 'vitest';
import { GwyhNode, type BroadcastMeta } from '../../lib/runtime/gwyh-node.js';
import type { GwyhNodeOptions } from '../../lib/runtime/gwyh-node-options.js';

export const KEY = `hex:${'5a'.repeat(32)}`;

/** Nodes on real sockets of this machine, in this process. */
export class LoopbackCluster {
  readonly nodes: GwyhNode[] = [];
  /** What each node received, in the order of `nodes`. */
  readonly received: { payload: Buffer; meta: BroadcastMeta }[][] = [];

  /** Starts one more; the first is the seed of the others unless they name their own. */
  async add(options: GwyhNodeOptions = {}): Promise<GwyhNode> {
    const seed = this.nodes[0];
    const node = new GwyhNode({
      bind: '127.0.0.1:0',
      keys: [KEY],
      peers: seed === undefined ? [] : [`127.0.0.1:${seed.address.port}`],
      ...options,
    });
    const received: { payload: Buffer; meta: BroadcastMeta }[] = [];
    node.onBroadcast((payload, meta) => received.push({ payload: Buffer.from(payload), meta }));
    await node.start();
    this.nodes.push(node);
    this.received.push(received);
    return node;
  }

  async ready(timeoutMs = 45_000): Promise<void> {
    await Promise.all(this.nodes.map(node => node.ready({ timeoutMs })));
    await until(() => this.nodes.every(node => node.members().length === this.nodes.length - 1));
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map(node => node.close()));
  }
}

/** Waits for a condition, 45 s at most. */
export async function until(condition: () => boolean, timeoutMs = 45_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition() && performance.now() < deadline) await pause(5);
  expect(condition()).toBe(true);
}

export function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}
