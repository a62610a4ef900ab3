import { Namespaces } from './namespaces.js';
import { QueueSampler } from './queue.js';

export interface BottleneckOptions {
  /** Of the one link that all traffic to the receiver has to pass, Mbit/s, headers of Ethernet and IP included. */
  readonly rateMbits: number;
  /** How long the last byte of a full buffer waits, ms. What comes then is dropped. */
  readonly bufferMs: number;
}

/** The last has no way to the receiver but by what a relay on the router carries. */
export const SENDERS = ['sender-a', 'sender-b', 'probe', 'behind-relay'] as const;
export type Sender = (typeof SENDERS)[number];

/** The receiver's address. */
export const RECEIVER_ADDRESS = '10.77.0.2';

/** The router's address as the receiver sees it. */
export const ROUTER_ADDRESS = '10.77.0.1';

/** The router's interface to the receiver. */
const NARROW = 'narrow';

/**
 * Several senders, a router, and one receiver. The router's interface to the receiver is as slow as asked, with a buffer
 * that drops what does not fit. All other links, and the way back, are as fast as the machine.
 */
export class Bottleneck {
  readonly namespaces = new Namespaces();

  constructor(private readonly options: BottleneckOptions) {
    const { namespaces } = this;
    for (const name of ['router', 'receiver', ...SENDERS]) namespaces.add(name);
    namespaces.exec('router', 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    this.attach('receiver', 0, NARROW);
    SENDERS.forEach((sender, i) => this.attach(sender, i + 1, `wide-${i}`));
    namespaces.ip('behind-relay', 'route replace unreachable default');
    namespaces.ip('receiver', `route add unreachable ${Bottleneck.addressOf('behind-relay')}/32`);
    const shape = `rate ${options.rateMbits}mbit burst ${burstBytes(options.rateMbits)} latency ${options.bufferMs}ms`;
    namespaces.exec('router', 'tc', ...`qdisc add dev ${NARROW} root tbf ${shape}`.split(' '));
  }

  /** Address of a sender. */
  static addressOf(sender: Sender): string {
    return `10.77.${SENDERS.indexOf(sender) + 1}.2`;
  }

  /** Address of the router as a sender sees it. */
  static routerAddressOf(sender: Sender): string {
    return `10.77.${SENDERS.indexOf(sender) + 1}.1`;
  }

  sampleQueue(): QueueSampler {
    return new QueueSampler(this.namespaces.prefixOf('router'), NARROW);
  }

  /** How long a backlog of the bottleneck takes, ms. */
  waitMs(backlogBytes: number): number {
    return (backlogBytes * 8) / (this.options.rateMbits * 1_000);
  }

  close(): Promise<void> {
    return this.namespaces.close();
  }

  private attach(host: string, subnet: number, routerInterface: string): void {
    const { namespaces } = this;
    namespaces.connect(host, 'eth0', 'router', routerInterface);
    namespaces.ip(host, `addr add 10.77.${subnet}.2/24 dev eth0`);
    namespaces.ip('router', `addr add 10.77.${subnet}.1/24 dev ${routerInterface}`);
    // TCP would hand over 64 KiB at once, which no wire carries, and the bucket would judge them as one packet.
    namespaces.ip(host, 'link set eth0 up gso_max_segs 1');
    namespaces.ip('router', `link set ${routerInterface} up gso_max_segs 1`);
    namespaces.ip(host, `route add default via 10.77.${subnet}.1`);
  }
}

/**
 * What may pass at line rate after a pause, bytes: a millisecond's worth, and three full packets at least. Less, and the
 * timer of the kernel cannot keep up the rate; more, and a queue is not seen until it is that long.
 */
function burstBytes(rateMbits: number): number {
  return Math.max(4_600, Math.round(rateMbits * 125));
}
