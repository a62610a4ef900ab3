import type { BroadcastEvent, EngineEvent } from '../../lib/engine/engine-event.js';
import type { PathModel } from '../../lib/testing/path-model.js';
import { VirtualCluster, type VirtualHomie } from '../../lib/testing/virtual-cluster.js';
import type { Carrier } from './carrier.js';
import { type DeliveryLog, makePayload, type Message } from './delivery-log.js';
import { frameSizes } from './frame-sizes.js';
import type { ClusterOptions } from './options.js';
import { REGIONS } from './regions.js';
import { RunDigest } from './run-digest.js';
import { dropsOf, type Traffic, trafficOf } from './traffic.js';
import { World } from './world.js';

/** Longest that a cluster may take to form beyond the time it is given, ms. */
const FORMING_MS = 120_000;

/** Steps in which progress is told, ms of virtual time. */
const STEP_MS = 1_000;

export interface SimulatedClusterOptions extends ClusterOptions {
  /** Size of the largest message, bytes; undefined for one of the usual size. */
  readonly payloadBytes?: number | undefined;
  /** How many of the nodes all nodes have as their seeds. Default: one for a cold start, else none. */
  readonly seeds?: number;
}

/** What the engines tell of members and of themselves. */
export type WatchedEvent = Exclude<EngineEvent, BroadcastEvent>;

/** Real engines in the simulated world, and a digest of all they do. */
export class SimulatedCluster implements Carrier {
  readonly world: World;
  /** The ways of the world, with every datagram in the digest. */
  readonly paths: PathModel;
  readonly cluster: VirtualCluster;
  /** All lives of all nodes in the order of their starts: each node has one, unless it is restarted. */
  readonly lives: VirtualHomie[] = [];
  /** Where messages are entered when they arrive. */
  log: DeliveryLog | undefined;
  /** Sees what is told besides messages, with the number of the life that tells it. */
  onEvent: ((life: number, event: WatchedEvent) => void) | undefined;
  /** Number of each life. The first lives have the numbers of their nodes. */
  private readonly numbers = new Map<VirtualHomie, number>();

  constructor(
    private readonly options: SimulatedClusterOptions,
    private readonly progress: (text: string) => void,
    readonly digest = new RunDigest(),
  ) {
    const { nodes, loss, uplinkMbits, seed, strategy, subscriptions, checkEvery } = options;
    const regions = REGIONS.slice(0, options.zones);
    this.world = new World({ regions, nodes, loss, uplinkMbits, seed });
    this.paths = this.digested(this.world);
    this.cluster = new VirtualCluster({
      seed,
      paths: this.paths,
      engine: { strategy, subscriptions, maxMessageBytes: Math.max(1_048_576, options.payloadBytes ?? 0) },
      checkEvery,
      onEvent: (homie, event) => this.told(homie, event),
    });
    this.cluster.network.onDatagram = (_from, _to, datagram) => this.digest.datagram(datagram);
    const endpoints = Array.from({ length: nodes }, () => ({ address: this.cluster.network.newAddress(), port: 6969 }));
    const seeds = endpoints.slice(0, options.seeds ?? (options.coldStart ? 1 : 0));
    for (const [node, endpoint] of endpoints.entries()) {
      const zone = regions[this.world.zoneOf(node)]!.name;
      this.enter(this.cluster.add({ zone, endpoint, seeds: seeds.filter(seed => seed !== endpoint) }));
    }
  }

  get homies(): readonly VirtualHomie[] {
    return this.cluster.homies;
  }

  get now(): number {
    return this.cluster.network.now();
  }

  /** Lets the overlay form. */
  settle(): void {
    const { settleMs, coldStart } = this.options;
    if (!coldStart) this.cluster.introduceAll();
    const until = this.now + settleMs;
    while (this.now < until) this.step(Math.min(STEP_MS, until - this.now));
    const latest = this.now + FORMING_MS;
    while (this.now < latest && !this.isFormed) this.step(STEP_MS);
    if (!this.isFormed) this.progress('the cluster did not form completely');
  }

  advanceTo(at: number): void {
    while (this.now < at) this.step(Math.min(STEP_MS, at - this.now));
  }

  /** Lets time pass until the condition holds, at most so long. Returns whether it holds. */
  advanceUntil(condition: () => boolean, mostMs: number): boolean {
    const until = this.now + mostMs;
    while (!condition()) {
      if (this.now >= until) return false;
      this.cluster.network.advanceUntil(condition, Math.min(STEP_MS, until - this.now));
      this.tellProgress();
    }
    return true;
  }

  /** Starts the next life of a node whose last one is over, and returns its number. */
  restart(node: number): number {
    return this.enter(this.cluster.restart(this.homies[node]!));
  }

  /** Sends a message, unless its origin refuses it. */
  send(message: Message): void {
    const homie = this.lives[message.origin]!;
    const { engine } = homie;
    const before = engine.lastSequence;
    if (homie.broadcast(makePayload(message.number, message.payloadBytes)) !== 'accepted') return;
    message.sentAt = this.now;
    message.frames = frameSizes(message.payloadBytes, engine.lastSequence - before, engine.lastSequence);
  }

  traffic(): Traffic {
    return trafficOf(this.homies);
  }

  drops(): Record<string, number> {
    return dropsOf(this.homies);
  }

  private get isFormed(): boolean {
    return this.options.coldStart ? this.cluster.isJoined : this.homies.every(homie => homie.engine.isReady);
  }

  private step(ms: number): void {
    this.cluster.advance(ms);
    this.tellProgress();
  }

  private tellProgress(): void {
    this.progress(`${(this.now / 1_000).toFixed(1)} s of virtual time`);
  }

  private enter(homie: VirtualHomie): number {
    const number = this.lives.length;
    this.lives.push(homie);
    this.numbers.set(homie, number);
    return number;
  }

  private told(homie: VirtualHomie, event: EngineEvent): void {
    const life = this.numbers.get(homie)!;
    if (event.type !== 'broadcast') return this.onEvent?.(life, event);
    if (this.log === undefined) throw new Error('a message before the first was sent');
    const message = this.log.deliver(life, event.payload, event.hops, this.now);
    this.digest.number(Math.round(this.now * 1_000));
    this.digest.number(message * this.log.nodes + life);
  }

  /** The same paths, with every datagram in the digest. */
  private digested(paths: PathModel): PathModel {
    const { digest } = this;
    return {
      arrival: (from, to, bytes, now) => {
        digest.number(Math.round(now * 1_000));
        digest.number(from);
        digest.number(to);
        return paths.arrival(from, to, bytes, now);
      },
      received: (host, bytes, now) => paths.received(host, bytes, now),
    };
  }
}
