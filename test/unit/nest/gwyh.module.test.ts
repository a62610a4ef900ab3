import {
  type CanActivate,
  Controller,
  type DynamicModule,
  type ExecutionContext,
  Injectable,
  Module,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD, type ModuleRef, NestFactory } from '@nestjs/core';
import { EventPattern, type MicroserviceOptions, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { lastValueFrom } from 'rxjs';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { decodeEvent, encodeEvent } from '../../../lib/nest/event-codec.js';
import { gwyh, registerHandlers } from '../../../lib/nest/gwyh.bootstrap.js';
import { GwyhClientProxy } from '../../../lib/nest/gwyh.client.js';
import { GwyhHealthIndicator } from '../../../lib/nest/gwyh.health.js';
import { GwyhModule } from '../../../lib/nest/gwyh.module.js';
import type { GwyhModuleOptions, GwyhOptionsFactory } from '../../../lib/nest/gwyh.module-options.js';
import { GwyhServer } from '../../../lib/nest/gwyh.server.js';
import { GwyhNode } from '../../../lib/runtime/gwyh-node.js';
import { FakeNode } from './fake-node.js';
import { near, startHomie } from './loopback.js';
import { MemoryLogger } from './memory-logger.js';

const calls: string[] = [];
beforeEach(() => void calls.splice(0));

@Injectable()
class Notes {
  readonly calls = calls;
}

@Injectable()
class NotingGuard implements CanActivate {
  constructor(private readonly notes: Notes) {}

  canActivate(context: ExecutionContext): boolean {
    this.notes.calls.push(`guard of ${context.getType()}`);
    return true;
  }
}

@Controller()
class ProbeController {
  @EventPattern('probe')
  @UseGuards(NotingGuard)
  probe(@Payload() data: unknown) {
    calls.push(`probe ${String(data)}`);
  }
}

/** An application with one handler, that joins `homie`. */
function probeApplication(homie: GwyhNode, options: GwyhModuleOptions = {}): Type {
  @Module({
    imports: [GwyhModule.forRoot({ ...near(homie), ...options })],
    controllers: [ProbeController],
    providers: [Notes],
  })
  class ProbeModule {}
  return ProbeModule;
}

interface Running {
  get<T>(type: Type<T>): T;
  close(): Promise<void>;
}

const quiet = { logger: false } as const;

const bootstraps: [name: string, start: (module: Type) => Promise<Running>][] = [
  ['an application', async module => (await NestFactory.create(module, quiet)).init()],
  ['an application context', module => NestFactory.createApplicationContext(module, quiet)],
  [
    'a microservice',
    async module => {
      const app = await NestFactory.createMicroservice(module, { ...gwyh, ...quiet });
      await app.listen();
      return app;
    },
  ],
  [
    'a hybrid application started before init()',
    async module => {
      const app = await NestFactory.create(module, quiet);
      app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(GwyhServer) }, { inheritAppConfig: true });
      await app.startAllMicroservices();
      return app.init();
    },
  ],
  [
    'a hybrid application started after init()',
    async module => {
      const app = await NestFactory.create(module, quiet);
      app.connectMicroservice(gwyh);
      await app.init();
      await app.startAllMicroservices();
      return app;
    },
  ],
  [
    'a hybrid application connected after init()',
    async module => {
      const app = await (await NestFactory.create(module, quiet)).init();
      app.connectMicroservice(gwyh);
      await app.startAllMicroservices();
      return app;
    },
  ],
  [
    'a hybrid application in one line',
    async module => {
      const app = await NestFactory.create(module, quiet);
      await app.connectMicroservice(gwyh).listen();
      return app.init();
    },
  ],
  ['a testing module', async module => (await Test.createTestingModule({ imports: [module] }).compile()).init()],
  [
    'an application of a testing module',
    async module => {
      const moduleRef = await Test.createTestingModule({ imports: [module] }).compile();
      return moduleRef.createNestApplication(quiet).init();
    },
  ],
  [
    'a microservice of a testing module',
    async module => {
      const moduleRef = await Test.createTestingModule({ imports: [module] }).compile();
      const app = moduleRef.createNestMicroservice({ ...gwyh, ...quiet });
      await app.listen();
      return app;
    },
  ],
];

describe.each(bootstraps)('in %s', (_, start) => {
  it('each handler runs once per event, behind its guard, and the homie leaves once', async () => {
    const homie = await startHomie();
    const seen: string[] = [];
    homie.on('left', () => seen.push('left'));
    homie.on('down', () => seen.push('down'));

    const app = await start(probeApplication(homie));
    onTestFinished(() => app.close());
    await Promise.all([homie.ready(), app.get(GwyhNode).ready()]);
    for (const data of [1, 2]) {
      await homie.broadcast(encodeEvent('probe', data));
      await vi.waitFor(() => expect(calls).toContain(`probe ${data}`));
    }
    expect(calls).toEqual(['guard of rpc', 'probe 1', 'guard of rpc', 'probe 2']);

    await app.close();
    await vi.waitFor(() => expect(seen).toEqual(['left']));
    expect(app.get(GwyhHealthIndicator).check()).toMatchObject({ status: 'down' });
  });
});

describe('an application that only emits', () => {
  it.each(bootstraps)('joins the cluster as %s', async (_, start) => {
    const homie = await startHomie();
    const received: unknown[] = [];
    homie.onBroadcast(payload => received.push(decodeEvent(payload)));

    const app = await start(emitterModule(GwyhModule.forRoot(near(homie))));
    onTestFinished(() => app.close());
    await app.get(GwyhNode).ready();
    await lastValueFrom(app.get(GwyhClientProxy).emit('hello', { from: 'app' }));
    await vi.waitFor(() => expect(received).toEqual([{ pattern: 'hello', data: { from: 'app' } }]));
  });
});

function emitterModule(imported: DynamicModule): Type {
  @Module({ imports: [imported] })
  class EmitterModule {}
  return EmitterModule;
}

describe('the lifecycle', () => {
  it('binds after every onModuleInit, and stops taking events before handlers lose their providers', async () => {
    const node = new FakeNode();
    const order: string[] = [];
    @Injectable()
    class Witness {
      onModuleInit() {
        order.push(`init: ${node.starts} starts`);
      }
      onModuleDestroy() {
        order.push(`destroy: ${node.closes} closes`);
      }
      beforeApplicationShutdown() {
        order.push(`before shutdown: ${node.listenerCount} listeners, ${node.closes} closes`);
      }
      onApplicationShutdown() {
        order.push(`shutdown: ${node.closes} closes`);
      }
    }
    const app = await Test.createTestingModule({ imports: [GwyhModule.forRoot()], providers: [Witness] })
      .overrideProvider(GwyhNode)
      .useValue(node)
      .compile();
    await app.init();
    expect(node.starts).toBe(1);
    await app.close();
    expect(order).toEqual([
      'init: 0 starts',
      'destroy: 0 closes',
      'before shutdown: 0 listeners, 0 closes',
      'shutdown: 1 closes',
    ]);
  });

  it('lets handlers finish, and emit, before the homie leaves', async () => {
    const node = new FakeNode();
    let finish!: () => void;
    @Controller()
    class SlowController {
      constructor(private readonly client: GwyhClientProxy) {}

      @EventPattern('slow')
      async slow(@Payload() _data: unknown) {
        await new Promise<void>(resolve => (finish = resolve));
        await lastValueFrom(this.client.emit('done', node.closes));
      }
    }
    const app = await Test.createTestingModule({ imports: [GwyhModule.forRoot()], controllers: [SlowController] })
      .overrideProvider(GwyhNode)
      .useValue(node)
      .compile();
    await app.init();
    node.deliver('slow');
    const closed = app.close();
    await vi.waitFor(() => expect(finish).toBeDefined());
    expect(node.closes).toBe(0);
    finish();
    await closed;
    expect(node.sent).toMatchObject([{ pattern: 'done', data: 0 }]);
    expect(node.closes).toBe(1);
  });

  it('leaves once where an explicit microservice closes the server first', async () => {
    const node = new FakeNode();
    const moduleRef = await Test.createTestingModule({
      imports: [GwyhModule.forRoot()],
      controllers: [ProbeController],
      providers: [Notes],
    })
      .overrideProvider(GwyhNode)
      .useValue(node)
      .compile();
    const app = moduleRef.createNestMicroservice({ ...gwyh, ...quiet });
    await app.listen();
    await app.close();
    expect(node.closes).toBe(1);
  });

  it('fails the bootstrap when the socket cannot be bound', async () => {
    const node = new FakeNode();
    node.failStart = new Error('EADDRINUSE');
    const app = await Test.createTestingModule({ imports: [GwyhModule.forRoot()] })
      .overrideProvider(GwyhNode)
      .useValue(node)
      .compile();
    await expect(app.init()).rejects.toThrow('EADDRINUSE');
  });

  it('emits before the bootstrap has finished', async () => {
    const node = new FakeNode();
    @Injectable()
    class Early {
      constructor(private readonly client: GwyhClientProxy) {}

      async onModuleInit() {
        await lastValueFrom(this.client.emit('early'));
      }
    }
    const app = await Test.createTestingModule({ imports: [GwyhModule.forRoot()], providers: [Early] })
      .overrideProvider(GwyhNode)
      .useValue(node)
      .compile();
    await app.init();
    expect(node.sent).toMatchObject([{ pattern: 'early' }]);
    await app.close();
  });
});

async function deliverWith(options: GwyhModuleOptions) {
  const node = new FakeNode();
  const app = await Test.createTestingModule({
    imports: [GwyhModule.forRoot(options)],
    controllers: [ProbeController],
    providers: [Notes, { provide: APP_GUARD, useClass: NotingGuard }],
  })
    .overrideProvider(GwyhNode)
    .useValue(node)
    .compile();
  await app.init();
  onTestFinished(() => app.close());
  node.deliver('probe', 1);
  await vi.waitFor(() => expect(calls).toContain('probe 1'));
  return calls;
}

describe('a Nest that hides its container', () => {
  it('is answered with the bootstrap to write instead', () => {
    const server = new GwyhServer(new FakeNode().asNode);
    expect(() => registerHandlers({} as ModuleRef, server, true)).toThrow('app.connectMicroservice(gwyh');
  });
});

describe('global guards', () => {
  it('run for events', async () => {
    expect(await deliverWith({})).toEqual(['guard of rpc', 'guard of rpc', 'probe 1']);
  });

  it('do not run with inheritAppConfig: false', async () => {
    expect(await deliverWith({ inheritAppConfig: false })).toEqual(['guard of rpc', 'probe 1']);
  });
});

async function zoneOf(imported: DynamicModule) {
  const app = await Test.createTestingModule({ imports: [imported] }).compile();
  return app.get(GwyhNode).zone;
}

const build = (options: GwyhModuleOptions) =>
  Test.createTestingModule({ imports: [GwyhModule.forRoot(options)] }).compile();

describe('options', () => {
  @Injectable()
  class ZoneFactory implements GwyhOptionsFactory {
    createGwyhOptions() {
      return { zone: 'by-class' };
    }
  }

  @Module({ providers: [ZoneFactory, { provide: 'ZONE', useValue: 'injected' }], exports: [ZoneFactory, 'ZONE'] })
  class ConfigModule {}

  it('are a zone, a zone and options, or options', async () => {
    expect(await zoneOf(GwyhModule.forRoot('a'))).toBe('a');
    expect(await zoneOf(GwyhModule.forRoot('b', { subscriptions: 3 }))).toBe('b');
    expect(await zoneOf(GwyhModule.forRoot({ zone: 'c' }))).toBe('c');
    expect(await zoneOf(GwyhModule.forRoot())).toBe('default');
  });

  it('of the node are checked by the node: the error names the option', async () => {
    await expect(build({ detectionTimeMs: 1 })).rejects.toThrow('Option "detectionTimeMs" cannot be 1: ');
    await expect(build({ detectionTimeMs: 3_000, heartbeat: {} })).rejects.toThrow('Give one of the two.');
    await build({ detectionTimeMs: 30_000 });
  });

  it('come from a factory', async () => {
    const imported = GwyhModule.forRootAsync({
      imports: [ConfigModule],
      inject: ['ZONE'],
      useFactory: async (zone: string) => ({ zone }),
    });
    expect(await zoneOf(imported)).toBe('injected');
  });

  it('come from a class, new or existing', async () => {
    expect(await zoneOf(GwyhModule.forRootAsync({ useClass: ZoneFactory }))).toBe('by-class');
    expect(await zoneOf(GwyhModule.forRootAsync({ imports: [ConfigModule], useExisting: ZoneFactory }))).toBe(
      'by-class',
    );
  });

  it('of two imports for one cluster are warned of', async () => {
    const logger = new MemoryLogger();
    const twice = [GwyhModule.forRoot('a', { logger }), GwyhModule.forRoot('b', { logger })];
    const other = GwyhModule.forRoot('a', { logger, cluster: 'other', isGlobal: false });
    const app = await Test.createTestingModule({ imports: [...twice, other] })
      .overrideProvider(GwyhNode)
      .useValue(new FakeNode())
      .compile();
    await app.init();
    expect(logger.of('warn')).toEqual([expect.stringContaining('imported 2 times for one cluster')]);
    await app.close();
  });

  it.each([
    [{ gracePeriodMs: -1 }, 'gracePeriodMs'],
    [{ serializer: {} as never }, 'serializer'],
    [{ deserializer: {} as never }, 'deserializer'],
    [{ subscriptions: 99 }, 'subscriptions'],
    [{ zoone: 'a' } as never, 'zoone'],
  ])('that cannot be used are named: %o', async (options: GwyhModuleOptions, name) => {
    await expect(zoneOf(GwyhModule.forRoot(options))).rejects.toThrow(`Option "${name}"`);
  });

  it('make the module global unless told otherwise', () => {
    expect(GwyhModule.forRoot('a').global).toBe(true);
    expect(GwyhModule.forRoot('a', { isGlobal: false }).global).toBe(false);
    expect(GwyhModule.forRootAsync({ useClass: ZoneFactory }).global).toBe(true);
    expect(GwyhModule.forRootAsync({ useClass: ZoneFactory, isGlobal: false }).global).toBe(false);
  });
});
