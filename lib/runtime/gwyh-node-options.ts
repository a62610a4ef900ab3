import type { Strategy } from '../engine/overlay/strategy.js';
import type { DatagramNetwork } from './datagram-network.js';
import type { GwyhLogger } from './logger.js';

/** Options of a {@link GwyhNode}. Everything has a default; without `keys` the node serves this machine only. */
export interface GwyhNodeOptions {
  /**
   * `host:port` to bind, `[v6]:port` for IPv6, port 0 for any free one. Environment: `GWYH_BIND`.
   * Default: `127.0.0.1:6969` without keys, `0.0.0.0:6969` with keys; a free port when another homie has that one.
   */
  bind?: string;
  /**
   * Pre-shared keys, the first is used to say Hello, the others are accepted too (rotation). Each is a passphrase of
   * at least 8 characters (stretched with Argon2id) or `hex:` / `base64:` followed by 32 raw bytes.
   * Environment: `GWYH_KEYS`, comma-separated. Required for any `bind` other than loopback.
   */
  keys?: readonly string[];
  /** Seeds: `host:port` of homies to say Hello to. Names are resolved anew at each try. Environment: `GWYH_PEERS`, comma-separated. */
  peers?: readonly string[];
  /** Zone of this homie, 1 to 64 bytes of UTF-8. Environment: `GWYH_ZONE`. Default: `default`. */
  zone?: string;
  /** Cluster name, 1 to 255 bytes of UTF-8. Clusters of different names never talk, even with the same key. Default: `default`. */
  cluster?: string;
  /** How feeds are chosen. Default: `nearest`. */
  strategy?: Strategy;
  /** How many feeds this homie takes broadcasts from, 1 to 32. Default: 5. */
  subscriptions?: number;
  /** `host:port` that others should dial, where it differs from what they see (a port mapping). */
  advertise?: string;
  /**
   * A member that dies is suspect everywhere within about this time, and down within twice of it. Heartbeats go each half
   * of it. Milliseconds, 300 to 600,000. Default: 3,000.
   */
  detectionTimeMs?: number;
  /**
   * The same in parts, in place of `detectionTimeMs`: how often the two ends of a link hear of each other at least, 50 to
   * 60,000 ms, and how many such intervals make up the detection time, 1 to 100. Default: 1,500 ms and 2.
   */
  heartbeat?: { intervalMs?: number; missed?: number };
  /** Largest payload in bytes that can be broadcast and is accepted from others, 1,024 to 67,108,864. Default: 1,048,576. */
  maxMessageBytes?: number;
  /**
   * Largest datagram in bytes across a network, 1,200 to 16,384. Above 1,200 each link is probed for what gets through, again and
   * again, so that up to 1,452 suits any network and 8,900 one with jumbo frames. It saves datagrams where many small messages, or
   * with jumbo frames many segments, go to the same homie. Default: 1,200, which gets through everywhere. On the same host it is
   * always 16,384, and 61,440 for long messages.
   */
  maxDatagramBytes?: number;
  /**
   * How many bytes of segments are kept, and for how long, to repeat them to homies that missed them: 1.1 times
   * `maxMessageBytes` to 1,073,741,824 bytes, and 1,000 to 600,000 ms. Default: 16,777,216 bytes, or 2.2 times `maxMessageBytes` where that is
   * more, and 30,000 ms.
   */
  repairCache?: { maxBytes?: number; maxAgeMs?: number };
  /**
   * Largest clock difference at which a Hello is answered, in milliseconds. 0 reads no clock; then it has to be 0
   * everywhere, for others do not answer a Hello without a time. Default: 60,000.
   */
  timeLockMs?: number;
  /** Whether the node's own broadcasts also reach its own handlers. Default: false. */
  deliverToSelf?: boolean;
  /** Where warnings go. Default: the console. */
  logger?: GwyhLogger;
  /** The network, clock and randomness to run on. Default: UDP sockets of the operating system. Tests pass a `VirtualNetwork`. */
  network?: DatagramNetwork;
}
