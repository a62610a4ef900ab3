import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Endpoint } from '../engine/endpoint.js';
import type { DatagramListener, DatagramNetwork, DatagramSocket } from './datagram-network.js';
import { systemRandom } from './system-random.js';

/**
 * Socket buffers asked for, bytes; the system gives what it allows (`net.core.rmem_max`). A burst larger than the receive
 * buffer is lost while the process is busy elsewhere.
 */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;

/** UDP sockets, names, clocks and randomness of the operating system. */
export const udpNetwork: DatagramNetwork = {
  bind,
  async resolve(host) {
    if (isIP(host) !== 0) return [host];
    return (await lookup(host, { all: true })).map(entry => canonical(entry.address));
  },
  now: () => performance.now(),
  wallClock: () => Date.now(),
  schedule(at, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, Math.ceil(at - performance.now())), MAX_TIMEOUT_MS));
    return () => clearTimeout(timer);
  },
  endOfTurn: callback => void setImmediate(callback),
  // Ticks that are due wait until all microtasks have run, and those that come of them.
  afterReactions: callback => queueMicrotask(() => process.nextTick(callback)),
  random: systemRandom,
};

/** Longest delay `setTimeout` takes; a timer that fires early is simply set again. */
const MAX_TIMEOUT_MS = 0x7fff_ffff;

function bind(local: Endpoint, onDatagram: DatagramListener): Promise<DatagramSocket> {
  const isIpv6 = local.address.includes(':');
  const lookups = { count: 0 };
  const socket = createSocket({
    type: isIpv6 ? 'udp6' : 'udp4',
    // Peers are always literal addresses: no look-up, and so no wait, on the way of a datagram.
    lookup: (host, _options, callback) => {
      lookups.count++;
      callback(null, host, isIpv6 ? 6 : 4);
    },
  });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: local.address, port: local.port, exclusive: true }, () => {
      socket.off('error', reject);
      lookups.count = 0;
      resolve(new UdpSocket(socket, isIpv6, lookups, onDatagram));
    });
  });
}

class UdpSocket implements DatagramSocket {
  readonly address: DatagramSocket['address'];
  sendErrors = 0;
  private sends = 0;
  private isClosed = false;

  constructor(
    private readonly socket: Socket,
    private readonly isIpv6: boolean,
    private readonly lookups: { readonly count: number },
    onDatagram: DatagramListener,
  ) {
    const { address, port } = socket.address();
    this.address = { address: canonical(address), port, family: isIpv6 ? 'IPv6' : 'IPv4' };
    for (const grow of [socket.setRecvBufferSize, socket.setSendBufferSize]) {
      try {
        grow.call(socket, SOCKET_BUFFER_BYTES);
      } catch {
        // The default size serves too, with more loss in bursts.
      }
    }
    socket.on('error', () => this.sendErrors++);
    if (isIpv6) {
      socket.on('message', (datagram, from) =>
        onDatagram({ address: canonical(from.address), port: from.port }, datagram),
      );
    } else socket.on('message', (datagram, from) => onDatagram(from, datagram));
  }

  get receiveBufferBytes(): number {
    return this.socket.getRecvBufferSize();
  }

  get queuedBytes(): number {
    return this.isClosed ? 0 : this.socket.getSendQueueSize();
  }

  /** The system has a copy of what does not wait in the queue: Node hands it over when the address is known, which it is at once. */
  get releasesSent(): boolean {
    return this.lookups.count === this.sends;
  }

  send(to: Endpoint, datagram: Uint8Array): void {
    if (this.isClosed) return;
    const isIpv4 = !to.address.includes(':');
    // An IPv4 socket has no way to IPv6; an IPv6 one reaches IPv4 by mapped addresses.
    if (!isIpv4 && !this.isIpv6) this.sendErrors++;
    else {
      this.sends++;
      this.socket.send(datagram, to.port, isIpv4 && this.isIpv6 ? `::ffff:${to.address}` : to.address, this.onSent);
    }
  }

  close(): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    this.isClosed = true;
    return new Promise(resolve => this.socket.close(() => resolve()));
  }

  private readonly onSent = (error: Error | null): void => {
    if (error !== null) this.sendErrors++;
  };
}

/** IPv4 addresses mapped into IPv6, as a dual-stack socket reports them, in their usual form. */
function canonical(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}
