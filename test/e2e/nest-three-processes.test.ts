import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { HomieProcess } from './fixtures/homie-process.js';

const PATIENCE = { timeout: 30_000, interval: 20 };

let a: HomieProcess;
let b: HomieProcess;
let c: HomieProcess;

/** Waits until it is linked with all others. */
async function linked(homie: HomieProcess, others: number): Promise<void> {
  await vi.waitFor(async () => {
    const links = { members: others, feeds: others, subscribers: others };
    expect(await homie.ask({ type: 'links' })).toEqual(links);
  }, PATIENCE);
}

/** Makes sure that what was emitted before has been handled, or will never be. */
async function passMarker(from: HomieProcess, others: HomieProcess[], name: string): Promise<void> {
  await from.emit('marker', name);
  await Promise.all(others.map(homie => homie.first('event', event => event.data === name)));
}

/** Emits an order, and returns the steps that it took in both of the others. */
async function stepsOf(order: object, last: string, headers?: Record<string, string>): Promise<string[]> {
  const before = [b, c].map(homie => homie.steps.length);
  await a.emit('order.created', order, headers && { headers });
  const steps = [b, c].map(async (homie, i) => {
    await homie.first('step', () => homie.steps.slice(before[i]).includes(last));
    return homie.steps.slice(before[i]);
  });
  const [ofB, ofC] = await Promise.all(steps);
  expect(ofC).toEqual(ofB);
  return ofB!;
}

const big = Buffer.alloc(300_000, 'gossip');
const payloads: [name: string, data: unknown, kind: string][] = [
  ['nothing', undefined, 'undefined'],
  ['null', null, 'null'],
  ['false', false, 'Boolean'],
  ['zero', 0, 'Number'],
  ['a fraction', -1.5e-7, 'Number'],
  ['the largest safe integer', Number.MAX_SAFE_INTEGER, 'Number'],
  ['no number', Number.NaN, 'Number'],
  ['an empty text', '', 'String'],
  ['text', 'żółć 🦊 \ufeff', 'String'],
  ['a long text', 'gossip '.repeat(30_000), 'String'],
  ['a bigint', -(2n ** 100n), 'BigInt'],
  ['a date', new Date('2024-02-29T12:34:56.789Z'), 'Date'],
  ['a Buffer', Buffer.from([0, 255, 1]), 'Buffer'],
  ['a Uint8Array', new Uint8Array([0, 255, 1]), 'Uint8Array'],
  ['a Buffer of many datagrams', big, 'Buffer'],
  ['an array', [1, [2, [3, null]], 'x'], 'Array'],
  ['an object', { key: 'user:1', nested: { at: new Date(0), ids: [1n, 2n], raw: Buffer.from('x') } }, 'Object'],
  [
    'a Map',
    new Map<unknown, unknown>([
      ['a', 1],
      [2, new Set(['b'])],
    ]),
    'Map',
  ],
  ['a Set', new Set([1, 'two']), 'Set'],
];

describe('three Nest processes', () => {
  beforeAll(async () => {
    a = await HomieProcess.start({ zone: 'north' });
    [b, c] = await Promise.all([
      HomieProcess.start({ zone: 'south', peers: [a.address] }),
      HomieProcess.start({ zone: 'south', peers: [a.address] }),
    ]);
    await Promise.all([linked(a, 2), linked(b, 2), linked(c, 2)]);
  });

  afterAll(async () => {
    await Promise.all([a, b, c].map(homie => homie?.kill()));
  });

  it('handle each event exactly once in the two that did not emit it', async () => {
    for (const [from, others] of [
      [a, [b, c]],
      [b, [a, c]],
      [c, [a, b]],
    ] as const) {
      await from.emit('ping', from.id);
      await passMarker(from, [...others], `ping of ${from.id}`);
      const counts = [a, b, c].map(homie => homie.events('ping').filter(({ data }) => data === from.id).length);
      expect(counts).toEqual([a, b, c].map(homie => (homie === from ? 0 : 1)));
    }
  });

  it.each(payloads)('carry %s as it is', async (_, data, kind) => {
    const before = c.events('any').length;
    await a.emit('any', data);
    await c.first('event', () => c.events('any').length > before);
    const received = c.events('any').at(-1)!;
    expect(received.data).toEqual(data);
    expect(received.kind).toBe(kind);
  });

  it('carry object patterns, whatever the order of their keys', async () => {
    await b.emit({ version: 1, cmd: 'object' }, 'from b');
    const event = await c.first('event', ({ pattern }) => pattern === 'object');
    expect(event.data).toBe('from b');
  });

  it('know where an event comes from, and its headers', async () => {
    await a.emit('any', 'with headers', { headers: { trace: 'abc' } });
    const event = await c.first('event', ({ data }) => data === 'with headers');
    expect(event).toMatchObject({ zone: 'north', headers: { trace: 'abc' } });
    expect(event.hops).toBeGreaterThanOrEqual(1);
  });

  it('handle an event only in the zones it names', async () => {
    await b.emit('zoned', 'for south', { zones: ['south'] });
    await c.first('event', ({ data }) => data === 'for south');
    await passMarker(b, [a, c], 'after zoned');
    expect(a.events('zoned')).toEqual([]);
  });

  it('receive what was emitted without waiting for it', async () => {
    await a.ask({ type: 'emit-unawaited', pattern: 'series', count: 200 });
    for (const homie of [b, c]) {
      await homie.first('event', () => homie.events('series').length === 200);
      expect(new Set(homie.events('series').map(({ data }) => data)).size).toBe(200);
    }
  });

  it('run guards, interceptors, pipes and filters around the handler', async () => {
    expect(await stepsOf({ id: 7, item: 'tea' }, 'interceptor after')).toEqual([
      'guard',
      'interceptor before',
      'order true 7',
      'interceptor after',
    ]);
  });

  it('refuse invalid data in the pipe, and let the filter answer', async () => {
    const last = 'filter: Bad Request Exception';
    expect(await stepsOf({ id: 'seven', item: 'tea' }, last)).toEqual(['guard', 'interceptor before', last]);
  });

  it('refuse what the guard denies, and let the filter answer', async () => {
    const last = 'filter: Forbidden resource';
    expect(await stepsOf({ id: 8, item: 'tea' }, last, { denied: 'yes' })).toEqual(['guard', last]);
  });

  it('say nothing about events they have no handler for', async () => {
    await a.emit('nobody.cares', { a: 1 });
    await passMarker(a, [b, c], 'after nobody');
    const told = [b, c].flatMap(homie => homie.all('log')).filter(({ message }) => message.includes('nobody.cares'));
    expect(told.map(({ level }) => level)).toEqual(['debug', 'debug']);
  });

  it('fail send() at once, and say to use emit()', async () => {
    await expect(a.ask({ type: 'send', pattern: 'sum' })).rejects.toThrow(/GwyhEventsOnlyError: .*use emit\(\)/);
  });

  it('fail an emit() of what cannot be sent, with the path to it', async () => {
    await expect(a.emit('any', { at: new Date(Number.NaN) })).rejects.toThrow('data.at is an invalid Date');
    await expect(a.emit('any', Buffer.alloc(2_000_000))).rejects.toThrow('GwyhMessageTooLargeError');
  });

  it('have neither warned nor failed so far', () => {
    const complaints = [a, b, c].flatMap(homie => homie.all('log')).filter(({ level }) => /warn|error/.test(level));
    expect(complaints).toEqual([]);
  });

  it('finish what they handle and say goodbye on SIGTERM', async () => {
    await a.emit('slow');
    await c.first('step', ({ step }) => step === 'slow begins');
    await b.first('step', ({ step }) => step === 'slow begins');

    c.terminate();
    await c.first('step', ({ step }) => step === 'destroying');
    await passMarker(a, [b], 'while c closes');
    expect(a.changes(c.id)).toEqual(['up']);

    await c.ask({ type: 'finish' });
    expect(await c.ended()).toBe('SIGTERM');
    expect(c.steps.at(-1)).toBe('slow ends');
    await Promise.all([a, b].map(homie => homie.first('member', ({ change, id }) => change === 'left' && id === c.id)));
    expect([a.changes(c.id), b.changes(c.id)]).toEqual([
      ['up', 'left'],
      ['up', 'left'],
    ]);
  });

  it('go on without the one that left', async () => {
    await b.ask({ type: 'finish' });
    await b.emit('any', 'to a');
    await a.emit('any', 'to b');
    const heard = [a.first('event', ({ data }) => data === 'to a'), b.first('event', ({ data }) => data === 'to b')];
    expect((await Promise.all(heard)).map(({ pattern }) => pattern)).toEqual(['any', 'any']);
    expect(await a.ask({ type: 'links' })).toMatchObject({ members: 1 });
  });
});

describe('a Nest process with deliverToSelf', () => {
  it('handles its own events, once, as the others do', async () => {
    const own = await HomieProcess.start({ deliverToSelf: true, zone: 'own' });
    try {
      await own.emit('ping', 'to myself');
      const event = await own.first('event', ({ data }) => data === 'to myself');
      expect(event).toMatchObject({ hops: 0, zone: 'own', kind: 'String' });
      await passMarker(own, [own], 'after');
      expect(own.events('ping')).toHaveLength(1);
    } finally {
      await own.kill();
    }
  });
});
