import type { Endpoint } from '../../../lib/engine/endpoint.js';
import type { PathModel } from '../../../lib/testing/path-model.js';
import { VirtualNetwork } from '../../../lib/testing/virtual-network.js';
import type { Carrier } from '../carrier.js';
import { type DeliveryLog, makePayload, type Message } from '../delivery-log.js';
import { frameSizes } from '../frame-sizes.js';
import type { OverlaySnapshot } from '../overlay-history.js';
import type { RunDigest } from '../run-digest.js';
import { NO_TRAFFIC, type Traffic } from '../traffic.js';
import type { Baseline } from './baseline.js';
import type { BaselineNode } from './baseline-node.js';
import { FloodNode } from './flood.js';
import { decodePacket, encodePacket, type Packet, PacketKind } from './packet.js';
import { PlumtreeNode } from './plumtree.js';

export interface BaselineClusterOptions {
  readonly baseline: Baseline;
  /** The links, which stay as they are. */
  readonly overlay: OverlaySnapshot;
  readonly paths: PathModel;
  readonly log: DeliveryLog;
  readonly digest: RunDigest;
  /** Virtual time at which it begins, ms. */
  readonly startedAt: number;
}

/** The nodes of a baseline: on a virtual network of their own with the paths of the world, datagrams as long as real ones. */
export class BaselineCluster implements Carrier {
  private readonly network: VirtualNetwork;
  private readonly endpoints: Endpoint[];
  private readonly nodes: BaselineNode[];
  private readonly numbers = new Map<Endpoint, number>();
  private readonly counts: { -readonly [name in keyof Traffic]: Traffic[name] } = { ...NO_TRAFFIC };
  /** What was encoded last: all copies that a node sends of a packet are one. */
  private lastPacket: Packet | undefined;
  private lastDatagram: Uint8Array = new Uint8Array(0);
  /** What was delivered last, because a message is delivered many times in a row. */
  private lastPayload: { number: number; payload: Uint8Array } = { number: -1, payload: new Uint8Array(0) };

  constructor(private readonly options: BaselineClusterOptions) {
    const { baseline, overlay, paths, digest, startedAt } = options;
    this.network = new VirtualNetwork({ paths });
    this.network.onDatagram = (_from, _to, datagram) => digest.datagram(datagram);
    this.network.advance(startedAt);
    const neighbours = neighboursIn(overlay);
    // Hosts get their numbers in the order of listening: those of the world.
    this.endpoints = neighbours.map(() => ({ address: this.network.newAddress(), port: 6969 }));
    this.nodes = this.endpoints.map((endpoint, node) => {
      this.numbers.set(endpoint, node);
      this.network.listen(endpoint, (from, datagram) => this.receive(node, from, datagram));
      return this.startNode(baseline, node, neighbours[node]!);
    });
  }

  get now(): number {
    return this.network.now();
  }

  advanceTo(at: number): void {
    if (at > this.now) this.network.advance(at - this.now);
  }

  send(message: Message): void {
    message.sentAt = this.now;
    message.frames = frameSizes(message.payloadBytes, 1, message.number + 1);
    this.nodes[message.origin]!.broadcast(message.number);
  }

  traffic(): Traffic {
    return { ...this.counts };
  }

  drops(): Record<string, number> {
    return {};
  }

  private startNode(baseline: Baseline, node: number, neighbours: readonly number[]): BaselineNode {
    const surroundings = {
      neighbours,
      now: () => this.network.now(),
      send: (to: number, packet: Packet, isRepair = false) => this.sendPacket(node, to, packet, isRepair),
      deliver: (message: number, round: number) => this.deliver(node, message, round),
      schedule: (at: number, callback: () => void) => this.network.schedule(at, callback),
    };
    return baseline === 'flood' ? new FloodNode(surroundings) : new PlumtreeNode(surroundings);
  }

  private sendPacket(from: number, to: number, packet: Packet, isRepair: boolean): void {
    const { counts } = this;
    if (packet !== this.lastPacket) {
      this.lastPacket = packet;
      const isSegment = packet.kind === PacketKind.gossip;
      this.lastDatagram = encodePacket(packet, isSegment ? this.options.log.messages[packet.message]!.frames[0]! : 0);
    }
    counts.datagramsSent++;
    counts.bytesSent += this.lastDatagram.length;
    if (packet.kind === PacketKind.gossip) counts.segmentsSent++;
    if (isRepair) counts.segmentsRepaired++;
    this.network.send(this.endpoints[from]!, this.endpoints[to]!, this.lastDatagram);
  }

  private receive(node: number, from: Endpoint, datagram: Uint8Array): void {
    const packet = decodePacket(datagram);
    if (packet.kind === PacketKind.gossip) this.counts.segmentsReceived++;
    this.nodes[node]!.receive(this.numbers.get(from)!, packet);
  }

  private deliver(node: number, number: number, round: number): void {
    const { log, digest } = this.options;
    if (this.lastPayload.number !== number) {
      this.lastPayload = { number, payload: makePayload(number, log.messages[number]!.payloadBytes) };
    }
    log.deliver(node, this.lastPayload.payload, round, this.now);
    digest.number(Math.round(this.now * 1_000));
    digest.number(number * log.nodes + node);
  }
}

/** For each node, those it has a link with, in either direction. */
function neighboursIn({ offsets, targets }: OverlaySnapshot): number[][] {
  const neighbours = Array.from({ length: offsets.length - 1 }, () => new Set<number>());
  for (let node = 0; node < neighbours.length; node++) {
    for (let i = offsets[node]!; i < offsets[node + 1]!; i++) {
      neighbours[node]!.add(targets[i]!);
      neighbours[targets[i]!]!.add(node);
    }
  }
  return neighbours.map(each => [...each].sort((a, b) => a - b));
}
