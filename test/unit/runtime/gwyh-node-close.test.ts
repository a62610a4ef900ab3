import { beforeEach, describe, expect, it } from 'vitest';
import { GwyhClosedError } from '../../../lib/runtime/errors.js';
import { GwyhNode } from '../../../lib/runtime/gwyh-node.js';
import type { GwyhNodeOptions } from '../../../lib/runtime/gwyh-node-options.js';
import { VirtualNetwork } from '../../../lib/testing/virtual-network.js';

const logger = { log: () => undefined, warn: () => undefined, error: () => undefined };
const KEYS = [`hex:${'0f'.repeat(32)}`];

let network: VirtualNetwork;

beforeEach(() => {
  network = new VirtualNetwork({ conditions: { latencyMs: 5 } });
});

function nodeAt(host: number, options: GwyhNodeOptions = {}): GwyhNode {
  return new GwyhNode({ network, logger, keys: KEYS, bind: `10.0.0.${host}:1`, peers: ['10.0.0.1:1'], ...options });
}

async function startPair(): Promise<[GwyhNode, GwyhNode]> {
  const [a, b] = [nodeAt(1), nodeAt(2)];
  await Promise.all([a.start(), b.start()]);
  await network.runUntil(() => a.isReady && b.isReady, 30_000);
  return [a, b];
}

/** Closes a node and lets everything arrive. */
async function closed(node: GwyhNode): Promise<void> {
  const closing = node.close();
  await network.run(3_000);
  await closing;
}

describe('a node that closes', () => {
  it.each([
    ['two hundred small broadcasts', 200, 100],
    ['a large broadcast', 1, 100_000],
    ['a broadcast of a mebibyte', 1, 1_048_576],
  ])('still sends what was accepted: %s', async (_, count, bytes) => {
    const [sender, receiver] = await startPair();
    let received = 0;
    receiver.onBroadcast(payload => (received += payload.length));
    for (let i = 0; i < count; i++) void sender.broadcast(new Uint8Array(bytes));
    await closed(sender);
    expect(received).toBe(count * bytes);
  });

  it('takes its leave: the others forget it at once', async () => {
    const [a, b] = await startPair();
    const events: string[] = [];
    b.on('left', member => events.push(`left ${member.id}`));
    b.on('down', member => events.push(`down ${member.id}`));
    await closed(a);
    expect(events).toEqual([`left ${a.id}`]);
    expect(b.members()).toEqual([]);
  });

  it('does so even when one of its last datagrams is lost', async () => {
    const [a, b] = await startPair();
    let dropped = 0;
    network.conditions = from => (from.address === '10.0.0.1' && dropped++ === 0 ? { loss: 1 } : { latencyMs: 5 });
    await closed(a);
    expect(b.members()).toEqual([]);
  });

  it('is done within a moment when nothing waits', async () => {
    const [a] = await startPair();
    let isDone = false;
    void a.close().then(() => (isDone = true));
    await network.run(60);
    expect(isDone).toBe(true);
  });

  it('takes no more broadcasts, from the moment it was asked to', async () => {
    const [a] = await startPair();
    const closing = a.close();
    await expect(a.broadcast(new Uint8Array(1))).rejects.toThrow(GwyhClosedError);
    await network.run(1_000);
    await closing;
  });

  it('closes once, however often it is asked to', async () => {
    const [a] = await startPair();
    expect(a.close()).toBe(a.close());
    await closed(a);
  });

  it('frees its port', async () => {
    const [a] = await startPair();
    await closed(a);
    const next = nodeAt(1);
    await next.start();
    expect(next.address.port).toBe(1);
    await closed(next);
  });
});

describe('a node that is closed before it runs', () => {
  it('never started, cannot be started', async () => {
    const node = nodeAt(1);
    await node.close();
    await expect(node.start()).rejects.toThrow(GwyhClosedError);
  });

  it('while it starts, gives its socket back', async () => {
    const node = nodeAt(1);
    const starting = node.start();
    const closing = node.close();
    await network.run(100);
    await Promise.all([starting, closing]);
    expect(network.listen({ address: '10.0.0.1', port: 1 }, () => undefined)).toBe(true);
  });

  it('while it starts and cannot bind, stays closed', async () => {
    network.listen({ address: '10.0.0.1', port: 1 }, () => undefined);
    const node = nodeAt(1);
    const starting = node.start().catch((error: Error) => error.name);
    await node.close();
    expect(await starting).toBe('GwyhBindError');
    await expect(node.start()).rejects.toThrow(GwyhClosedError);
  });
});
