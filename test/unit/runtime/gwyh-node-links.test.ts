import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GwyhNode, type LinkInfo } from '../../../lib/runtime/gwyh-node.js';
import type { GwyhNodeOptions } from '../../../lib/runtime/gwyh-node-options.js';
import { type Conditions, VirtualNetwork } from '../../../lib/testing/virtual-network.js';

const KEYS = [`hex:${'0f'.repeat(32)}`];
const logger = { log: () => undefined, warn: () => undefined, error: () => undefined };

let network: VirtualNetwork;
let nodes: GwyhNode[];
let conditions: Conditions;

beforeEach(() => {
  conditions = { latencyMs: 20 };
  network = new VirtualNetwork({ conditions: () => conditions });
  nodes = [];
});

afterEach(async () => {
  const closing = Promise.all(nodes.map(node => node.close()));
  await network.run(1_000);
  await closing;
});

/** Two nodes that are linked, the one that speaks first. */
async function pair(options: readonly GwyhNodeOptions[]): Promise<GwyhNode> {
  for (const each of options) {
    const node = new GwyhNode({ network, logger, ...each });
    nodes.push(node);
    await node.start();
  }
  expect(await network.runUntil(() => nodes.every(node => node.isReady), 10_000)).toBe(true);
  return nodes[0]!;
}

const APART = [
  { bind: '10.0.0.1:6969', keys: KEYS, zone: 'a', peers: [] },
  { bind: '10.0.0.2:6969', keys: KEYS, zone: 'b', peers: ['10.0.0.1'] },
];

/** Hands over so many messages of 1,000 bytes at once, and lets time pass. */
async function emit(node: GwyhNode, messages: number, ms: number): Promise<void> {
  for (let i = 0; i < messages; i++) void node.broadcast(new Uint8Array(1_000));
  await network.run(ms);
}

describe('the links of a node', () => {
  it('are none before it starts', () => {
    expect(new GwyhNode({ network, logger }).links()).toEqual([]);
  });

  it('tell who is there, and nothing of what was not measured yet', async () => {
    const node = await pair(APART);
    await network.run(100);
    expect(node.links()).toEqual([
      {
        id: nodes[1]!.id,
        address: '10.0.0.2:6969',
        zone: 'b',
        feed: true,
        subscriber: true,
        bytesPerSecond: undefined,
        roundTripMs: 40,
        pathQueueMs: 0,
        lossShare: 0,
        queueBytes: 0,
        queueFrames: 0,
        datagramBytes: 1_200,
        bytesUnderWay: expect.any(Number) as number,
      } satisfies LinkInfo,
    ]);
  });

  it('tell the rate and what waits for it, and that nothing waits any more afterwards', async () => {
    const node = await pair(APART);
    await emit(node, 500, 100);
    const [busy] = node.links();
    expect(busy!.bytesPerSecond).toBeGreaterThan(12_000 / 0.04);
    expect(busy!.queueBytes).toBeGreaterThan(60_000);
    expect(busy!.queueFrames).toBe(Math.round(busy!.queueBytes / 1_036));
    // The round trip holds so much at this rate, or a little more.
    expect(busy!.bytesUnderWay).toBeGreaterThan((busy!.bytesPerSecond! * 0.04) / 4);
    await network.run(5_000);
    expect(node.links()[0]).toMatchObject({ queueBytes: 0, queueFrames: 0 });
  });

  it('tell the share that is lost', async () => {
    const node = await pair(APART);
    conditions = { latencyMs: 20, loss: 0.2 };
    await emit(node, 1_000, 4_000);
    expect(node.links()[0]!.lossShare).toBeGreaterThan(0.1);
    expect(node.links()[0]!.lossShare).toBeLessThan(0.3);
  });

  it('have no rate on the same host, where there is none', async () => {
    const node = await pair([{}, {}]);
    await emit(node, 100, 100);
    expect(node.links()[0]).toMatchObject({
      address: expect.stringMatching(/^127\.0\.0\.1:/),
      bytesPerSecond: undefined,
    });
    expect(node.metrics().slowestBytesPerSecond).toBe(0);
  });

  it('are plain objects', async () => {
    const node = await pair(APART);
    await emit(node, 100, 10);
    const links = node.links();
    expect(JSON.parse(JSON.stringify(links))).toEqual(links);
  });
});

describe('the metrics of a node', () => {
  it('have the sums of its links, and the worst of them', async () => {
    const node = await pair(APART);
    conditions = { latencyMs: 20, loss: 0.1 };
    await emit(node, 1_000, 300);
    const [link] = node.links();
    expect(node.metrics()).toMatchObject({
      outboxBytes: link!.queueBytes,
      bytesUnderWay: link!.bytesUnderWay,
      fullestOutboxBytes: link!.queueBytes,
      slowestBytesPerSecond: link!.bytesPerSecond,
      worstLossShare: link!.lossShare,
      longestPathQueueMs: link!.pathQueueMs,
    });
    expect(link!.lossShare).toBeGreaterThan(0);
  });
});
