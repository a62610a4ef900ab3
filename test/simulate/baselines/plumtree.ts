import { CACHE_MS } from '../../../lib/engine/broadcast/segment-cache.js';
import type { BaselineNode, Surroundings } from './baseline-node.js';
import { NO_MESSAGE, type Packet, PacketKind } from './packet.js';

/** How long after the first announcement the message itself is waited for, ms: that of plum-foca. */
export const FIRST_TIMEOUT_MS = 150;

/** How long an announcer has to answer a graft before the next one is asked, ms: half of the first, as in the paper. */
export const NEXT_TIMEOUT_MS = 75;

/** A path must be so many links shorter before the tree is changed for it: that of the paper and of iroh-gossip. */
export const OPTIMISATION_THRESHOLD = 7;

/** A message that was announced and has not come. */
interface MissingMessage {
  /** Who announced it, the next to be asked first. */
  readonly announcers: Announcer[];
  readonly since: number;
  cancelTimer: () => void;
}

interface Announcer {
  readonly node: number;
  readonly round: number;
}

/**
 * A node of the shared tree of "Epidemic Broadcast Trees". Three things that the paper leaves open are chosen in favour
 * of the protocol: announcements are sent at once and not in batches; an announcer that did not answer is asked again
 * after all others were, because here grafts are lost as well; and nobody gives up before the caches of the real
 * engines would have forgotten the message.
 */
export class PlumtreeNode implements BaselineNode {
  /** All links are eager in the beginning. */
  private readonly eager: Set<number>;
  private readonly lazy = new Set<number>();
  private readonly received = new Set<number>();
  private readonly missing = new Map<number, MissingMessage>();

  constructor(private readonly surroundings: Surroundings) {
    this.eager = new Set(surroundings.neighbours);
  }

  broadcast(message: number): void {
    this.received.add(message);
    this.push(message, 1, undefined);
  }

  receive(from: number, packet: Packet): void {
    if (packet.kind === PacketKind.gossip) this.onGossip(from, packet);
    else if (packet.kind === PacketKind.announcement) this.onAnnouncement(from, packet);
    else if (packet.kind === PacketKind.graft) this.onGraft(from, packet);
    else this.makeLazy(from);
  }

  private onGossip(from: number, { message, round }: Packet): void {
    if (this.received.has(message)) {
      this.makeLazy(from);
      this.surroundings.send(from, { kind: PacketKind.prune, message: NO_MESSAGE, round: 0 });
      return;
    }
    this.received.add(message);
    const missing = this.missing.get(message);
    missing?.cancelTimer();
    this.missing.delete(message);
    this.surroundings.deliver(message, round);
    this.push(message, round + 1, from);
    this.makeEager(from);
    if (missing !== undefined) this.optimise(from, round, missing.announcers);
  }

  private onAnnouncement(from: number, { message, round }: Packet): void {
    if (this.received.has(message)) return;
    const missing = this.missing.get(message);
    if (missing !== undefined) {
      missing.announcers.push({ node: from, round });
      return;
    }
    const since = this.surroundings.now();
    this.missing.set(message, {
      announcers: [{ node: from, round }],
      since,
      cancelTimer: this.surroundings.schedule(since + FIRST_TIMEOUT_MS, () => this.askFor(message)),
    });
  }

  private onGraft(from: number, { message, round }: Packet): void {
    this.makeEager(from);
    if (this.received.has(message)) this.surroundings.send(from, { kind: PacketKind.gossip, message, round }, true);
  }

  /** Makes the next announcer a parent, and asks it for the message. */
  private askFor(message: number): void {
    const missing = this.missing.get(message)!;
    const now = this.surroundings.now();
    if (now - missing.since > CACHE_MS) {
      this.missing.delete(message);
      return;
    }
    const announcer = missing.announcers.shift()!;
    missing.announcers.push(announcer);
    this.makeEager(announcer.node);
    this.surroundings.send(announcer.node, { kind: PacketKind.graft, message, round: announcer.round });
    missing.cancelTimer = this.surroundings.schedule(now + NEXT_TIMEOUT_MS, () => this.askFor(message));
  }

  /** Takes a far shorter path that was announced in place of the one the message came on. */
  private optimise(sender: number, round: number, announcers: readonly Announcer[]): void {
    const shorter = announcers.find(announcer => round - announcer.round >= OPTIMISATION_THRESHOLD);
    if (shorter === undefined || shorter.node === sender) return;
    this.makeEager(shorter.node);
    this.surroundings.send(shorter.node, { kind: PacketKind.graft, message: NO_MESSAGE, round: shorter.round });
    this.makeLazy(sender);
    this.surroundings.send(sender, { kind: PacketKind.prune, message: NO_MESSAGE, round: 0 });
  }

  private push(message: number, round: number, except: number | undefined): void {
    this.pushTo(this.eager, { kind: PacketKind.gossip, message, round }, except);
    this.pushTo(this.lazy, { kind: PacketKind.announcement, message, round }, except);
  }

  private pushTo(neighbours: ReadonlySet<number>, packet: Packet, except: number | undefined): void {
    for (const neighbour of neighbours) if (neighbour !== except) this.surroundings.send(neighbour, packet);
  }

  private makeEager(neighbour: number): void {
    this.lazy.delete(neighbour);
    this.eager.add(neighbour);
  }

  private makeLazy(neighbour: number): void {
    this.eager.delete(neighbour);
    this.lazy.add(neighbour);
  }
}
