/** What is compared: ours first, then what a Nest team would pick instead. */
export const TRANSPORTS = ['gwyh', 'redis', 'nats', 'mqtt', 'tcp'] as const;
export type TransportName = (typeof TRANSPORTS)[number];

/** Those with a broker, which the best of is what ours is measured against. */
export const BROKERS = ['redis', 'nats', 'mqtt'] as const;
export type BrokerName = (typeof BROKERS)[number];

export function isBroker(name: TransportName): name is BrokerName {
  return (BROKERS as readonly string[]).includes(name);
}

/** The npm package that a transport's client needs. */
export const CLIENT_PACKAGES: Partial<Record<TransportName, string>> = {
  redis: 'ioredis',
  nats: '@nats-io/transport-node',
  mqtt: 'mqtt',
};

/** Most listeners of a transport: a TCP client of Nest talks to one server, and is measured with that one everywhere. */
export function mostListeners(name: TransportName): number {
  return name === 'tcp' ? 1 : Infinity;
}

/** What emitters send. The key makes it as long as a cache invalidation is. */
export interface BenchEvent {
  readonly run: number;
  readonly version: number;
  readonly key: string;
  /** On the clock that all processes of a machine share; 0 when nobody wants to know. */
  readonly sentAtUs: number;
}

export const BENCH_PATTERN = 'bench.load';
