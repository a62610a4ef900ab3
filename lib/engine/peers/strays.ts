import type { EngineContext } from '../engine-context.js';
import type { Endpoint } from '../endpoint.js';
import { Fifo } from '../fifo.js';
import type { Packer } from './packer.js';
import type { Peer } from './peer.js';

/**
 * Most datagrams that wait here. Each turn drains them, unless the socket takes nothing any more; then a peer that goes on
 * to send challenges must not use up the memory.
 */
export const MAX_STRAYS = 256;

/** Datagrams that go elsewhere than to a peer's address: the two halves of path validation. */
export class Strays {
  private readonly waiting = new Fifo<{ to: Endpoint; datagram: Uint8Array }>();

  constructor(
    private readonly context: EngineContext,
    private readonly packer: Packer,
  ) {}

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  /** Seals a frame for the peer and queues it for this address; nothing when there is no frame. */
  push(peer: Peer, to: Endpoint, frame: Uint8Array | undefined, now: number): void {
    if (frame === undefined) return;
    if (this.waiting.length >= MAX_STRAYS) return this.context.counters.drop('outbox_full');
    const datagram = this.packer.seal(peer, frame, now);
    if (datagram !== undefined) this.waiting.push({ to, datagram });
  }

  shift(): { to: Endpoint; datagram: Uint8Array } | undefined {
    return this.waiting.shift();
  }
}
