import { Keyring } from '../engine/crypto/keyring.js';
import { GwyhEngine } from '../engine/engine.js';
import type { BroadcastEvent, BroadcastMeta, EngineEvent } from '../engine/engine-event.js';
import { ENGINE_DEFAULTS, type EngineOptions } from '../engine/engine-options.js';
import type { Endpoint } from '../engine/endpoint.js';
import type { MemberRecord } from '../engine/membership/member.js';
import { randomNodeId } from '../engine/node-id.js';
import type { BroadcastResult } from '../engine/broadcast/dissemination.js';
import { Timer } from '../engine/timer-heap.js';
import { EnginePump } from '../runtime/engine-pump.js';
import { SeededRandom } from './seeded-random.js';
import { VirtualNetwork, type VirtualNetworkOptions } from './virtual-network.js';

/** A broadcast as a homie received it. */
export interface Arrival extends BroadcastMeta {
  readonly payload: Uint8Array;
  readonly at: number;
}

export interface VirtualClusterOptions extends VirtualNetworkOptions {
  /** Engine options that all homies share. */
  readonly engine?: Partial<EngineOptions>;
  /** Sees what the engines tell, in place of `arrivals` and `events`: those of a long run would fill the memory. */
  readonly onEvent?: (homie: VirtualHomie, event: EngineEvent) => void;
  /** Asserts the invariants of an engine after every so many of its inputs; 0 for never. Default: 1. */
  readonly checkEvery?: number;
}

/** Many engines on one virtual network, without nodes around them: for simulations of whole clusters. */
export class VirtualCluster {
  readonly network: VirtualNetwork;
  readonly homies: VirtualHomie[] = [];
  private readonly random: SeededRandom;
  private readonly keyring = Keyring.derive('virtual', [new Uint8Array(32).fill(7)]);

  constructor(private readonly options: VirtualClusterOptions = {}) {
    this.network = new VirtualNetwork(options);
    this.random = new SeededRandom((options.seed ?? 1) + 0x5eed);
  }

  /** Starts one more homie; the first one is the seed of the others unless they name their own. */
  add(options: Partial<EngineOptions> & { seeds?: readonly Endpoint[]; endpoint?: Endpoint } = {}): VirtualHomie {
    const { seeds, endpoint, ...engine } = options;
    const random = this.random.fork();
    const homie = new VirtualHomie(
      this.network,
      {
        id: randomNodeId(random.fill),
        zone: 'default',
        keyring: this.keyring,
        bound: undefined,
        advertised: undefined,
        ...ENGINE_DEFAULTS,
        random: random.fill,
        wallClock: () => this.network.wallClock(),
        ...this.options.engine,
        ...engine,
      },
      endpoint ?? { address: this.network.newAddress(), port: 6969 },
      this.options.checkEvery ?? 1,
      this.options.onEvent,
    );
    const first = this.homies[0];
    homie.seed(seeds ?? (first === undefined ? [] : [first.endpoint]));
    this.homies.push(homie);
    return homie;
  }

  /** All homies know each other from now on, as after a long time together; they have no links yet. */
  introduceAll(): void {
    // In order of id, which is that of the tables: in any other, each entry would move half of the others.
    const records = this.homies.map(homie => homie.record).sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const homie of this.homies) {
      homie.introduce(records.filter(record => record.id !== homie.id));
      // What it tells of all the others is taken at once: a whole cluster's worth would fill the memory.
      homie.drain();
    }
  }

  advance(ms: number): void {
    this.network.advance(ms);
  }

  /** Lets time pass until every homie knows all others and has its feeds; returns whether that happened in time. */
  join(mostMs = 60_000): boolean {
    return this.network.advanceUntil(() => this.isJoined, mostMs);
  }

  get isJoined(): boolean {
    return this.homies.every(homie => homie.engine.isReady && homie.engine.members.length === this.homies.length - 1);
  }
}

/** One engine with its place on the network. */
export class VirtualHomie {
  readonly engine: GwyhEngine;
  /** Broadcasts received, in order. */
  readonly arrivals: Arrival[] = [];
  /** Everything else the engine told. */
  readonly events: Exclude<EngineEvent, BroadcastEvent>[] = [];
  isRunning = true;
  /** What it says of its first life, which is the only one here. */
  private readonly incarnation: number;
  /** The pump has one timer at a time, moved after each input: made once, for there are many inputs. */
  private readonly timer = new Timer(() => {
    this.wake();
    this.check();
  });
  private wake: () => void = () => undefined;
  private readonly cancelTimer = () => this.network.cancelTimer(this.timer);
  private readonly pump: EnginePump;
  private inputs = 0;

  constructor(
    private readonly network: VirtualNetwork,
    readonly options: EngineOptions,
    readonly endpoint: Endpoint,
    private readonly checkEvery: number,
    onEvent: VirtualClusterOptions['onEvent'],
  ) {
    this.incarnation = options.wallClock();
    this.engine = new GwyhEngine(options, network.now());
    const socket = {
      queuedBytes: 0,
      send: (to: Endpoint, datagram: Uint8Array) => network.send(endpoint, to, datagram),
    };
    const clock = {
      now: () => network.now(),
      endOfTurn: (callback: () => void) => network.endOfTurn(callback),
      schedule: (at: number, callback: () => void) => {
        this.wake = callback;
        network.setTimer(this.timer, at);
        return this.cancelTimer;
      },
    };
    this.pump = new EnginePump(
      this.engine,
      clock,
      socket,
      onEvent === undefined ? event => this.keep(event) : event => onEvent(this, event),
    );
    const isFree = network.listen(endpoint, (from, datagram) => this.inject(from, datagram));
    if (!isFree) throw new Error('this endpoint has a homie already');
  }

  get id(): string {
    return this.options.id;
  }

  /** What others know of it once they have met it. */
  get record(): MemberRecord {
    const { id, incarnation, endpoint } = this;
    return { id, incarnation, state: 'up', endpoint, zone: this.options.zone };
  }

  get now(): number {
    return this.network.now();
  }

  seed(endpoints: readonly Endpoint[]): void {
    this.engine.setSeeds(this.network.now(), endpoints);
    this.afterInput();
  }

  introduce(records: readonly MemberRecord[]): void {
    this.engine.introduce(this.network.now(), records);
    this.afterInput();
  }

  broadcast(payload: Uint8Array, zones?: readonly string[]): BroadcastResult {
    const result = this.engine.broadcast(this.network.now(), payload, zones);
    this.afterInput();
    return result;
  }

  /** Hands any bytes to the engine as if they had come from there. */
  inject(from: Endpoint, datagram: Uint8Array): void {
    this.pump.receive(from, datagram);
    this.check();
  }

  /** Lets an input that the engine got directly take effect. */
  afterInput(): void {
    this.check();
    this.pump.drainSoon();
  }

  /** Takes at once what waits in the engine. */
  drain(): void {
    this.pump.drain();
  }

  /** Ends it without a word. */
  kill(): void {
    this.isRunning = false;
    this.pump.stop();
    this.network.unlisten(this.endpoint);
  }

  /** Ends it with a leave. */
  leave(): void {
    this.engine.leave(this.network.now());
    this.pump.drain();
    this.kill();
  }

  private keep(event: EngineEvent): void {
    if (event.type === 'broadcast')
      this.arrivals.push({ ...event.meta, payload: event.payload, at: this.network.now() });
    else this.events.push(event);
  }

  private check(): void {
    this.inputs++;
    if (this.checkEvery > 0 && this.inputs % this.checkEvery === 0) this.engine.check();
  }
}
