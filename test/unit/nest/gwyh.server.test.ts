import {
  type CallHandler,
  Catch,
  Controller,
  type ExecutionContext,
  type RpcExceptionFilter,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import {
  BaseRpcContext,
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  RpcException,
  Transport,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { defer, EMPTY, of, Subject, throwError } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { encodeEvent } from '../../../lib/nest/event-codec.js';
import { GWYH_TRANSPORT } from '../../../lib/nest/gwyh.constants.js';
import { GwyhContext } from '../../../lib/nest/gwyh.context.js';
import { GwyhModule } from '../../../lib/nest/gwyh.module.js';
import { GwyhServer, type GwyhServerOptions } from '../../../lib/nest/gwyh.server.js';
import { GwyhNode } from '../../../lib/runtime/gwyh-node.js';
import { FakeNode } from './fake-node.js';
import { MemoryLogger } from './memory-logger.js';

type Handler = (data: unknown, context: GwyhContext) => unknown;

const settled = () => new Promise(resolve => setImmediate(resolve));
const listen = (server: GwyhServer) =>
  new Promise<void>((resolve, reject) => server.listen(error => (error ? reject(error as Error) : resolve())));

/** A server without an application around it. */
async function createServer(handlers: Record<string, Handler>, options: GwyhServerOptions = {}) {
  const node = new FakeNode();
  const logger = new MemoryLogger();
  const server = new GwyhServer(node.asNode, { logger, ...options });
  for (const [pattern, handler] of Object.entries(handlers)) {
    server.addHandler(pattern, async (data: unknown, context: GwyhContext) => handler(data, context), true);
  }
  await listen(server);
  return { node, logger, server };
}

/** An application with these controllers, on a node without a network. */
async function createApplication(...controllers: (new () => object)[]) {
  const node = new FakeNode();
  const logger = new MemoryLogger();
  const moduleRef = await Test.createTestingModule({ imports: [GwyhModule.forRoot({ logger })], controllers })
    .overrideProvider(GwyhNode)
    .useValue(node)
    .setLogger(logger)
    .compile();
  await moduleRef.init();
  onTestFinished(() => moduleRef.close());
  return { node, logger, server: moduleRef.get(GwyhServer) };
}

describe('receiving', () => {
  it('calls the handler with the data and what is known of the event', async () => {
    const seen: unknown[] = [];
    const { node, server } = await createServer({
      'cache.invalidate': (data, context) => {
        seen.push(data, context.getPattern(), context.getOrigin(), context.getHops());
        seen.push(context.getReceivedFrom(), context.getSequence(), context.getHeaders(), context.getMetadata());
      },
    });
    node.deliver('cache.invalidate', { key: 1 }, { tenant: 't' });
    expect(seen).toEqual([
      { key: 1 },
      'cache.invalidate',
      { id: 'a'.repeat(32), zone: 'there' },
      2,
      'b'.repeat(32),
      7,
      { tenant: 't' },
      { tenant: 't' },
    ]);
    expect(server.metrics()).toMatchObject({ eventsHandled: 1 });
  });

  it('calls the handler before anything else happens', async () => {
    const handler = vi.fn<Handler>();
    const { node } = await createServer({ a: handler });
    node.deliver('a', 1);
    expect(handler).toHaveBeenCalledOnce();
  });

  it('hands over undefined where nothing was sent, and empty headers where there are none', async () => {
    const handler = vi.fn<Handler>();
    const { node } = await createServer({ a: handler });
    node.deliver('a');
    expect(handler.mock.calls[0]![0]).toBeUndefined();
    expect(handler.mock.calls[0]![1].getHeaders()).toEqual({});
  });

  it('skips events without a handler: counted, told once in the debug log', async () => {
    const { node, server, logger } = await createServer({ a: () => undefined });
    for (let i = 0; i < 3; i++) node.deliver('b', 1);
    node.deliver('a.b', 1);
    await settled();
    expect(server.metrics()).toMatchObject({ eventsHandled: 0, eventsWithoutHandler: 4 });
    expect(logger.of('debug')).toHaveLength(2);
    expect(logger.lines.slice(1)).toEqual(logger.of('debug'));
  });

  it('drops what cannot be read: counted, warned of once', async () => {
    const handler = vi.fn<Handler>();
    const { node, server, logger } = await createServer({ a: handler });
    for (let i = 0; i < 3; i++) node.deliverBytes(new Uint8Array([0xc1, i]));
    node.deliverBytes(encodeEvent('a', 'text').subarray(0, 4));
    node.deliver('a', 1);
    expect(server.metrics()).toMatchObject({ eventsUndecodable: 4, eventsHandled: 1 });
    expect(logger.of('warn')).toEqual([expect.stringContaining(`Dropped an event of ${'a'.repeat(32)}`)]);
  });

  it('matches object and number patterns, and text that reads as JSON', async () => {
    const seen: unknown[] = [];
    const node = new FakeNode();
    const server = new GwyhServer(node.asNode);
    for (const pattern of [{ b: 1, a: 'x' }, 7, '{"z":1, "y":2}', '[1']) {
      server.addHandler(pattern, async () => void seen.push(pattern), true);
    }
    await listen(server);
    for (const pattern of ['{"a":"x","b":1}', '7', '{"z":1, "y":2}', '[1']) node.deliver(pattern);
    expect(seen).toEqual([{ b: 1, a: 'x' }, 7, '{"z":1, "y":2}', '[1']);
  });

  it('runs the processing hooks around each event', async () => {
    const seen: string[] = [];
    const { node, server } = await createServer({ a: () => seen.push('handler') });
    server.setOnProcessingStartHook((transport, context, done) => {
      seen.push(`start ${String(transport)} ${(context as GwyhContext).getPattern()}`);
      void done();
    });
    server.setOnProcessingEndHook(() => seen.push('end'));
    node.deliver('a', 1);
    await settled();
    expect(seen).toEqual(['start Symbol(gwyh) a', 'handler', 'end']);
  });

  it('runs the end hook when what the handler streams has ended, and counts it until then', async () => {
    const gate = new Subject<void>();
    let ends = 0;
    const { node, server } = await createServer({ a: () => gate });
    server.setOnProcessingEndHook(() => ends++);
    node.deliver('a', 1);
    await settled();
    expect([ends, server.metrics()['eventsInFlight']]).toEqual([0, 1]);
    gate.complete();
    await settled();
    expect([ends, server.metrics()['eventsInFlight']]).toEqual([1, 0]);
  });

  it('logs what a handler rejects with between the processing hooks as well', async () => {
    const { node, server, logger } = await createServer({ a: () => Promise.reject(new Error('broken')) });
    server.setOnProcessingStartHook((_transport, _context, done) => done());
    node.deliver('a', 1);
    await settled();
    expect(logger.of('error')).toEqual([expect.stringContaining('Event "a" could not be handled: Error: broken')]);
    expect(server.metrics()).toMatchObject({ handlerErrors: 1, eventsInFlight: 0 });
  });

  it('logs what a handler rejects with', async () => {
    const { node, server, logger } = await createServer({ a: () => Promise.reject(new Error('broken')) });
    node.deliver('a', 1);
    await settled();
    expect(logger.of('error')).toEqual([expect.stringContaining('Event "a" could not be handled: Error: broken')]);
    expect(server.metrics()).toMatchObject({ handlerErrors: 1, eventsInFlight: 0 });
  });
});

describe('a deserializer', () => {
  it.each([
    ['at once', (event: unknown) => event],
    ['later', async (event: unknown) => event],
  ])('may change the event, answering %s', async (_, answer) => {
    const handler = vi.fn<Handler>();
    const { node } = await createServer(
      { renamed: handler },
      {
        deserializer: {
          deserialize: (event: { data: { body: unknown } }, options) =>
            answer({ pattern: options?.['channel'] === 'wire' ? 'renamed' : 'other', data: event.data.body }) as never,
        },
      },
    );
    node.deliver('wire', { body: 5 }, { tenant: 't' });
    node.deliver('else', { body: 6 });
    await settled();
    expect(handler.mock.calls.map(([data, context]) => [data, context.getHeaders()])).toEqual([[5, { tenant: 't' }]]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
  ])('that %s drops the event', async (_, deserialize) => {
    const { node, server } = await createServer({ a: () => undefined }, { deserializer: { deserialize } });
    node.deliver('a', 1);
    await settled();
    expect(server.metrics()).toMatchObject({ eventsUndecodable: 1 });
  });
});

describe('listen()', () => {
  it('starts the node and takes events once, however often it is called', async () => {
    const handler = vi.fn<Handler>();
    const { node, server } = await createServer({ a: handler });
    await Promise.all([listen(server), listen(server)]);
    node.deliver('a', 1);
    expect(handler).toHaveBeenCalledOnce();
    expect(node.starts).toBe(1);
  });

  it('ignores handlers that are registered after it, as by a second bootstrap', async () => {
    const handler = vi.fn<Handler>();
    const { node, server } = await createServer({ a: handler });
    server.addHandler('a', async () => handler(1, undefined as never), true);
    node.deliver('a', 1);
    await settled();
    expect(handler).toHaveBeenCalledOnce();
  });

  it('calls back with the error when the node cannot start, and can be tried again', async () => {
    const node = new FakeNode();
    const server = new GwyhServer(node.asNode);
    node.failStart = new Error('EADDRINUSE');
    await expect(listen(server)).rejects.toThrow('EADDRINUSE');
    expect(node.listenerCount).toBe(0);
    node.failStart = undefined;
    await listen(server);
    expect(node.listenerCount).toBe(1);
  });

  it('tells in the log where it listens', async () => {
    const { logger } = await createServer({});
    expect(logger.lines).toEqual([`log Homie ${'f'.repeat(32)} gossips on 127.0.0.1:6969 in zone "here"`]);
  });

  it('works again after close()', async () => {
    const handler = vi.fn<Handler>();
    const { node, server } = await createServer({ a: handler });
    await server.close();
    node.deliver('a', 1);
    await listen(server);
    node.deliver('a', 2);
    expect(handler.mock.calls.map(([data]) => data)).toEqual([2]);
  });
});

describe('close()', () => {
  it('takes no more events and leaves the node in the cluster', async () => {
    const handler = vi.fn<Handler>();
    const { node, server } = await createServer({ a: handler });
    await Promise.all([server.close(), server.close()]);
    node.deliver('a', 1);
    expect(handler).not.toHaveBeenCalled();
    expect(node.closes).toBe(0);
  });

  it('waits for handlers that run', async () => {
    const gate = new Subject<void>();
    const { node, server } = await createServer({
      promise: () => new Promise<void>(resolve => gate.subscribe({ complete: resolve })),
      stream: () => gate,
    });
    node.deliver('promise');
    node.deliver('stream');
    await settled();
    expect(server.metrics()).toMatchObject({ eventsInFlight: 2 });
    const order: string[] = [];
    const closed = server.close().then(() => order.push('closed'));
    await settled();
    order.push('handlers done');
    gate.complete();
    await closed;
    expect(order).toEqual(['handlers done', 'closed']);
  });

  it('waits no longer than the grace period, and says so', async () => {
    const { node, server, logger } = await createServer(
      { a: () => new Promise(() => undefined) },
      { gracePeriodMs: 5 },
    );
    node.deliver('a');
    await server.close();
    expect(logger.of('warn')).toEqual([expect.stringContaining('1 event handlers still run after 5 ms')]);
  });

  it('does nothing on a server that never listened', async () => {
    const server = new GwyhServer(new FakeNode().asNode);
    await expect(server.close()).resolves.toBeUndefined();
  });
});

describe('GwyhServer', () => {
  it('reports its status', async () => {
    const node = new FakeNode();
    const server = new GwyhServer(node.asNode);
    const seen: string[] = [];
    server.status.subscribe(status => seen.push(status));
    await listen(server);
    node.report('ready');
    node.report('unready');
    await server.close();
    expect(seen).toEqual(['listening', 'ready', 'listening', 'closed']);
  });

  it('passes on what happens to other homies, also when asked before listen()', () => {
    const node = new FakeNode();
    const server = new GwyhServer(node.asNode);
    const down = vi.fn<(member: unknown) => void>();
    const stop = server.on('down', down);
    node.report('down', { id: 'a' });
    stop();
    node.report('down', { id: 'b' });
    expect(down.mock.calls).toEqual([[{ id: 'a' }]]);
    expect(server.unwrap()).toBe(node);
  });
});

describe('handlers in controllers', () => {
  it('run all, where several have the same pattern, even when the first one throws', async () => {
    const seen: string[] = [];
    @Controller()
    class First {
      @EventPattern('a')
      handle(@Payload() _data: unknown) {
        seen.push('first');
        throw new Error('first is broken');
      }
    }
    @Controller()
    class Second {
      @EventPattern('a')
      handle(@Payload() _data: unknown) {
        seen.push('second');
      }
    }
    const { node } = await createApplication(First, Second);
    node.deliver('a');
    await settled();
    expect(seen).toEqual(['first', 'second']);
  });

  it('may return Observables, and are run when an interceptor makes one of them', async () => {
    const seen: string[] = [];
    @Controller()
    class Streams {
      @EventPattern('stream')
      stream(@Payload() _data: unknown) {
        return defer(() => of(seen.push('subscribed')));
      }

      @EventPattern('intercepted')
      @UseInterceptors({
        intercept: (_context: ExecutionContext, next: CallHandler) => {
          seen.push('interceptor');
          return next.handle();
        },
      })
      intercepted(@Payload() _data: unknown) {
        seen.push('handler');
      }
    }
    const { node } = await createApplication(Streams);
    node.deliver('stream');
    await settled();
    node.deliver('intercepted');
    await settled();
    expect(seen).toEqual(['subscribed', 'interceptor', 'handler']);
  });

  it('are of a new instance per event in request scope', async () => {
    const seen: number[] = [];
    let instances = 0;
    @Controller({ scope: Scope.REQUEST })
    class PerEvent {
      private readonly instance = ++instances;

      @EventPattern('a')
      handle(@Payload() _data: unknown) {
        seen.push(this.instance);
      }
    }
    const { node } = await createApplication(PerEvent);
    node.deliver('a');
    node.deliver('a');
    await vi.waitFor(() => expect(seen).toHaveLength(2));
    expect(new Set(seen).size).toBe(2);
  });

  it('get the context by @Ctx()', async () => {
    const seen: unknown[] = [];
    @Controller()
    class Contexts {
      @EventPattern<string>('a')
      handle(@Payload() _data: unknown, @Ctx() context: GwyhContext) {
        seen.push(context instanceof BaseRpcContext, context.getOrigin().zone);
      }
    }
    const { node } = await createApplication(Contexts);
    node.deliver('a');
    await settled();
    expect(seen).toEqual([true, 'there']);
  });

  it('are served when they name this transport or none, and not when they name another', async () => {
    const seen: string[] = [];
    @Controller()
    class Transports {
      @EventPattern('ours', GWYH_TRANSPORT)
      ours(@Payload() _data: unknown) {
        seen.push('ours');
      }

      @EventPattern('theirs', Transport.NATS)
      theirs(@Payload() _data: unknown) {
        seen.push('theirs');
      }

      @EventPattern(['one', 'two'])
      both(@Payload() data: unknown) {
        seen.push(String(data));
      }
    }
    const { node } = await createApplication(Transports);
    for (const pattern of ['ours', 'theirs', 'one', 'two']) node.deliver(pattern, pattern);
    await settled();
    expect(seen).toEqual(['ours', 'one', 'two']);
  });

  it('of @MessagePattern() are refused with a warning, and do not replace event handlers', async () => {
    const seen: string[] = [];
    @Controller()
    class Mixed {
      @EventPattern('a')
      event(@Payload() _data: unknown) {
        seen.push('event');
      }

      @MessagePattern('a')
      request(@Payload() _data: unknown) {
        seen.push('request');
      }

      @MessagePattern({ cmd: 'sum' })
      sum(@Payload() _data: unknown) {
        seen.push('sum');
      }
    }
    const { node, logger } = await createApplication(Mixed);
    node.deliver('a');
    node.deliver('{"cmd":"sum"}');
    await settled();
    expect(seen).toEqual(['event']);
    const warnings = logger.of('warn');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('does not serve @MessagePattern() of a, {"cmd":"sum"}');
  });

  it.each([
    ['an Error', () => new Error('kaput'), 'kaput'],
    ['an RpcException', () => new RpcException('kaput'), 'kaput'],
  ])('that throw %s are logged once, and the next event is handled', async (_, create, text) => {
    const seen: unknown[] = [];
    @Controller()
    class Throws {
      @EventPattern('a')
      handle(@Payload() data: unknown) {
        seen.push(data);
        if (data === 1) throw create();
      }

      @EventPattern('stream')
      stream(@Payload() _data: unknown) {
        return throwError(create);
      }
    }
    const { node, logger, server } = await createApplication(Throws);
    node.deliver('a', 1);
    node.deliver('stream');
    node.deliver('a', 2);
    await settled();
    expect(seen).toEqual([1, 2]);
    expect(logger.of('error').filter(line => line.includes(text))).toHaveLength(2);
    expect(logger.of('error')).toHaveLength(2);
    expect(server.metrics()).toMatchObject({ handlerErrors: 2, eventsInFlight: 0 });
  });

  it('behind a guard that refuses are not run, and the refusal is logged', async () => {
    const seen: unknown[] = [];
    @Controller()
    @UseGuards({ canActivate: () => false })
    class Guarded {
      @EventPattern('a')
      handle(@Payload() data: unknown) {
        seen.push(data);
      }
    }
    const { node, logger } = await createApplication(Guarded);
    node.deliver('a', 1);
    await settled();
    expect(seen).toEqual([]);
    expect(logger.of('error')).toEqual([expect.stringContaining('Forbidden resource')]);
  });

  it('whose errors a filter has handled are not logged', async () => {
    const seen: unknown[] = [];
    @Catch()
    class Swallow implements RpcExceptionFilter {
      catch(exception: Error) {
        seen.push(exception.message);
        return EMPTY;
      }
    }
    @Controller()
    @UseFilters(Swallow)
    class Filtered {
      @EventPattern('a')
      handle(@Payload() _data: unknown) {
        throw new RpcException('kaput');
      }
    }
    const { node, logger } = await createApplication(Filtered);
    node.deliver('a');
    await settled();
    expect(seen).toEqual(['kaput']);
    expect(logger.of('error')).toEqual([]);
  });
});
