import type { BaselineNode, Surroundings } from './baseline-node.js';
import { type Packet, PacketKind } from './packet.js';

/** Passes on what it hears first to all its links but the one it came from. Nothing is ever sent again. */
export class FloodNode implements BaselineNode {
  private readonly received = new Set<number>();

  constructor(private readonly surroundings: Surroundings) {}

  broadcast(message: number): void {
    this.received.add(message);
    this.push(message, 1, undefined);
  }

  receive(from: number, { message, round }: Packet): void {
    if (this.received.has(message)) return;
    this.received.add(message);
    this.surroundings.deliver(message, round);
    this.push(message, round + 1, from);
  }

  private push(message: number, round: number, except: number | undefined): void {
    const packet = { kind: PacketKind.gossip, message, round };
    for (const neighbour of this.surroundings.neighbours) {
      if (neighbour !== except) this.surroundings.send(neighbour, packet);
    }
  }
}
