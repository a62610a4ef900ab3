import { beforeEach, describe, expect, it } from 'vitest';
import { GwyhHealthIndicator } from '../../../lib/nest/gwyh.health.js';
import { GwyhServer } from '../../../lib/nest/gwyh.server.js';
import { FakeNode } from './fake-node.js';

describe('GwyhHealthIndicator', () => {
  let node: FakeNode;
  let server: GwyhServer;
  let indicator: GwyhHealthIndicator;

  beforeEach(() => {
    node = new FakeNode();
    server = new GwyhServer(node.asNode);
    indicator = new GwyhHealthIndicator(node.asNode, server);
  });

  const listen = () => new Promise(resolve => server.listen(resolve));

  it('is down, and says why, before events are taken and when the application closes', async () => {
    expect(indicator.check()).toMatchObject({ status: 'down', reason: expect.stringContaining('not listening yet') });
    expect(indicator.check()).toMatchObject({ id: node.id, zone: 'here' });
    await listen();
    expect(indicator.check().status).toBe('up');
    server.stopIntake();
    expect(indicator.check().status).toBe('down');
    await server.close();
    expect(indicator.check()).toMatchObject({ status: 'down', ready: false });
  });

  it('is up as the only homie, unless links are required', async () => {
    await listen();
    expect(indicator.check()).toMatchObject({ status: 'up', ready: false, address: '127.0.0.1:6969' });
    expect(indicator.check({ requireReady: true })).toMatchObject({
      status: 'down',
      reason: 'linked with no other homie',
    });
    node.isReady = true;
    expect(indicator.check({ requireReady: true })).toMatchObject({ status: 'up', ready: true });
  });

  it('counts members and links', async () => {
    node.feedCount = 3;
    node.subscriberCount = 4;
    expect(indicator.check()).toMatchObject({ members: 0, feeds: 3, subscribers: 4 });
  });

  it('answers terminus under its key', async () => {
    expect(indicator.isHealthy('gossip').gossip.status).toBe('down');
    await listen();
    expect(indicator.isHealthy('gossip')).toMatchObject({ gossip: { status: 'up' } });
  });
});
