import type { Endpoint } from '../engine/endpoint.js';
import { formatEndpoint } from '../engine/endpoint.js';
import type { DatagramListener } from '../runtime/datagram-network.js';

/** One endpoint of the network, and who listens there. */
export class Host {
  listener: DatagramListener | undefined;
  /** Where its datagrams come from, since it moved. */
  movedTo: Host | undefined;
  /** Hosts to which none of its datagrams get; undefined for none. */
  blocked: Set<Host> | undefined;

  constructor(
    readonly endpoint: Endpoint,
    readonly number: number,
  ) {}
}

/** All endpoints that were ever named, listened to or sent to. */
export class Hosts {
  private readonly byText = new Map<string, Host>();
  /** Engines use the same few objects again and again: to find a host by object spares making a text of it. */
  private readonly byObject = new WeakMap<Endpoint, Host>();

  of(endpoint: Endpoint): Host {
    const known = this.byObject.get(endpoint);
    if (known !== undefined) return known;
    const text = formatEndpoint(endpoint);
    let host = this.byText.get(text);
    if (host === undefined) {
      host = new Host(endpoint, this.byText.size);
      this.byText.set(text, host);
    }
    this.byObject.set(endpoint, host);
    return host;
  }

  all(): IterableIterator<Host> {
    return this.byText.values();
  }
}
