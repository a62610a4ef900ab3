import { beforeEach, describe, expect, it } from 'vitest';
import { bindSocket } from '../../../lib/runtime/bind-socket.js';
import { GwyhBindError } from '../../../lib/runtime/errors.js';
import type { GwyhNodeOptions } from '../../../lib/runtime/gwyh-node-options.js';
import { resolveSettings } from '../../../lib/runtime/node-settings.js';
import { VirtualNetwork } from '../../../lib/testing/virtual-network.js';

let network: VirtualNetwork;

beforeEach(() => {
  network = new VirtualNetwork({ names: { localhost: ['127.0.0.1', '::1'] } });
});

const bind = (options: GwyhNodeOptions) => bindSocket(resolveSettings({ network, ...options }, {}), () => undefined);

const failure = (options: GwyhNodeOptions) => bind(options).catch((error: unknown) => error as GwyhBindError);

describe('binding', () => {
  it('takes the address that was asked for', async () => {
    expect((await bind({ bind: '127.0.0.1:77' })).address).toEqual({ address: '127.0.0.1', port: 77, family: 'IPv4' });
    expect((await bind({ bind: '[::1]:77' })).address).toEqual({ address: '::1', port: 77, family: 'IPv6' });
  });

  it('takes the first address of a name', async () => {
    expect((await bind({ bind: 'localhost:77' })).address.address).toBe('127.0.0.1');
  });

  it('takes a free port when the default one is taken and nobody asked for it', async () => {
    expect((await bind({})).address.port).toBe(6969);
    expect((await bind({})).address.port).not.toBe(6969);
  });

  it('fails when the port that was asked for is taken, and says what to do', async () => {
    await bind({ bind: '127.0.0.1:77' });
    const error = await failure({ bind: '127.0.0.1:77' });
    expect(error).toBeInstanceOf(GwyhBindError);
    expect(error).toMatchObject({ code: 'EADDRINUSE', cause: expect.anything() });
    expect((error as Error).message).toContain('Cannot bind "127.0.0.1:77": another process has this port');
  });

  it('fails when the name is unknown, and says what to do', async () => {
    const error = await failure({ bind: 'nowhere.test:1', keys: [`hex:${'0f'.repeat(32)}`] });
    expect(error).toMatchObject({ code: 'ENOTFOUND' });
    expect((error as Error).message).toContain('Cannot bind "nowhere.test:1": the name is unknown');
  });

  it('passes on a code that it does not know', async () => {
    network.bind = () => Promise.reject(Object.assign(new Error('odd'), { code: 'EODD' }));
    expect(await failure({ bind: '127.0.0.1:1' })).toMatchObject({
      code: 'EODD',
      message: expect.stringContaining('EODD'),
    });
  });
});
