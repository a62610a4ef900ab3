import { Counters } from './counters.js';
import { DATA_OVERHEAD } from './crypto/data-header.js';
import type { EngineEvent } from './engine-event.js';
import type { EngineOptions } from './engine-options.js';
import { Fifo } from './fifo.js';
import { Overload } from './peers/overload.js';
import { TimerHeap } from './timer-heap.js';
import { MessagePackWriter } from './wire/message-pack-writer.js';

/**
 * Largest datagram sent across a network: fits IPv6's minimum MTU of 1,280 with room for a tunnel, and is the base of
 * path MTU discovery for datagrams (RFC 8899, section 5.1.2). Larger ones would need IP fragments, which many networks
 * drop.
 */
export const NETWORK_DATAGRAM_BYTES = 1_200;

/**
 * Longest frame. Every frame has to fit any datagram, for it may be passed on to any peer: a longer one would stay at
 * the head of an outbox for ever, and everything behind it as well.
 */
export const MAX_FRAME_BYTES = NETWORK_DATAGRAM_BYTES - DATA_OVERHEAD;

/** Largest datagram sent to an address of the same host, where the path carries 64 KiB. */
export const LOOPBACK_DATAGRAM_BYTES = 16_384;

/**
 * The same of segments of long messages alone, bytes: these are many, and each datagram less is two system calls less. Less:
 * long messages are slower; more than 65,507: not sent at all.
 */
export const LOOPBACK_BULK_BYTES = 61_440;

/**
 * Frames are cut from slabs of this size. Smaller, and more of them are allocated; larger, and a frame that waits for a
 * slow peer keeps more memory from being freed.
 */
const FRAME_SLAB_BYTES = 16_384;

/** What the parts of one engine share. */
export class EngineContext {
  readonly timers = new TimerHeap();
  readonly counters = new Counters();
  readonly events = new Fifo<EngineEvent>();
  /** Whether this node keeps up. */
  readonly overload = new Overload();
  /** Writes one frame at a time. */
  readonly writer = new MessagePackWriter(2 * NETWORK_DATAGRAM_BYTES, FRAME_SLAB_BYTES);

  constructor(readonly options: EngineOptions) {}
}
