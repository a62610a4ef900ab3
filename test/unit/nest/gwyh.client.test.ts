import { ClientProxy } from '@nestjs/microservices';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { GwyhClientProxy } from '../../../lib/nest/gwyh.client.js';
import { GwyhEncodeError, GwyhEventsOnlyError } from '../../../lib/nest/gwyh.errors.js';
import { GwyhRecord, GwyhRecordBuilder } from '../../../lib/nest/gwyh.record.js';
import { FakeNode } from './fake-node.js';
import { MemoryLogger } from './memory-logger.js';

function createClient(options: { serializer?: { serialize(packet: never): unknown } } = {}) {
  const node = new FakeNode();
  const logger = new MemoryLogger();
  return { node, logger, client: new GwyhClientProxy(node.asNode, { logger, ...options }) };
}

const wrap = (packet: { pattern: string; data: unknown }) => ({ ...packet, data: { v: 1, body: packet.data } });

const settled = () => new Promise(resolve => setImmediate(resolve));

describe('emit()', () => {
  it('sends without being subscribed to', async () => {
    const { client, node } = createClient();
    client.emit('a', { key: 1 });
    await settled();
    expect(node.sent).toEqual([{ pattern: 'a', data: { key: 1 }, zones: undefined }]);
  });

  it('sends once, however often it is subscribed to', async () => {
    const { client, node } = createClient();
    const emitted = client.emit('a', 1);
    await Promise.all([lastValueFrom(emitted), lastValueFrom(emitted)]);
    expect(node.sent).toHaveLength(1);
  });

  it('completes with one undefined value, for late subscribers too', async () => {
    const { client } = createClient();
    const emitted = client.emit('a', 1);
    expect(await firstValueFrom(emitted)).toBeUndefined();
    await settled();
    expect(await lastValueFrom(emitted)).toBeUndefined();
  });

  it('is complete at once when the node is running and accepts the event', async () => {
    const { client } = createClient();
    await client.connect();
    let isComplete = false;
    client.emit('a', 1).subscribe({ complete: () => (isComplete = true) });
    expect(isComplete).toBe(true);
    expect(client.metrics()).toMatchObject({ emitsAccepted: 1, emitsFailed: 0 });
  });

  it('keeps the order of calls nobody waits for, before and after the node has started', async () => {
    const { client, node } = createClient();
    const release = node.delayStart();
    client.emit('e', 0);
    const connected = client.connect().then(() => client.emit('e', 2));
    client.emit('e', 1);
    release();
    await connected;
    client.emit('e', 3);
    await settled();
    client.emit('e', 4);
    await settled();
    expect(node.sent.map(({ data }) => data)).toEqual([0, 1, 2, 3, 4]);
  });

  it('starts the node once', async () => {
    const { client, node } = createClient();
    client.emit('a', 1);
    client.emit('a', 2);
    await client.connect();
    expect(node.starts).toBe(1);
  });

  it('sends the data as it was at the call', async () => {
    const { client, node } = createClient();
    const data = { key: 'before' };
    client.emit('a', data);
    data.key = 'after';
    await settled();
    expect(node.sent[0]!.data).toEqual({ key: 'before' });
  });

  it('sends nothing as undefined, null as null, and everything falsy as it is', async () => {
    const { client, node } = createClient();
    client.emit('a');
    for (const data of [undefined, null, 0, '', false]) client.emit('a', data);
    await settled();
    expect(node.sent.map(({ data }) => data)).toEqual([undefined, undefined, null, 0, '', false]);
  });

  it('normalises object and number patterns as @EventPattern() does', async () => {
    const { client, node } = createClient();
    client.emit({ b: 1, a: { c: 'x' } }, 1);
    client.emit(7, 1);
    await settled();
    expect(node.sent.map(({ pattern }) => pattern)).toEqual(['{"a":{"c":"x"},"b":1}', '7']);
  });

  it.each([undefined, null, true, Symbol('s')])('fails on the pattern %s', async pattern => {
    const { client, node } = createClient();
    await expect(lastValueFrom(client.emit(pattern, 1))).rejects.toThrow('a pattern is text');
    expect(node.sent).toHaveLength(0);
  });

  it('sends the data, headers and zones of a record', async () => {
    const { client, node } = createClient();
    client.emit('a', new GwyhRecordBuilder({ key: 1 }).setHeaders({ tenant: 't' }).setZones(['x', 'y']).build());
    client.emit('b', new GwyhRecord(undefined, { tenant: 't' }));
    client.emit('c', new GwyhRecord(3));
    await settled();
    expect(node.sent).toEqual([
      { pattern: 'a', data: { key: 1 }, metadata: { tenant: 't' }, zones: ['x', 'y'] },
      { pattern: 'b', data: undefined, metadata: { tenant: 't' }, zones: undefined },
      { pattern: 'c', data: 3, zones: undefined },
    ]);
  });

  it('sends what a serializer makes of the packet, at once or later', async () => {
    const now = createClient({ serializer: { serialize: wrap } });
    now.client.emit('a', new GwyhRecord('x', { h: '1' }));
    const later = createClient({ serializer: { serialize: async (packet: never) => wrap(packet) } });
    later.client.emit('a', 'y');
    await settled();
    expect(now.node.sent).toEqual([
      { pattern: 'a', data: { v: 1, body: 'x' }, metadata: { h: '1' }, zones: undefined },
    ]);
    expect(later.node.sent).toEqual([{ pattern: 'a', data: { v: 1, body: 'y' }, zones: undefined }]);
  });
});

describe('an emit() that fails', () => {
  it('rejects where it is awaited, and is not logged', async () => {
    const { client, node, logger } = createClient();
    node.failBroadcast = new Error('queue full');
    await expect(lastValueFrom(client.emit('a', 1))).rejects.toThrow('queue full');
    await expect(lastValueFrom(client.emit('a', { f: () => 1 }))).rejects.toBeInstanceOf(GwyhEncodeError);
    expect(logger.lines).toEqual([]);
    expect(client.metrics()).toEqual({ emitsAccepted: 0, emitsFailed: 2, emitsLost: 0 });
  });

  it('does not throw at the call', () => {
    const { client } = createClient();
    expect(() => client.emit('a', { f: () => 1 })).not.toThrow();
  });

  it('is logged and counted when nobody subscribed, without flooding the log', async () => {
    const { client, node, logger } = createClient();
    node.failBroadcast = new Error('queue full');
    for (let i = 0; i < 50; i++) client.emit('a', 1);
    await settled();
    expect(logger.lines).toEqual(['warn Event "a" was not sent, and nobody subscribed to its emit(): queue full']);
    expect(client.metrics()).toEqual({ emitsAccepted: 0, emitsFailed: 50, emitsLost: 50 });
  });

  it('is logged for patterns of any kind', async () => {
    const circle: Record<string, unknown> = { cmd: 'a' };
    circle['self'] = circle;
    for (const pattern of [circle, Symbol('s'), null]) {
      const { client, node, logger } = createClient();
      node.failBroadcast = new Error('queue full');
      client.emit(pattern, 1);
      await settled();
      expect(logger.of('warn')).toHaveLength(1);
    }
  });

  it('tells later how many more failed', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const { client, node, logger } = createClient();
      node.failBroadcast = new Error('queue full');
      for (let i = 0; i < 3; i++) client.emit('a', 1);
      await settled();
      vi.advanceTimersByTime(60_000);
      client.emit('a', 1);
      await settled();
      expect(logger.lines[1]).toContain('(and 2 more like this)');
    } finally {
      vi.useRealTimers();
    }
  });

  it('fails with the error of the socket when the node cannot start, and can be tried again', async () => {
    const { client, node } = createClient();
    node.failStart = new Error('EADDRINUSE');
    await expect(lastValueFrom(client.emit('a', 1))).rejects.toThrow('EADDRINUSE');
    node.failStart = undefined;
    await lastValueFrom(client.emit('a', 2));
    expect(node.sent.map(({ data }) => data)).toEqual([2]);
  });
});

describe('send()', () => {
  it('fails at once and says what to use', async () => {
    const { client, node } = createClient();
    const failure = await firstValueFrom(client.send('a', 1)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(GwyhEventsOnlyError);
    expect((failure as Error).message).toContain('use emit()');
    expect(node.starts).toBe(0);
  });
});

describe('GwyhClientProxy', () => {
  it.runIf('setOnDispatchHook' in ClientProxy.prototype)(
    "calls the dispatch hook with each packet and sends its metadata, a record's headers before it",
    async () => {
      const { client, node } = createClient();
      client.setOnDispatchHook(packet => {
        packet.metadata = { trace: String(packet.pattern), tenant: 'hook' };
      });
      client.emit('a');
      client.emit('b', new GwyhRecord(1, { tenant: 'record' }));
      await settled();
      expect(node.sent.map(({ data, metadata }) => [data, metadata])).toEqual([
        [undefined, { trace: 'a', tenant: 'hook' }],
        [1, { trace: 'b', tenant: 'record' }],
      ]);
    },
  );

  it('reports its status', async () => {
    const { client, node } = createClient();
    const seen: string[] = [];
    client.status.subscribe(status => seen.push(status));
    await client.connect();
    node.report('ready');
    node.report('unready');
    client.close();
    expect(seen).toEqual(['listening', 'ready', 'listening', 'closed']);
  });

  it('passes on what happens to other homies, until told to stop', () => {
    const { client, node } = createClient();
    const left = vi.fn<(member: unknown) => void>();
    const stop = client.on('left', left);
    node.report('left', { id: 'a' });
    stop();
    node.report('left', { id: 'b' });
    expect(left.mock.calls).toEqual([[{ id: 'a' }]]);
  });

  it('unwraps to the node and leaves it open when closed', async () => {
    const { client, node } = createClient();
    await client.connect();
    client.close();
    expect(client.unwrap()).toBe(node);
    expect(node.closes).toBe(0);
  });
});
