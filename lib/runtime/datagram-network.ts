import type { Endpoint } from '../engine/endpoint.js';
import type { RandomFill } from '../engine/random.js';

/** A bound datagram socket. */
export interface DatagramSocket {
  readonly address: Endpoint & { readonly family: 'IPv4' | 'IPv6' };
  /** Sends without waiting. The socket owns the bytes from here on, unless it releases them. */
  send(to: Endpoint, datagram: Uint8Array): void;
  /** Bytes accepted by `send` that the network has not taken yet. */
  readonly queuedBytes: number;
  /**
   * Whether nothing of what was sent is read any more while `queuedBytes` is 0: then its memory is used again. Default: false,
   * each datagram has memory of its own.
   */
  readonly releasesSent?: boolean;
  /** What the socket buffer holds of what arrives, bytes as the operating system counts them. Default: 425,984. */
  readonly receiveBufferBytes?: number;
  /** Datagrams the network refused (no route, too large). */
  readonly sendErrors: number;
  close(): Promise<void>;
}

/** What a socket calls for each datagram; the receiver owns the bytes. */
export type DatagramListener = (from: Endpoint, datagram: Uint8Array) => void;

/**
 * Everything a node needs of the outside world: sockets, names, clocks, randomness. The operating system's is
 * `UdpNetwork`; tests run on the `VirtualNetwork` of `nestjs-gwyh/testing`.
 */
export interface DatagramNetwork {
  /** Rejects with the socket's error, such as `EADDRINUSE`. */
  bind(local: Endpoint, onDatagram: DatagramListener): Promise<DatagramSocket>;
  /** All addresses of a host name; an address resolves to itself. Rejects when the name is unknown. */
  resolve(host: string): Promise<string[]>;
  /** Monotonic milliseconds. */
  now(): number;
  /** Milliseconds since 1970. Read for the time lock of a Hello and once for the incarnation, nothing else. */
  wallClock(): number;
  /** Calls back once at monotonic time `at` or soon after. Returns a function that cancels. */
  schedule(at: number, callback: () => void): () => void;
  /** Calls back once the current turn's input has been handled. */
  endOfTurn(callback: () => void): void;
  /**
   * Calls back once the promises that have settled so far have run what waits for them, before any further input. Left out
   * where everything happens at once, as in virtual time.
   */
  afterReactions?(callback: () => void): void;
  readonly random: RandomFill;
}
