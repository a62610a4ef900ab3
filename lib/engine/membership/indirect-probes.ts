import type { EngineContext } from '../engine-context.js';
import { NODE_ID_BYTES, type NodeId, nodeIdFromBytes, nodeIdToBytes } from '../node-id.js';
import { Priority } from '../peers/outbox.js';
import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import { Timer } from '../timer-heap.js';
import { Frame } from '../wire/frame.js';
import type { MessagePackReader } from '../wire/message-pack-reader.js';
import { detectionMs } from './failure-detector.js';
import type { LocalHealth } from './local-health.js';

/**
 * Share of the detection time that a helper tries for. Less than what the asker waits (`VERDICT_SHARE`), so that the
 * answer arrives in time.
 */
export const HELP_SHARE = 0.3;

/** Most members that are tried for others at a time. Beyond it requests are dropped and counted: the asker has others. */
export const MAX_FAVOURS = 64;

/** Most who wait for news of the same member. All links of a dead one may ask at once. */
export const MAX_ASKERS = 32;

/** What probes on behalf of others need of the engine. */
export interface IndirectProbesHost {
  /** Sends a heartbeat at once and repeats it until it is answered. */
  ping(peer: Peer, now: number): void;
  /** Says Hello to the member. False when we do not know where it is. */
  dial(id: NodeId, now: number): boolean;
  /** Whether it has answered a Hello since then, though there is no session yet. */
  isAnswering(id: NodeId, since: number): boolean;
  /** A helper has answered. */
  testified(helper: Peer, id: NodeId, isReached: boolean): void;
}

interface Favour {
  /** When it was asked for first. */
  readonly since: number;
  readonly askers: Set<Peer>;
  readonly timer: Timer;
}

/** Reaches members for others who cannot, and tells them how it went (SWIM's ping-req, with Lifeguard's nack). */
export class IndirectProbes {
  private readonly favours = new Map<NodeId, Favour>();

  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly health: LocalHealth,
    private readonly host: IndirectProbesHost,
  ) {}

  get size(): number {
    return this.favours.size;
  }

  /** Asks the peer to reach the member. */
  ask(helper: Peer, id: NodeId): void {
    const { writer } = this.context;
    writer.reset();
    writer.array(2);
    writer.uint(Frame.probeRequest);
    writer.bytes(nodeIdToBytes(id));
    this.peers.send(helper, Priority.control, writer.take());
  }

  onRequest(asker: Peer, reader: MessagePackReader, now: number): void {
    const bytes = reader.bytesOf(NODE_ID_BYTES);
    if (reader.failed) return;
    const id = nodeIdFromBytes(bytes);
    if (id === this.context.options.id) return this.answer(asker, id, true);
    const known = this.favours.get(id);
    if (known !== undefined) {
      if (known.askers.size < MAX_ASKERS) known.askers.add(asker);
      return;
    }
    if (this.favours.size >= MAX_FAVOURS) return this.context.counters.drop('probe_refused');
    const peer = this.peers.get(id);
    if (peer !== undefined) {
      peer.isAwaited = true;
      this.host.ping(peer, now);
    } else if (!this.host.dial(id, now)) return this.context.counters.drop('probe_refused');
    const timer = new Timer(at => this.failed(id, at));
    this.favours.set(id, { since: now, askers: new Set([asker]), timer });
    this.context.timers.set(timer, now + HELP_SHARE * detectionMs(this.context.options.heartbeat));
  }

  onResult(helper: Peer, reader: MessagePackReader): void {
    const bytes = reader.bytesOf(NODE_ID_BYTES);
    const isReached = reader.uint();
    if (isReached > 1) reader.fail();
    if (reader.failed) return;
    this.host.testified(helper, nodeIdFromBytes(bytes), isReached === 1);
  }

  /** The member was heard. */
  reached(id: NodeId): void {
    const favour = this.favours.get(id);
    if (favour === undefined) return;
    this.context.timers.cancel(favour.timer);
    this.conclude(id, favour, true);
  }

  check(): void {
    for (const { timer } of this.favours.values()) if (!timer.isSet) throw new Error('a favour without an end');
    for (const peer of this.peers.all()) {
      if (peer.isAwaited && !this.favours.has(peer.id)) throw new Error('a peer is awaited for nobody');
    }
  }

  private failed(id: NodeId, now: number): void {
    const favour = this.favours.get(id)!;
    // We did not run, and the answer may wait to be read: we have not really tried.
    if (now < this.health.silentUntil) favour.askers.clear();
    this.conclude(id, favour, this.host.isAnswering(id, favour.since));
  }

  private conclude(id: NodeId, { askers }: Favour, isReached: boolean): void {
    this.favours.delete(id);
    const peer = this.peers.get(id);
    if (peer !== undefined) peer.isAwaited = false;
    for (const asker of askers) if (this.peers.get(asker.id) === asker) this.answer(asker, id, isReached);
  }

  private answer(asker: Peer, id: NodeId, isReached: boolean): void {
    const { writer } = this.context;
    writer.reset();
    writer.array(3);
    writer.uint(Frame.probeResult);
    writer.bytes(nodeIdToBytes(id));
    writer.uint(isReached ? 1 : 0);
    this.peers.send(asker, Priority.control, writer.take());
  }
}
