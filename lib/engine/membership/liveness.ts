import type { Handshakes } from '../crypto/handshakes.js';
import type { EngineContext } from '../engine-context.js';
import type { Endpoint } from '../endpoint.js';
import type { NodeId } from '../node-id.js';
import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import { FailureDetector, type Verdict } from './failure-detector.js';
import { IndirectProbes } from './indirect-probes.js';
import type { LocalHealth } from './local-health.js';
import type { Membership } from './membership.js';

/** What verdicts lead to, and what it takes to reach somebody. */
export interface LivenessHost {
  /** Sends the peer a heartbeat at once and repeats it until it is answered. */
  ping(peer: Peer, now: number): void;
  /** The peer does not answer us. */
  unreachable(peer: Peer, now: number): void;
  /** The member is no feed for now. */
  avoid(id: NodeId, now: number): void;
  /** The member may be a feed again. */
  reached(id: NodeId, now: number): void;
}

/** From silence to a verdict: our own tries, the help of others and the accusation, put together. */
export class Liveness {
  readonly probes: IndirectProbes;
  private readonly detector: FailureDetector;

  constructor(
    context: EngineContext,
    private readonly peers: PeerTable,
    private readonly membership: Membership,
    health: LocalHealth,
    private readonly handshakes: Handshakes,
    private readonly host: LivenessHost,
  ) {
    const { table } = membership;
    this.detector = new FailureDetector(context, peers, health, {
      othersThan: id => table.live.length - (table.isLive(id) ? 1 : 0),
      isAccused: id => table.get(id)?.state === 'suspect',
      askHelper: (helper, id) => this.probes.ask(helper, id),
      dial: (id, now) => this.dial(id, now),
      isAnswering: (id, since) => this.isAnswering(id, since),
      judged: (id, verdict, now) => this.judged(id, verdict, now),
      isAlone: id => membership.isAlone(id),
    });
    this.probes = new IndirectProbes(context, peers, health, {
      ping: (peer, now) => host.ping(peer, now),
      dial: (id, now) => this.dial(id, now),
      isAnswering: (id, since) => this.isAnswering(id, since),
      testified: (helper, id, isReached) => this.detector.testified(helper, id, isReached),
    });
  }

  /** A link, or a member that we want as a feed, has not been heard since it was first asked. Told again and again. */
  silent(id: NodeId, since: number, now: number): void {
    if (this.membership.isSettled(id)) return;
    if (this.peers.get(id) === undefined && this.isAnswering(id, since)) return;
    this.detector.doubt(id, since, now);
  }

  /**
   * The member has refuted what was said of it. What its silence has shown so far is from before: it is asked anew, and so
   * are the helpers.
   * @param wasUp whether it was neither in doubt nor lost here.
   */
  outlived(id: NodeId, wasUp: boolean, now: number): void {
    this.detector.lives(id);
    if (!wasUp) this.host.reached(id, now);
  }

  /** A session was made with the member. */
  met(id: NodeId): void {
    this.detector.lives(id);
    this.probes.reached(id);
  }

  get metrics(): Record<string, number> {
    return { inquiries: this.detector.size, favours: this.probes.size };
  }

  check(): void {
    this.detector.check();
    this.probes.check();
  }

  private endpointOf(id: NodeId): Endpoint | undefined {
    return this.peers.get(id)?.endpoint ?? this.membership.table.get(id)?.endpoint;
  }

  /** Says Hello to a member, live or lately so. False when we know of none of this id. */
  private dial(id: NodeId, now: number): boolean {
    const endpoint = this.endpointOf(id);
    if (endpoint === undefined) return false;
    this.handshakes.dial(now, endpoint, id);
    return true;
  }

  private isAnswering(id: NodeId, since: number): boolean {
    const endpoint = this.endpointOf(id);
    return endpoint !== undefined && this.handshakes.isAnsweredSince(endpoint, since);
  }

  private judged(id: NodeId, verdict: Verdict, now: number): void {
    const peer = this.peers.get(id);
    if (verdict === 'accused') this.membership.accuse(id, now);
    // It may live: another node watches it, and we need another link.
    else if (peer !== undefined) this.host.unreachable(peer, now);
    if (verdict !== 'ourselves') this.host.avoid(id, now);
  }
}
