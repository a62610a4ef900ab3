import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { expect, it } from 'vitest';
import { GwyhClientProxy, GwyhContext, GwyhModule, GwyhNode } from '../../lib/index.js';
import { VirtualNetwork } from '../../lib/testing/index.js';

const KEYS = [`hex:${'31'.repeat(32)}`];

/** As users would: one application class, several instances of it in one test. */
async function startHomie(network: VirtualNetwork, zone: string, host: string, seed?: string) {
  const handled: { data: unknown; zone: string | undefined }[] = [];

  @Controller()
  class CacheController {
    @EventPattern<string>('cache.invalidate')
    drop(@Payload() data: unknown, @Ctx() context: GwyhContext) {
      handled.push({ data, zone: context.getOrigin().zone });
    }
  }

  @Module({
    imports: [
      GwyhModule.forRoot({
        zone,
        network,
        keys: KEYS,
        bind: `${host}:6969`,
        peers: seed === undefined ? [] : [`${seed}:6969`],
      }),
    ],
    controllers: [CacheController],
  })
  class AppModule {}

  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  return { app, handled, node: app.get(GwyhNode), client: app.get(GwyhClientProxy) };
}

it('three applications gossip in one process, on a lossy network, without sockets and without waiting', async () => {
  const network = new VirtualNetwork({ seed: 3, conditions: { latencyMs: 40, loss: 0.1 } });
  const first = await startHomie(network, 'a', '10.0.0.1');
  const second = await startHomie(network, 'b', '10.0.0.2', '10.0.0.1');
  const third = await startHomie(network, 'c', '10.0.0.3', '10.0.0.1');
  const homies = [first, second, third];
  const isFormed = () => homies.every(({ node }) => node.isReady && node.members().length === 2);
  expect(await network.runUntil(isFormed, 60_000)).toBe(true);

  for (let i = 0; i < 20; i++) {
    second.client.emit('cache.invalidate', { key: i });
    await network.run(50);
  }
  await network.run(10_000);
  for (const { handled } of [first, third]) {
    expect(handled.map(({ data }) => (data as { key: number }).key).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => i),
    );
    expect(new Set(handled.map(({ zone }) => zone))).toEqual(new Set(['b']));
  }
  expect(second.handled).toEqual([]);

  const left: string[] = [];
  first.node.on('left', member => left.push(member.id));
  const closing = third.app.close();
  expect(await network.runUntil(() => left.length > 0, 5_000)).toBe(true);
  await network.run(1_000);
  await closing;
  expect(left).toEqual([third.node.id]);
});
