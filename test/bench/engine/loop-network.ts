import type { Endpoint } from '../../../lib/engine/endpoint.js';
import type { DatagramListener, DatagramNetwork, DatagramSocket } from '../../../lib/runtime/datagram-network.js';
import { udpNetwork } from '../../../lib/runtime/udp-network.js';

/**
 * What a socket holds of what arrives, bytes: so much that a homie which other operations, or other programs, held up still
 * offers the room that the others need to send all they have in one turn.
 */
const RECEIVE_BUFFER_BYTES = 16 * 1024 * 1024;

/** What datagrams are copied into, bytes, in turn: far more than waits at any time, as nobody looks whether it is free. */
const SYSTEM_BYTES = 1024 * 1024;

/** A datagram that waits. It is cut from the memory of the system when it is handed over. */
interface Waiting {
  readonly from: Endpoint;
  readonly start: number;
  readonly end: number;
  datagram: Uint8Array | undefined;
}

/**
 * A network without a system: datagrams are copied, as a system does, and wait in an array until they are handed over, and
 * turns end when the bench says so. What is left is the library's own code, on the real clock.
 */
export class LoopNetwork implements DatagramNetwork {
  readonly random = udpNetwork.random;
  /** Whether of two copies one comes first, so that there are paths to choose. */
  readonly hasDelays: boolean = true;
  private readonly listeners = new Map<number, DatagramListener>();
  private readonly waiting = new Map<number, Waiting[]>();
  private readonly memory = new Uint8Array(SYSTEM_BYTES);
  private used = 0;
  private ends: (() => void)[] = [];
  private ports = 0;

  now(): number {
    return performance.now();
  }

  wallClock(): number {
    return Date.now();
  }

  schedule(at: number, callback: () => void): () => void {
    return udpNetwork.schedule(at, callback);
  }

  endOfTurn(callback: () => void): void {
    this.ends.push(callback);
  }

  resolve(host: string): Promise<string[]> {
    return Promise.resolve([host]);
  }

  bind(local: Endpoint, onDatagram: DatagramListener): Promise<DatagramSocket> {
    const port = local.port === 0 ? ++this.ports : local.port;
    const address = { address: '127.0.0.1', port, family: 'IPv4' as const };
    this.listeners.set(port, onDatagram);
    this.waiting.set(port, []);
    return Promise.resolve({
      address,
      queuedBytes: 0,
      receiveBufferBytes: RECEIVE_BUFFER_BYTES,
      sendErrors: 0,
      releasesSent: true,
      send: (to, datagram) => this.waiting.get(to.port)!.push(this.copied(address, datagram)),
      close: () => Promise.resolve(),
    });
  }

  /** Ends the turn: engines are drained. One that the system kept from going on asks for another turn, and gets it. */
  endTurn(): void {
    while (this.ends.length > 0) {
      const { ends } = this;
      this.ends = [];
      for (const end of ends) end();
    }
  }

  /** Makes what is handed over by the next `deliverTo`: each is an object, of which the system makes one as well. */
  cut(port: number): void {
    for (const each of this.waiting.get(port)!) each.datagram ??= this.memory.subarray(each.start, each.end);
  }

  /** Hands over what waits for this port. Returns how many datagrams that were. */
  deliverTo(port: number): number {
    this.cut(port);
    const datagrams = this.waiting.get(port)!;
    if (datagrams.length === 0) return 0;
    this.waiting.set(port, []);
    const listener = this.listeners.get(port)!;
    for (const { from, datagram } of datagrams) listener(from, datagram!);
    return datagrams.length;
  }

  /** Everything to everybody, until nobody has anything to say. */
  settle(): void {
    for (let delivered = 1; delivered > 0;) {
      this.endTurn();
      delivered = 0;
      for (const port of this.listeners.keys()) delivered += this.deliverTo(port);
    }
  }

  private copied(from: Endpoint, datagram: Uint8Array): Waiting {
    if (this.used + datagram.length > SYSTEM_BYTES) this.used = 0;
    const start = this.used;
    this.memory.set(datagram, start);
    this.used = start + datagram.length;
    return { from, start, end: this.used, datagram: undefined };
  }
}
