import { beforeEach, describe, expect, it } from 'vitest';
import type { GwyhNodeOptions } from '../../../lib/runtime/gwyh-node-options.js';
import { resolveSettings } from '../../../lib/runtime/node-settings.js';
import { StrangerWarnings } from '../../../lib/runtime/stranger-warnings.js';
import { VirtualNetwork } from '../../../lib/testing/virtual-network.js';

const STRANGER = { address: '192.0.2.1', port: 7 };

let network: VirtualNetwork;
let warned: string[];
let hasPeers: boolean;

function start(options: GwyhNodeOptions = {}): StrangerWarnings {
  const logger = { log: () => undefined, error: () => undefined, warn: (message: string) => void warned.push(message) };
  return new StrangerWarnings(resolveSettings({ network, logger, ...options }, {}), () => hasPeers);
}

beforeEach(() => {
  network = new VirtualNetwork();
  warned = [];
  hasPeers = false;
});

describe('the operator is told', () => {
  it('that no key fits, with the address and the options to compare', () => {
    const warnings = start();
    warnings.noKeyFits(STRANGER);
    network.advance(5_000);
    warnings.noKeyFits(STRANGER);
    expect(warned.length).toBe(1);
    expect(warned[0]).toContain('192.0.2.1:7');
    expect(warned[0]).toContain('"keys" and "cluster"');
  });

  it('nothing of keys while others may still send to a former life of this node', () => {
    const warnings = start();
    for (let ms = 0; ms < 5_000; ms += 100) {
      warnings.noKeyFits(STRANGER);
      network.advance(100);
    }
    expect(warned).toEqual([]);
  });

  it('that no key fits of one stranger at a time, and of another one when that has been silent', () => {
    const warnings = start();
    const another = { ...STRANGER, port: 8 };
    warnings.noKeyFits(STRANGER);
    network.advance(5_000);
    warnings.noKeyFits(another);
    expect(warned).toEqual([]);
    network.advance(200_000);
    warnings.noKeyFits(another);
    network.advance(5_000);
    warnings.noKeyFits(another);
    expect(warned.length).toBe(1);
    expect(warned[0]).toContain('192.0.2.1:8');
  });

  it('that a clock differs, by how much, and what is allowed', () => {
    start({ timeLockMs: 30_000 }).clockSkew(STRANGER, -90_400);
    expect(warned[0]).toContain('192.0.2.1:7 differs from ours by -90 s');
    expect(warned[0]).toContain('"timeLockMs" (30000 ms)');
  });

  it('of each of these once a minute', () => {
    const warnings = start();
    warnings.noKeyFits(STRANGER);
    for (const ms of [5_000, 59_999, 1]) {
      network.advance(ms);
      warnings.noKeyFits(STRANGER);
      warnings.clockSkew(STRANGER, 90_000);
    }
    expect(warned.length).toBe(4);
  });

  it('that no peer answers, after a while and then each minute, as long as it is so', () => {
    start({ peers: ['a:1', 'b:2'] });
    network.advance(14_999);
    expect(warned).toEqual([]);
    network.advance(60_001);
    expect(warned.length).toBe(2);
    expect(warned[0]).toContain('No peer answers (a:1, b:2)');
    hasPeers = true;
    network.advance(600_000);
    expect(warned.length).toBe(2);
  });

  it.each([
    ['when nobody named peers', {}],
    ['when there are none to answer', { peers: [] }],
  ])('nothing of silence %s', (_, options) => {
    start(options);
    network.advance(600_000);
    expect(warned).toEqual([]);
  });

  it('nothing any more once stopped', () => {
    start({ peers: ['a:1'] }).stop();
    network.advance(600_000);
    expect(warned).toEqual([]);
  });
});
