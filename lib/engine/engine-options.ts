import { CACHE_BYTES, CACHE_MS, type SegmentCacheLimits } from './broadcast/segment-cache.js';
import type { Keyring } from './crypto/keyring.js';
import { NETWORK_DATAGRAM_BYTES } from './engine-context.js';
import type { Endpoint } from './endpoint.js';
import type { NodeId } from './node-id.js';
import type { Strategy } from './overlay/strategy.js';
import type { RandomFill } from './random.js';

/** Everything an engine is told at its start. The runtime has validated it. */
export interface EngineOptions {
  readonly id: NodeId;
  readonly zone: string;
  readonly keyring: Keyring;
  /** The bound endpoint if it is a definite one, undefined when bound to all interfaces. */
  readonly bound: Endpoint | undefined;
  /** Where others should dial, if that differs from what they see. */
  readonly advertised: Endpoint | undefined;
  readonly strategy: Strategy;
  /** Feeds to choose, the ring predecessor included. */
  readonly subscriptions: number;
  readonly heartbeat: HeartbeatOptions;
  /** Largest payload sent and accepted, bytes. */
  readonly maxMessageBytes: number;
  /** Largest datagram that is tried across a network, bytes; each link is probed for what gets through. */
  readonly maxDatagramBytes: number;
  /** What is kept for others who missed it. */
  readonly repairCache: SegmentCacheLimits;
  /** Largest clock difference at which a Hello is answered, ms; 0 for none. */
  readonly timeLockMs: number;
  /** What the socket buffer holds for us while we are busy, bytes as the operating system counts them. */
  readonly receiveBufferBytes: number;
  readonly random: RandomFill;
  /** Milliseconds since 1970. For the time lock, and once at the start for the incarnation. */
  readonly wallClock: () => number;
}

/** What a node uses unless it is told otherwise. */
export const ENGINE_DEFAULTS = {
  strategy: 'nearest',
  subscriptions: 5,
  heartbeat: { intervalMs: 1_500, missed: 2 },
  maxMessageBytes: 1_048_576,
  maxDatagramBytes: NETWORK_DATAGRAM_BYTES,
  repairCache: { maxBytes: CACHE_BYTES, maxAgeMs: CACHE_MS },
  timeLockMs: 60_000,
  // What Linux gives a socket that asks for more than the usual `net.core.rmem_max`.
  receiveBufferBytes: 425_984,
} as const satisfies Partial<EngineOptions>;

/** Their product is the detection time: a member that died is in doubt everywhere within about that, down within twice. */
export interface HeartbeatOptions {
  /** How often the two ends of a link hear of each other at least, ms. */
  readonly intervalMs: number;
  /** Intervals that make up the detection time. */
  readonly missed: number;
}
