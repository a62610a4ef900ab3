import type { Handshakes } from './crypto/handshakes.js';
import type { EngineContext } from './engine-context.js';
import type { Endpoint } from './endpoint.js';
import type { Packer } from './peers/packer.js';
import type { PeerTable } from './peers/peer-table.js';
import type { Strays } from './peers/strays.js';

/** A datagram to send. The caller owns the bytes, until it says that they have left. */
export interface Transmit {
  readonly to: Endpoint;
  readonly datagram: Uint8Array;
}

/** What waits to be sent: datagrams to other addresses than those of peers first, then one of each peer in turn. */
export class Transmits {
  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly packer: Packer,
    readonly strays: Strays,
    private readonly handshakes: Handshakes,
  ) {}

  /** The next one; undefined when nothing waits that may go. Frames that wait for the same peer share one. */
  next(now: number): Transmit | undefined {
    const { peers } = this;
    const first = this.strays.shift() ?? this.handshakes.nextTransmit();
    if (first !== undefined) return this.counted(first.to, first.datagram);
    for (let peer = peers.nextInLine(); peer !== undefined; peer = peers.nextInLine()) {
      const datagram = this.packer.pack(peer, now);
      if (peer.outbox.hasControl || (!peer.outbox.isEmpty && !peer.paced.isSet)) peers.enqueue(peer);
      if (datagram !== undefined) return this.counted(peer.endpoint, datagram);
    }
    return undefined;
  }

  /** Nobody reads the datagrams any more that were returned so far: their memory is used again, unless others wait in it. */
  reuse(): void {
    if (this.strays.isEmpty) this.packer.reuse();
  }

  private counted(to: Endpoint, datagram: Uint8Array): Transmit {
    const { counters } = this.context;
    counters.datagramsSent++;
    counters.bytesSent += datagram.length;
    return { to, datagram };
  }
}
