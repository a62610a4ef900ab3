import { cacheBytes } from '../engine/broadcast/segment-cache.js';
import { LOOPBACK_DATAGRAM_BYTES, NETWORK_DATAGRAM_BYTES } from '../engine/engine-context.js';
import { ENGINE_DEFAULTS, type HeartbeatOptions } from '../engine/engine-options.js';
import type { Endpoint } from '../engine/endpoint.js';
import { STRATEGIES, type Strategy } from '../engine/overlay/strategy.js';
import { SEGMENTED_SHARE } from '../engine/peers/outbox.js';
import { decodeEndpoint, encodeEndpoint } from '../engine/wire/endpoint-codec.js';
import { MAX_ZONE_BYTES } from '../engine/wire/member-codec.js';
import { GwyhOptionsError } from './errors.js';
import type { GwyhNodeOptions } from './gwyh-node-options.js';
import { type HostPort, isLoopbackHost, parseHostPort } from './host-port.js';
import { checkKeys } from './keys.js';
import { consoleLogger, type GwyhLogger } from './logger.js';
import type { DatagramNetwork } from './datagram-network.js';
import { udpNetwork } from './udp-network.js';
import { isIP } from 'node:net';

/** The port of the first homie on a machine, and of seeds that name none. */
export const DEFAULT_PORT = 6969;

/** Options with the environment and the defaults filled in, all of them checked. */
export interface NodeSettings {
  readonly bind: HostPort;
  /** Whether another port will do when this one is taken. */
  readonly isBindFlexible: boolean;
  readonly keys: readonly string[] | undefined;
  readonly peers: readonly HostPort[];
  /** Whether nobody named the peers: then their silence needs no warning. */
  readonly isPeersDefault: boolean;
  readonly zone: string;
  readonly cluster: string;
  readonly strategy: Strategy;
  readonly subscriptions: number;
  readonly advertised: Endpoint | undefined;
  readonly heartbeat: HeartbeatOptions;
  readonly maxMessageBytes: number;
  readonly maxDatagramBytes: number;
  readonly repairCache: { readonly maxBytes: number; readonly maxAgeMs: number };
  readonly timeLockMs: number;
  readonly deliverToSelf: boolean;
  readonly logger: GwyhLogger;
  readonly network: DatagramNetwork;
}

/** Throws a GwyhOptionsError for the first option that cannot be used; one from the environment goes by its name there. */
export function resolveSettings(
  options: GwyhNodeOptions,
  environment: Record<string, string | undefined>,
): NodeSettings {
  for (const name of Object.keys(options)) {
    // The value is not shown: it may be keys under a wrong name.
    if (!KNOWN_OPTIONS.has(name)) throw new GwyhOptionsError(name, '...', unknownOption(name));
  }
  const keys = options.keys ?? list(environment.GWYH_KEYS);
  if (keys !== undefined) checkKeys(keys, options.keys === undefined ? 'GWYH_KEYS' : 'keys');

  const bindName = options.bind === undefined ? 'GWYH_BIND' : 'bind';
  const bindText = options.bind ?? variable(environment.GWYH_BIND);
  const bind =
    bindText === undefined
      ? { host: keys === undefined ? '127.0.0.1' : '0.0.0.0', port: DEFAULT_PORT }
      : hostPort(bindName, bindText, 0);
  if (keys === undefined && !isLoopbackHost(bind.host)) {
    throw new GwyhOptionsError(
      bindName,
      bindText,
      'without "keys" a homie serves its own machine only. Set "keys" (or GWYH_KEYS), or bind 127.0.0.1.',
    );
  }

  const peersName = options.peers === undefined ? 'GWYH_PEERS' : 'peers';
  const peers = options.peers ?? list(environment.GWYH_PEERS);
  if (peers !== undefined && !Array.isArray(peers)) {
    throw new GwyhOptionsError('peers', peers, 'give a list of "host:port".');
  }

  const maxMessageBytes = integer(
    'maxMessageBytes',
    options.maxMessageBytes ?? ENGINE_DEFAULTS.maxMessageBytes,
    1_024,
    67_108_864,
  );
  return {
    bind,
    isBindFlexible: bindText === undefined,
    keys,
    peers: (peers ?? [`127.0.0.1:${DEFAULT_PORT}`]).map((peer, i) => hostPort(`${peersName}[${i}]`, peer, 1)),
    isPeersDefault: peers === undefined,
    zone: text(
      options.zone === undefined ? 'GWYH_ZONE' : 'zone',
      options.zone ?? variable(environment.GWYH_ZONE) ?? 'default',
      MAX_ZONE_BYTES,
    ),
    cluster: text('cluster', options.cluster ?? 'default', 255),
    strategy: strategy(options.strategy ?? ENGINE_DEFAULTS.strategy),
    subscriptions: integer('subscriptions', options.subscriptions ?? ENGINE_DEFAULTS.subscriptions, 1, 32),
    advertised: advertised(options.advertise),
    heartbeat: heartbeat(options.heartbeat ?? undefined, options.detectionTimeMs ?? undefined),
    maxMessageBytes,
    maxDatagramBytes: integer(
      'maxDatagramBytes',
      options.maxDatagramBytes ?? ENGINE_DEFAULTS.maxDatagramBytes,
      NETWORK_DATAGRAM_BYTES,
      LOOPBACK_DATAGRAM_BYTES,
    ),
    repairCache: repairCache(options.repairCache ?? {}, maxMessageBytes),
    timeLockMs: integer('timeLockMs', options.timeLockMs ?? ENGINE_DEFAULTS.timeLockMs, 0, 86_400_000),
    deliverToSelf: boolean('deliverToSelf', options.deliverToSelf ?? false),
    logger: withMethods('logger', options.logger ?? consoleLogger, ['log', 'warn', 'error']),
    network: withMethods('network', options.network ?? udpNetwork, NETWORK_METHODS),
  };
}

const KNOWN_OPTIONS: ReadonlySet<string> = new Set([
  'bind',
  'keys',
  'peers',
  'zone',
  'cluster',
  'strategy',
  'subscriptions',
  'advertise',
  'detectionTimeMs',
  'heartbeat',
  'maxMessageBytes',
  'maxDatagramBytes',
  'repairCache',
  'timeLockMs',
  'deliverToSelf',
  'logger',
  'network',
] satisfies (keyof GwyhNodeOptions)[]);

const NETWORK_METHODS = [
  'bind',
  'resolve',
  'now',
  'wallClock',
  'schedule',
  'endOfTurn',
  'random',
] as const satisfies (keyof DatagramNetwork)[];

function unknownOption(name: string): string {
  const close = [...KNOWN_OPTIONS].find(known => known.toLowerCase().startsWith(name.toLowerCase().slice(0, 4)));
  return close === undefined
    ? `there is no such option. There are: ${[...KNOWN_OPTIONS].join(', ')}.`
    : `there is no such option. Did you mean "${close}"?`;
}

/** A variable that is set to nothing counts as not set: deployments pass on what they were not given, too. */
function variable(value: string | undefined): string | undefined {
  const trimmed = value?.trim();
  return trimmed === '' ? undefined : trimmed;
}

function list(value: string | undefined): string[] | undefined {
  return variable(value)
    ?.split(',')
    .map(part => part.trim());
}

function hostPort(option: string, value: unknown, leastPort: number): HostPort {
  const parsed = typeof value === 'string' ? parseHostPort(value, DEFAULT_PORT) : undefined;
  if (parsed === undefined || parsed.port < leastPort) {
    throw new GwyhOptionsError(
      option,
      value,
      'write "host:port", or "[v6 address]:port"; the port is a number to 65535.',
    );
  }
  return parsed;
}

function advertised(value: unknown): Endpoint | undefined {
  if (value === undefined) return undefined;
  const { host, port } = hostPort('advertise', value, 1);
  if (isIP(host) === 0) throw new GwyhOptionsError('advertise', value, 'others need an address here, not a name.');
  // As the others will read it: they take no address that stands for many hosts or for none.
  const bytes = encodeEndpoint({ address: host, port });
  const endpoint = bytes === undefined ? undefined : decodeEndpoint(bytes);
  if (endpoint === undefined) {
    throw new GwyhOptionsError('advertise', value, 'others cannot dial this. Give one address of one host.');
  }
  return endpoint;
}

function text(option: string, value: unknown, mostBytes: number): string {
  const bytes = typeof value === 'string' ? Buffer.byteLength(value) : 0;
  if (bytes < 1 || bytes > mostBytes) {
    throw new GwyhOptionsError(option, value, `give a name of 1 to ${mostBytes} bytes of UTF-8.`);
  }
  return value as string;
}

function strategy(value: unknown): Strategy {
  const known = STRATEGIES.find(name => name === value);
  if (known === undefined) throw new GwyhOptionsError('strategy', value, `choose one of: ${STRATEGIES.join(', ')}.`);
  return known;
}

function integer(option: string, value: unknown, least: number, most: number): number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    throw new GwyhOptionsError(option, value, `give a whole number from ${least} to ${most}.`);
  }
  return value as number;
}

function withMethods<T extends object>(option: string, value: T, names: readonly (string & keyof T)[]): T {
  if (
    (typeof value === 'object' || typeof value === 'function') &&
    names.every(name => typeof value[name] === 'function')
  )
    return value;
  throw new GwyhOptionsError(option, value, `give an object with the methods ${names.join(', ')}.`);
}

function boolean(option: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new GwyhOptionsError(option, value, 'give true or false.');
  return value;
}

/** The heartbeats themselves, or those that follow from the detection time. */
function heartbeat(value: unknown, detectionTimeMs: unknown): HeartbeatOptions {
  if (detectionTimeMs !== undefined) {
    if (value !== undefined) {
      throw new GwyhOptionsError(
        'detectionTimeMs',
        detectionTimeMs,
        'it is short for "heartbeat" with half of it as intervalMs and 2 missed. Give one of the two.',
      );
    }
    const { missed } = ENGINE_DEFAULTS.heartbeat;
    return { intervalMs: integer('detectionTimeMs', detectionTimeMs, 300, 600_000) / missed, missed };
  }
  const { intervalMs, missed } = nested('heartbeat', value ?? {}, ENGINE_DEFAULTS.heartbeat);
  return {
    intervalMs: integer('heartbeat.intervalMs', intervalMs, 50, 60_000),
    missed: integer('heartbeat.missed', missed, 1, 100),
  };
}

/** @param maxMessageBytes largest message, which has to fit. */
function repairCache(value: unknown, maxMessageBytes: number): NodeSettings['repairCache'] {
  const defaults = { ...ENGINE_DEFAULTS.repairCache, maxBytes: cacheBytes(maxMessageBytes) };
  const { maxBytes, maxAgeMs } = nested('repairCache', value, defaults);
  const bytes = integer('repairCache.maxBytes', maxBytes, 65_536, 1_073_741_824);
  const least = Math.ceil(SEGMENTED_SHARE * maxMessageBytes);
  if (bytes < least) {
    const fix = `a message of "maxMessageBytes" (${maxMessageBytes}) has to fit: give ${least} or more, or less there.`;
    throw new GwyhOptionsError('repairCache.maxBytes', bytes, fix);
  }
  return {
    maxBytes: bytes,
    maxAgeMs: integer('repairCache.maxAgeMs', maxAgeMs, 1_000, 600_000),
  };
}

/** An option that is an object: what is given, and the defaults for the rest. */
function nested<Names extends string>(
  option: string,
  value: unknown,
  defaults: Readonly<Record<Names, number>>,
): Record<Names, unknown> {
  const names = Object.keys(defaults) as Names[];
  if (typeof value !== 'object' || value === null) {
    throw new GwyhOptionsError(option, value, `give { ${names.join(', ')} }.`);
  }
  for (const [name, stray] of Object.entries(value)) {
    if (names.includes(name as Names)) continue;
    throw new GwyhOptionsError(`${option}.${name}`, stray, `there is no such option. There are: ${names.join(', ')}.`);
  }
  const given = Object.entries(value).filter(([, each]) => each !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}
