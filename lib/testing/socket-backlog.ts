import type { Endpoint } from '../engine/endpoint.js';

/**
 * What a socket keeps for a process that does not read, bytes: what Linux grants to a process that asks for more, at the
 * default `net.core.rmem_max` (doubled, see socket(7)).
 */
export const RECEIVE_BUFFER_BYTES = 425_984;

/** What the kernel counts for each datagram besides its bytes: the `sk_buff` and its shared info on a 64-bit machine. */
export const DATAGRAM_OVERHEAD_BYTES = 576;

interface Waiting {
  readonly from: Endpoint;
  readonly datagram: Uint8Array;
}

/** The datagrams that wait in the socket of a process that is paused, in the order of their arrival. */
export class SocketBacklog {
  private waiting: Waiting[] = [];
  private bytes = 0;

  /** False when the buffer is full and the datagram is lost. */
  push(from: Endpoint, datagram: Uint8Array): boolean {
    const bytes = datagram.length + DATAGRAM_OVERHEAD_BYTES;
    if (this.bytes + bytes > RECEIVE_BUFFER_BYTES) return false;
    this.bytes += bytes;
    this.waiting.push({ from, datagram });
    return true;
  }

  /** Takes all of them. */
  empty(): readonly Waiting[] {
    const { waiting } = this;
    this.waiting = [];
    this.bytes = 0;
    return waiting;
  }
}
