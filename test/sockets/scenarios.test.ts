import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KEY, LoopbackCluster, pause, until } from './loopback-cluster.js';

let cluster: LoopbackCluster;
beforeEach(() => {
  cluster = new LoopbackCluster();
});
afterEach(() => cluster.close());

/** Long enough for a second copy to be delivered, were there one. */
const GRACE_MS = 500;

describe('real nodes on loopback', () => {
  it('two that name each other as seeds: one broadcast, handled exactly once', async () => {
    const first = await cluster.add();
    const second = await cluster.add();
    // The first learns of the second only now, so that both say Hello.
    await first.close();
    cluster.nodes.shift();
    cluster.received.shift();
    const port = first.address.port;
    await cluster.add({ bind: `127.0.0.1:${port}`, peers: [`127.0.0.1:${second.address.port}`] });
    await cluster.ready();
    await cluster.nodes[0]!.broadcast(Buffer.from('hello'));
    await until(() => cluster.received[1]!.length > 0);
    await pause(GRACE_MS);
    expect(cluster.received.map(list => list.map(({ payload }) => payload.toString()))).toEqual([[], ['hello']]);
  });

  it('one seed and ten that start 1 ms apart: one broadcast, handled exactly once by each', async () => {
    await cluster.add();
    const started: Promise<unknown>[] = [];
    for (let i = 0; i < 10; i++) {
      started.push(cluster.add());
      await pause(1);
    }
    await Promise.all(started);
    await cluster.ready();
    await cluster.nodes[0]!.broadcast(Buffer.from('hello'));
    await until(() => cluster.received.slice(1).every(list => list.length > 0));
    await pause(GRACE_MS);
    expect(cluster.received.map(list => list.length)).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it('a hundred: all ready, 20 broadcasts, each handled exactly once by each of the 99 others', async () => {
    for (let i = 0; i < 100; i++) await cluster.add({ zone: `zone-${i % 3}` });
    await cluster.ready();
    for (let i = 0; i < 20; i++) await cluster.nodes[(i * 37) % 100]!.broadcast(Buffer.from(`message ${i}`));
    await until(() => cluster.received.reduce((sum, list) => sum + list.length, 0) >= 20 * 99);
    await pause(GRACE_MS);
    for (const [node, list] of cluster.received.entries()) {
      const expected = Array.from({ length: 20 }, (_, i) => i).filter(i => (i * 37) % 100 !== node);
      expect(list.map(({ payload }) => payload.toString()).sort()).toEqual(expected.map(i => `message ${i}`).sort());
    }
  });

  it('ten: a broadcast of 1 MiB arrives intact', async () => {
    for (let i = 0; i < 10; i++) await cluster.add();
    await cluster.ready();
    const message = Buffer.alloc(1_048_576).map((_, i) => (i * 31 + (i >> 8)) & 255);
    const begun = performance.now();
    await cluster.nodes[3]!.broadcast(message);
    await until(() => cluster.received.every((list, i) => i === 3 || list.length > 0));
    console.log(`1 MiB to nine others: ${Math.round(performance.now() - begun)} ms`);
    await pause(GRACE_MS);
    for (const [i, list] of cluster.received.entries()) {
      expect(list.length).toBe(i === 3 ? 0 : 1);
      for (const { payload } of list) expect(Buffer.compare(payload, message)).toBe(0);
    }
  });

  it('find each other over IPv6', async () => {
    await cluster.add({ bind: '[::1]:0' });
    const second = await cluster.add({ bind: '[::1]:0', peers: [`[::1]:${cluster.nodes[0]!.address.port}`] });
    await cluster.ready();
    expect(second.address.family).toBe('IPv6');
    await second.broadcast(Buffer.from('six'));
    await until(() => cluster.received[0]!.length === 1);
  });

  it('find each other when one is bound to all addresses of both families', async () => {
    await cluster.add({ bind: '[::]:0' });
    const { port } = cluster.nodes[0]!.address;
    await cluster.add({ bind: '127.0.0.1:0', peers: [`127.0.0.1:${port}`] });
    await cluster.add({ bind: '[::1]:0', peers: [`[::1]:${port}`] });
    await until(() => cluster.nodes[0]!.members().length === 2);
    await cluster.nodes[0]!.ready({ timeoutMs: 45_000 });
    await cluster.nodes[0]!.broadcast(Buffer.from('both'));
    await until(() => cluster.received[1]!.length > 0 && cluster.received[2]!.length > 0);
    expect(cluster.received.map(list => list.length)).toEqual([0, 1, 1]);
  });

  it('resolve the names of their seeds', async () => {
    await cluster.add({ bind: 'localhost:0' });
    await cluster.add({ bind: 'localhost:0', peers: [`localhost:${cluster.nodes[0]!.address.port}`] });
    await cluster.ready();
    expect(cluster.nodes.map(node => node.members().length)).toEqual([1, 1]);
  });

  it('tell each other when one leaves', async () => {
    const told: string[] = [];
    for (let i = 0; i < 3; i++) {
      const node = await cluster.add();
      node.on('left', member => told.push(`left ${member.id}`));
      node.on('down', member => told.push(`down ${member.id}`));
    }
    await cluster.ready();
    const leaver = cluster.nodes[2]!;
    await leaver.close();
    await until(() => told.length >= 2);
    await pause(GRACE_MS);
    expect(told).toEqual([`left ${leaver.id}`, `left ${leaver.id}`]);
    expect(cluster.nodes.slice(0, 2).map(node => node.subscriberCount)).toEqual([1, 1]);
  });

  it('go on under new keys while these are rotated, and shut out who kept the old one', async () => {
    const newKey = `hex:${'77'.repeat(32)}`;
    for (let i = 0; i < 3; i++) await cluster.add();
    await cluster.ready();
    for (const node of cluster.nodes) await node.rotateKeys([KEY, newKey]);
    for (const node of cluster.nodes) await node.rotateKeys([newKey, KEY]);
    for (const node of cluster.nodes) await node.rotateKeys([newKey]);
    await cluster.nodes[0]!.broadcast(Buffer.from('still here'));
    await until(() => cluster.received[1]!.length === 1 && cluster.received[2]!.length === 1);
    const late = await cluster.add({ keys: [KEY] });
    await expect(late.ready({ timeoutMs: 2_500 })).rejects.toThrow('No homie found');
    expect(cluster.nodes[0]!.members().length).toBe(2);
  });

  it('deliver to themselves only when asked to', async () => {
    await cluster.add({ deliverToSelf: true });
    await cluster.add();
    await cluster.ready();
    for (const node of cluster.nodes) await node.broadcast(Buffer.from(node.id));
    await until(() => cluster.received[0]!.length === 2 && cluster.received[1]!.length === 1);
    const [own] = cluster.received[0]!.filter(({ meta }) => meta.hops === 0);
    expect(own!.payload.toString()).toBe(cluster.nodes[0]!.id);
    expect(own!.meta.origin.id).toBe(cluster.nodes[0]!.id);
  });
});
