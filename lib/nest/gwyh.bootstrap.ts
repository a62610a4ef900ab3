import { ApplicationConfig, GraphInspector, type ModuleRef, type NestContainer } from '@nestjs/core';
import { type AsyncMicroserviceOptions, NestMicroservice } from '@nestjs/microservices';
import { GwyhServer } from './gwyh.server.js';

/**
 * For those who bootstrap explicitly: `NestFactory.createMicroservice(AppModule, gwyh)` or
 * `app.connectMicroservice(gwyh, { inheritAppConfig: true })`. Importing `GwyhModule` is enough otherwise.
 *
 * @publicApi
 */
export const gwyh: AsyncMicroserviceOptions = {
  inject: [GwyhServer],
  useFactory: (strategy: GwyhServer) => ({ strategy }),
};

/**
 * Registers all event handlers of the application with the server, through the same door as `connectMicroservice()`, so
 * that guards, pipes, interceptors, filters and request scope work as everywhere in Nest.
 */
export function registerHandlers(moduleRef: ModuleRef, server: GwyhServer, inheritAppConfig: boolean): void {
  // The one place that needs a protected member of Nest; 11 and 12 have no public way to the container.
  const container: Partial<NestContainer> | undefined = moduleRef['container'];
  if (!isContainer(container)) {
    throw new Error(
      'This version of @nestjs/core does not let GwyhModule register event handlers by itself. Do it in main.ts: ' +
        'app.connectMicroservice(gwyh, { inheritAppConfig: true }); await app.startAllMicroservices();',
    );
  }
  const inherited = inheritAppConfig ? container.applicationConfig : undefined;
  const config = inherited ?? new ApplicationConfig();
  new NestMicroservice(container, { strategy: server }, new GraphInspector(container), config).registerListeners();
}

function isContainer(container: Partial<NestContainer> | undefined): container is NestContainer {
  return typeof container?.getModules === 'function';
}
