import 'reflect-metadata';
import { type INestApplicationContext, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxy, ClientsModule, type MicroserviceOptions, Transport } from '@nestjs/microservices';
import { GwyhClientProxy, GwyhModule, GwyhNode } from '../../../lib/index.js';
import type { TransportName } from './transport.js';

const LOGGING = { logger: ['error', 'warn'] as ('error' | 'warn')[] };
const CLIENT = 'BENCH_CLIENT';

/** Options of Nest's own transports, as an application would write them: address and nothing else. */
function nestOptions(transport: Exclude<TransportName, 'gwyh'>, port: number) {
  const host = '127.0.0.1';
  switch (transport) {
    case 'redis':
      return { transport: Transport.REDIS as const, options: { host, port } };
    case 'nats':
      return { transport: Transport.NATS as const, options: { servers: [`nats://${host}:${port}`] } };
    case 'mqtt':
      return { transport: Transport.MQTT as const, options: { url: `mqtt://${host}:${port}` } };
    case 'tcp':
      return { transport: Transport.TCP as const, options: { host, port } };
  }
}

/** A Nest application that emits. */
export interface Emitter {
  readonly client: ClientProxy;
  /** Where the others find it; 0 where a broker is between. */
  readonly port: number;
  /** Whether so many listeners, and no others, are within reach as far as this side can know. */
  reaches(listeners: number): boolean;
}

/** @param port of the broker, or of the one listener; not used by gwyh. */
export async function createEmitter(transport: TransportName, port: number): Promise<Emitter> {
  if (transport === 'gwyh') {
    @Module({ imports: [GwyhModule.forRoot({ zone: 'bench', bind: '127.0.0.1:0', peers: [] })] })
    class EmitterModule {}
    const app = await NestFactory.createApplicationContext(EmitterModule, LOGGING);
    const node = app.get(GwyhNode);
    return {
      client: app.get(GwyhClientProxy),
      port: node.address.port,
      reaches: listeners => node.isReady && node.members().length === listeners,
    };
  }
  @Module({ imports: [ClientsModule.register([{ name: CLIENT, ...nestOptions(transport, port) }])] })
  class EmitterModule {}
  const app = await NestFactory.createApplicationContext(EmitterModule, LOGGING);
  const client = app.get<ClientProxy>(CLIENT);
  await client.connect();
  return { client, port: 0, reaches: () => true };
}

/**
 * A Nest application that listens with one controller.
 * @param port of the broker, of the emitter (gwyh), or to listen on (TCP).
 */
export async function createListener(
  transport: TransportName,
  port: number,
  controller: Type,
): Promise<INestApplicationContext> {
  if (transport === 'gwyh') {
    const options = { zone: 'bench', bind: '127.0.0.1:0', peers: [`127.0.0.1:${port}`] };
    @Module({ imports: [GwyhModule.forRoot(options)], controllers: [controller] })
    class ListenerModule {}
    const app = await NestFactory.createApplicationContext(ListenerModule, LOGGING);
    await app.get(GwyhNode).ready();
    return app;
  }
  @Module({ controllers: [controller] })
  class ListenerModule {}
  const options = { ...nestOptions(transport, port), ...LOGGING };
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(ListenerModule, options);
  await app.listen();
  return app;
}
