import { describe, expect, it } from 'vitest';
import { GwyhOptionsError } from '../../../lib/runtime/errors.js';
import type { GwyhNodeOptions } from '../../../lib/runtime/gwyh-node-options.js';
import { consoleLogger } from '../../../lib/runtime/logger.js';
import { resolveSettings } from '../../../lib/runtime/node-settings.js';
import { udpNetwork } from '../../../lib/runtime/udp-network.js';

const KEY = `hex:${'0f'.repeat(32)}`;

type Options = { [Name in keyof GwyhNodeOptions | string]?: unknown };

const resolve = (options: Options, environment: Record<string, string> = {}) =>
  resolveSettings(options as GwyhNodeOptions, environment);

function errorOf(options: Options, environment: Record<string, string> = {}): GwyhOptionsError {
  try {
    resolve(options, environment);
  } catch (error) {
    if (error instanceof GwyhOptionsError) return error;
    throw error;
  }
  throw new Error('the options were accepted');
}

describe('without options', () => {
  it('a node serves its own machine, with defaults for everything', () => {
    expect(resolve({})).toEqual({
      bind: { host: '127.0.0.1', port: 6969 },
      isBindFlexible: true,
      keys: undefined,
      peers: [{ host: '127.0.0.1', port: 6969 }],
      isPeersDefault: true,
      zone: 'default',
      cluster: 'default',
      strategy: 'nearest',
      subscriptions: 5,
      advertised: undefined,
      heartbeat: { intervalMs: 1_500, missed: 2 },
      maxMessageBytes: 1_048_576,
      maxDatagramBytes: 1_200,
      repairCache: { maxBytes: 16_777_216, maxAgeMs: 30_000 },
      timeLockMs: 60_000,
      deliverToSelf: false,
      logger: consoleLogger,
      network: udpNetwork,
    });
  });

  it('a node takes options that are undefined for left out', () => {
    const options = ['zone', 'bind', 'keys', 'heartbeat', 'detectionTimeMs'];
    expect(resolve(Object.fromEntries(options.map(name => [name, undefined])))).toEqual(resolve({}));
  });
});

describe('an option that cannot be used', () => {
  it.each([
    ['bind', 'nonsense:port', '"nonsense:port"', 'host:port'],
    ['bind', '127.0.0.1:65536', '"127.0.0.1:65536"', '65535'],
    ['bind', 6969, '6969', 'host:port'],
    ['bind', '0.0.0.0:6969', '"0.0.0.0:6969"', 'Set "keys"'],
    ['bind', '192.168.1.5', '"192.168.1.5"', 'bind 127.0.0.1'],
    ['peers', 'a:1', '"a:1"', 'list of "host:port"'],
    ['zone', '', '""', '1 to 64 bytes'],
    ['zone', 'é'.repeat(33), `"${'é'.repeat(33)}"`, '1 to 64 bytes'],
    ['zone', 5, '5', 'give a name'],
    ['cluster', '', '""', '1 to 255 bytes'],
    ['cluster', 'c'.repeat(256), `"${'c'.repeat(256)}"`, '1 to 255 bytes'],
    ['strategy', 'random', '"random"', 'uniform, hub-and-spoke, prefer-local, prefer-remote, nearest'],
    ['subscriptions', 0, '0', '1 to 32'],
    ['subscriptions', 33, '33', '1 to 32'],
    ['subscriptions', 2.5, '2.5', 'whole number'],
    ['subscriptions', '5', '"5"', 'whole number'],
    ['subscriptions', Number.NaN, 'NaN', 'whole number'],
    ['advertise', 'example.com:1', '"example.com:1"', 'address here, not a name'],
    ['advertise', '10.0.0.1:0', '"10.0.0.1:0"', 'host:port'],
    ['advertise', '0.0.0.0:1', '"0.0.0.0:1"', 'one address of one host'],
    ['advertise', '224.0.0.1:1', '"224.0.0.1:1"', 'one address of one host'],
    ['advertise', '[::ffff:10.0.0.1]:1', '"[::ffff:10.0.0.1]:1"', 'one address of one host'],
    ['heartbeat', 5_000, '5000', '{ intervalMs, missed }'],
    ['heartbeat', '5s', '"5s"', '{ intervalMs, missed }'],
    ['detectionTimeMs', 299, '299', '300 to 600000'],
    ['detectionTimeMs', 600_001, '600001', '300 to 600000'],
    ['detectionTimeMs', 1_000.5, '1000.5', 'whole number'],
    ['detectionTimeMs', '3s', '"3s"', 'whole number'],
    ['repairCache', 5_000, '5000', '{ maxBytes, maxAgeMs }'],
    ['maxMessageBytes', 1_023, '1023', '1024 to 67108864'],
    ['maxMessageBytes', 67_108_865, '67108865', '1024 to 67108864'],
    ['maxDatagramBytes', 1_199, '1199', '1200 to 16384'],
    ['maxDatagramBytes', 16_385, '16385', '1200 to 16384'],
    ['timeLockMs', -1, '-1', '0 to 86400000'],
    ['timeLockMs', Infinity, 'Infinity', 'whole number'],
    ['deliverToSelf', 'yes', '"yes"', 'true or false'],
    ['logger', { log: () => undefined }, 'a value of type object', 'log, warn, error'],
    ['logger', true, 'a value of type boolean', 'log, warn, error'],
    ['network', {}, 'a value of type object', 'bind, resolve'],
  ])('says so: %s of %j', (option, value, shown, fix) => {
    const error = errorOf({ [option]: value });
    expect(error.option).toBe(option);
    expect(error.message).toContain(`Option "${option}" cannot be ${shown}: `);
    expect(error.message).toContain(fix);
  });

  it.each([
    ['peers[1]', { peers: ['a', 'b:x'] }, '"b:x"'],
    ['peers[0]', { peers: ['a:0'] }, '"a:0"'],
    ['peers[0]', { peers: [5] }, '5'],
    ['heartbeat.intervalMs', { heartbeat: { intervalMs: 49 } }, '49'],
    ['heartbeat.missed', { heartbeat: { missed: 0 } }, '0'],
    ['repairCache.maxBytes', { repairCache: { maxBytes: 65_535 } }, '65535'],
    ['repairCache.maxAgeMs', { repairCache: { maxAgeMs: 999 } }, '999'],
    ['repairCache.seconds', { repairCache: { seconds: 30 } }, '30'],
    ['heartbeat.interval', { heartbeat: { interval: 100 } }, '100'],
  ])('is named by its place when it is nested: %s', (option, options, shown) => {
    expect(errorOf(options).message).toContain(`Option "${option}" cannot be ${shown}: `);
  });

  it('is guessed when its name is nearly right', () => {
    expect(errorOf({ key: KEY }).message).toContain('Did you mean "keys"?');
    expect(errorOf({ Zone: 'a' }).message).toContain('Did you mean "zone"?');
    expect(errorOf({ detectionTime: 3_000 }).message).toContain('Did you mean "detectionTimeMs"?');
    expect(errorOf({ seeds: [] }).message).toContain('There are: bind, keys, peers');
  });
});

describe('the repair cache', () => {
  it('has room for two of the largest messages', () => {
    expect(resolve({ maxMessageBytes: 67_108_864 }).repairCache).toEqual({ maxBytes: 147_639_501, maxAgeMs: 30_000 });
    expect(resolve({ repairCache: { maxBytes: 2_000_000 } }).repairCache.maxBytes).toBe(2_000_000);
  });

  it('cannot be smaller than a message', () => {
    const { option, message } = errorOf({ maxMessageBytes: 16_777_216, repairCache: { maxBytes: 16_777_216 } });
    expect(option).toBe('repairCache.maxBytes');
    expect(message).toContain('a message of "maxMessageBytes" (16777216) has to fit: give 18454938 or more');
  });
});

describe('the detection time', () => {
  it.each([
    [300, 150],
    [3_000, 1_500],
    [1_001, 500.5],
    [600_000, 300_000],
  ])('of %d ms is short for two heartbeats, one each half of it', (detectionTimeMs, intervalMs) => {
    expect(resolve({ detectionTimeMs }).heartbeat).toEqual({ intervalMs, missed: 2 });
  });

  it('is three seconds unless it is given', () => {
    expect(resolve({ detectionTimeMs: 3_000 })).toEqual(resolve({}));
  });

  it('is given by the heartbeats as well: those that were the default once are still to be had', () => {
    const heartbeat = { intervalMs: 5_000, missed: 3 };
    expect(resolve({ heartbeat }).heartbeat).toEqual(heartbeat);
  });

  it.each([{ intervalMs: 5_000, missed: 3 }, {}])('is refused beside the heartbeats: %j', heartbeat => {
    const error = errorOf({ detectionTimeMs: 3_000, heartbeat });
    expect(error.option).toBe('detectionTimeMs');
    expect(error.message).toContain('cannot be 3000: it is short for "heartbeat"');
    expect(error.message).toContain('Give one of the two.');
  });
});

describe('keys', () => {
  it.each([
    ['none at all', [], 'keys', '1 to 8 keys'],
    ['too many', Array.from({ length: 9 }, () => KEY), 'keys', '1 to 8 keys'],
    ['no list', KEY, 'keys', 'a list of'],
    ['a short passphrase', [KEY, 'short'], 'keys[1]', '8 characters'],
    ['hex of another length', ['hex:00ff'], 'keys[0]', '64 hex digits'],
    ['hex of other characters', [`hex:${'zz'.repeat(32)}`], 'keys[0]', '64 hex digits'],
    ['base64 of another length', ['base64:AAAA'], 'keys[0]', '32 bytes in base64'],
    ['bytes', [new Uint8Array(32)], 'keys[0]', 'a string'],
  ])('are refused as %s', (_, keys, option, fix) => {
    const error = errorOf({ keys });
    expect(error.option).toBe(option);
    expect(error.message).toContain(fix);
  });

  it.each([
    ['in a list', { keys: ['secret1'] }],
    ['not in a list', { keys: 'secret1' }],
    ['as a number', { keys: [73_766_681] }],
    ['under a wrong name', { key: 'secret1' }],
    ['as wrong hex', { keys: ['hex:secret1'] }],
  ])('are never shown in an error, %s', (_, options) => {
    expect(errorOf(options).message).not.toMatch(/secret1|73766681/);
  });

  it('are taken as passphrase, hex or base64', () => {
    const keys = ['a passphrase', KEY, `base64:${Buffer.alloc(32, 5).toString('base64')}`];
    expect(resolve({ keys }).keys).toEqual(keys);
  });

  it('open all interfaces, unless a bind is named', () => {
    expect(resolve({ keys: [KEY] }).bind).toEqual({ host: '0.0.0.0', port: 6969 });
    expect(resolve({ keys: [KEY], bind: '[::1]:7' }).bind).toEqual({ host: '::1', port: 7 });
  });
});

describe('addresses', () => {
  it('have a default port', () => {
    expect(resolve({ bind: 'localhost', peers: ['a', '[::1]'] })).toMatchObject({
      bind: { host: 'localhost', port: 6969 },
      peers: [
        { host: 'a', port: 6969 },
        { host: '::1', port: 6969 },
      ],
    });
  });

  it.each(['127.0.0.1:0', '127.5.6.7', 'localhost:1', '[::1]:1'])('%s needs no keys', bind => {
    expect(resolve({ bind }).isBindFlexible).toBe(false);
  });

  it('to advertise are brought into the form in which others write them', () => {
    expect(resolve({ advertise: '[2001:DB8:0:0:0:0:0:1]:7' }).advertised).toEqual({ address: '2001:db8::1', port: 7 });
  });

  it('of peers may be none: then nobody is looked for', () => {
    expect(resolve({ peers: [] })).toMatchObject({ peers: [], isPeersDefault: false });
  });
});

describe('a variable of the environment', () => {
  it('that is set to nothing counts as not set', () => {
    const nothing = { GWYH_BIND: '', GWYH_KEYS: ' ', GWYH_PEERS: '', GWYH_ZONE: '' };
    expect(resolve({}, nothing)).toEqual(resolve({}));
  });

  it('is named when it would open the node to others without keys', () => {
    expect(errorOf({}, { GWYH_BIND: '0.0.0.0:1' }).option).toBe('GWYH_BIND');
  });

  it('with a hole in its list is named with the place', () => {
    expect(errorOf({}, { GWYH_PEERS: 'a:1,,b:1' }).option).toBe('GWYH_PEERS[1]');
  });
});
