import { describe, expect, it } from 'vitest';
import { resolveSettings } from '../../../lib/runtime/node-settings.js';

const KEY = `hex:${'0f'.repeat(32)}`;

describe('the environment', () => {
  it('fills in what the options leave out', () => {
    const environment = { GWYH_BIND: '10.0.0.1:7', GWYH_KEYS: KEY, GWYH_PEERS: 'a:1, b', GWYH_ZONE: 'z' };
    expect(resolveSettings({}, environment)).toMatchObject({
      bind: { host: '10.0.0.1', port: 7 },
      keys: [KEY],
      peers: [
        { host: 'a', port: 1 },
        { host: 'b', port: 6969 },
      ],
      zone: 'z',
    });
  });

  it('does not override an option', () => {
    expect(resolveSettings({ zone: 'mine', bind: '127.0.0.1:1' }, { GWYH_ZONE: 'z', GWYH_BIND: 'x:2' })).toMatchObject({
      zone: 'mine',
      bind: { host: '127.0.0.1', port: 1 },
    });
  });

  it('is named where it is wrong', () => {
    expect(() => resolveSettings({}, { GWYH_PEERS: 'foo:99999' })).toThrow(
      'Option "GWYH_PEERS[0]" cannot be "foo:99999"',
    );
    expect(() => resolveSettings({}, { GWYH_BIND: 'foo:x' })).toThrow('Option "GWYH_BIND" cannot be "foo:x"');
    expect(() => resolveSettings({}, { GWYH_KEYS: 'short' })).toThrow('Option "GWYH_KEYS[0]"');
    expect(() => resolveSettings({}, { GWYH_ZONE: 'z'.repeat(65) })).toThrow('Option "GWYH_ZONE"');
  });

  it('opens other interfaces when it holds keys, and only then', () => {
    expect(resolveSettings({}, {}).bind.host).toBe('127.0.0.1');
    expect(resolveSettings({}, { GWYH_KEYS: KEY }).bind.host).toBe('0.0.0.0');
  });
});

it('options that are given as undefined have their defaults', () => {
  const settings = resolveSettings({ strategy: undefined, heartbeat: { intervalMs: undefined } } as object, {});
  expect(settings).toMatchObject({ strategy: 'nearest', heartbeat: { intervalMs: 1_500, missed: 2 } });
});
