import { beforeEach, describe, expect, it } from 'vitest';
import type { Endpoint } from '../../../lib/engine/endpoint.js';
import { SeedResolver } from '../../../lib/runtime/seed-resolver.js';
import { VirtualNetwork } from '../../../lib/testing/virtual-network.js';

let network: VirtualNetwork;
let warnings: string[];
let resolved: string[][];
let isJoined: boolean;
let resolver: SeedResolver;

const record = (endpoints: readonly Endpoint[]) =>
  void resolved.push(endpoints.map(({ address, port }) => `${address}:${port}`));

function startWith(...hosts: string[]): void {
  const logger = {
    log: () => undefined,
    error: () => undefined,
    warn: (message: string) => void warnings.push(message),
  };
  const seeds = hosts.map(host => ({ host, port: 7 }));
  resolver = new SeedResolver(network, seeds, logger, () => isJoined, record);
  void resolver.start();
}

beforeEach(() => {
  network = new VirtualNetwork({ names: { 'one.test': ['10.0.0.1'], 'many.test': ['10.0.1.1', '10.0.1.2'] } });
  warnings = [];
  resolved = [];
  isJoined = false;
});

describe('seeds', () => {
  it('are all addresses of all names, and addresses as they are', async () => {
    startWith('one.test', '192.0.2.1', 'many.test');
    await network.run(0);
    expect(resolved.map(list => list.toSorted())).toEqual([['10.0.0.1:7', '10.0.1.1:7', '10.0.1.2:7', '192.0.2.1:7']]);
  });

  it('are resolved anew every five seconds while nobody is known, and then once a minute', async () => {
    startWith('one.test');
    await network.run(20_000);
    expect(resolved.length).toBe(5);
    isJoined = true;
    await network.run(125_000);
    expect(resolved.length).toBe(8);
  });

  it('follow a name that moves', async () => {
    startWith('one.test');
    await network.run(0);
    network.names.set('one.test', ['10.9.9.9']);
    await network.run(5_000);
    expect(resolved.at(-1)).toEqual(['10.9.9.9:7']);
  });

  it('stay as they were while a name cannot be resolved', async () => {
    startWith('one.test');
    await network.run(0);
    network.names.delete('one.test');
    await network.run(5_000);
    expect(resolved.at(-1)).toEqual(['10.0.0.1:7']);
  });

  it('that cannot be resolved do not keep the others back', async () => {
    startWith('nowhere.test', 'one.test');
    await network.run(0);
    expect(resolved).toEqual([['10.0.0.1:7']]);
  });

  it('that cannot be resolved are warned of once a minute each, with the code and the option', async () => {
    startWith('nowhere.test', 'neither.test');
    await network.run(59_999);
    expect(warnings.length).toBe(2);
    expect(warnings[0]).toContain('"nowhere.test:7" (ENOTFOUND)');
    expect(warnings[0]).toContain('option "peers"');
    await network.run(5_001);
    expect(warnings.length).toBe(4);
  });

  it('are resolved no more once stopped, even in the middle', async () => {
    startWith('one.test');
    resolver.stop();
    await network.run(60_000);
    expect(resolved).toEqual([]);
  });
});
