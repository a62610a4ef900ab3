import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { GwyhNode } from '../runtime/gwyh-node.js';
import { registerHandlers } from './gwyh.bootstrap.js';
import { GwyhClientProxy } from './gwyh.client.js';
import { GWYH_LOG_CONTEXT } from './gwyh.constants.js';
import { GwyhHealthIndicator } from './gwyh.health.js';
import {
  ASYNC_OPTIONS_TYPE,
  ConfigurableModuleClass,
  type GwyhModuleExtras,
  type GwyhModuleOptions,
  MODULE_OPTIONS_TOKEN,
  nodeOptions,
} from './gwyh.module-options.js';
import { GwyhServer } from './gwyh.server.js';

/**
 * Makes the application a homie. Importing it is enough: it runs the `@EventPattern()` handlers of all controllers, and
 * `GwyhClientProxy`, `GwyhNode`, `GwyhServer` and `GwyhHealthIndicator` can be injected.
 *
 * ```ts
 * @Module({ imports: [GwyhModule.forRoot('eu-west-1', { bind: '0.0.0.0:6969', peers: ['gossip.internal:6969'] })] })
 * class AppModule {} // the key is in the environment: GWYH_KEYS
 *
 * @Controller()
 * class CacheController {
 *   constructor(private readonly gossip: GwyhClientProxy) {}
 *
 *   @EventPattern('cache.invalidate')
 *   drop(@Payload() event: { key: string }) {}
 *
 *   invalidate(key: string) {
 *     return this.gossip.emit('cache.invalidate', { key });
 *   }
 * }
 * ```
 *
 * It binds the socket in `onApplicationBootstrap`, after every `onModuleInit` of the application. When the application
 * closes it takes no more events (`onModuleDestroy`), waits for the handlers that run and says goodbye
 * (`beforeApplicationShutdown`). A signal closes the application only with `app.enableShutdownHooks()`.
 *
 * @publicApi
 */
@Module({
  providers: [
    {
      provide: GwyhNode,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: GwyhModuleOptions) => new GwyhNode(nodeOptions(options)),
    },
    {
      provide: GwyhServer,
      inject: [GwyhNode, MODULE_OPTIONS_TOKEN],
      useFactory: (node: GwyhNode, options: GwyhModuleOptions) => new GwyhServer(node, options),
    },
    {
      provide: GwyhClientProxy,
      inject: [GwyhNode, MODULE_OPTIONS_TOKEN],
      useFactory: (node: GwyhNode, options: GwyhModuleOptions) => new GwyhClientProxy(node, options),
    },
    {
      provide: GwyhHealthIndicator,
      inject: [GwyhNode, GwyhServer],
      useFactory: (node: GwyhNode, server: GwyhServer) => new GwyhHealthIndicator(node, server),
    },
  ],
  exports: [GwyhNode, GwyhServer, GwyhClientProxy, GwyhHealthIndicator],
})
export class GwyhModule
  extends ConfigurableModuleClass
  implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown
{
  constructor(
    private readonly node: GwyhNode,
    private readonly server: GwyhServer,
    private readonly client: GwyhClientProxy,
    private readonly moduleRef: ModuleRef,
    @Inject(MODULE_OPTIONS_TOKEN) private readonly options: GwyhModuleOptions,
  ) {
    super();
  }

  /**
   * @param zone the zone of this homie, or all options at once
   * @param options the other options
   */
  static override forRoot(
    zone: string | (GwyhModuleOptions & GwyhModuleExtras) = {},
    options: Omit<GwyhModuleOptions, 'zone'> & GwyhModuleExtras = {},
  ): DynamicModule {
    return super.forRoot(typeof zone === 'string' ? { ...options, zone } : { ...options, ...zone });
  }

  /** Options from `useFactory` with `inject` and `imports`, or from `useClass` or `useExisting`, a {@link GwyhOptionsFactory}. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(options);
  }

  async onApplicationBootstrap(): Promise<void> {
    this.warnOfTwins();
    // Whoever registers handlers explicitly also calls listen().
    if (this.server.isAttached) return;
    registerHandlers(this.moduleRef, this.server, this.options.inheritAppConfig ?? true);
    await new Promise<void>((resolve, reject) => {
      this.server.listen(error => (error === undefined ? resolve() : reject(error)));
    });
  }

  onModuleDestroy(): void {
    this.server.stopIntake();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.server.close();
    this.client.close();
    await this.node.close();
  }

  private warnOfTwins(): void {
    const modules = this.moduleRef.get<GwyhModule>(GwyhModule, { strict: false, each: true });
    const twins = modules.filter(({ options }) => options.cluster === this.options.cluster);
    if (twins.length < 2 || twins[0] !== this) return;
    (this.options.logger ?? new Logger(GWYH_LOG_CONTEXT)).warn(
      `GwyhModule is imported ${twins.length} times for one cluster. Each import is a homie of its own, so that handlers ` +
        'run once for each of them, and for what this very process emits. Import it once: it is global.',
    );
  }
}
