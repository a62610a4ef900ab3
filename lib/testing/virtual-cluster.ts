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
import { SocketBacklog } from './socket-backlog.js';
import { VirtualNetwork, type VirtualNetworkOptions } from './virtual-network.js';

export type CheckEvery = number | 'spread';

/** How many members an input pays for where checks are spread: so they take a few percent of the time in a cluster of any size. */
const CHECKED_MEMBERS = 8;

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
  /**
   * Asserts the invariants of an engine after every so many of its inputs; 0 for never. With `spread` the more seldom, the
   * more members it has, as it walks over all of them: each input pays for a few. Default: 1.
   */
  readonly checkEvery?: CheckEvery;
}

/** A homie to start: engine options of its own, and where it is. */
export interface HomieOptions extends Partial<EngineOptions> {
  /** Default: the first homie. */
  readonly seeds?: readonly Endpoint[];
  /** Default: a new address. */
  readonly endpoint?: Endpoint;
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
  add(options: HomieOptions = {}): VirtualHomie {
    const homie = this.start(options);
    this.homies.push(homie);
    return homie;
  }

  /**
   * Starts a new life in place of a homie that was killed or has left: a new engine with a new id on the same endpoint, with
   * the same zone and seeds unless others are given.
   */
  restart(ended: VirtualHomie, options: Omit<HomieOptions, 'endpoint'> = {}): VirtualHomie {
    const position = this.homies.indexOf(ended);
    if (position < 0 || ended.isRunning) throw new Error('only a homie that has ended can be restarted');
    const { endpoint, seeds } = ended;
    const homie = this.start({ zone: ended.options.zone, seeds, ...options, endpoint });
    this.homies[position] = homie;
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

  private start({ seeds, endpoint, ...engine }: HomieOptions): VirtualHomie {
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
    return homie;
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
  /** Where it looks for others. */
  seeds: readonly Endpoint[] = [];
  /** What waits for it while it is paused. */
  private backlog: SocketBacklog | undefined;
  /** How long each broadcast keeps its process busy, ms: nothing else happens in it meanwhile. */
  handlingMs = 0;
  private busyUntil = 0;
  /** What is to be done when it goes on. */
  private isTimerDue = false;
  private isTurnEndDue = false;
  /** What it says of its first life, which is the only one here. */
  private readonly incarnation: number;
  /** The pump has one timer at a time, moved after each input: made once, for there are many inputs. */
  private readonly timer = new Timer(() => this.onTimer());
  private wake: () => void = () => undefined;
  private readonly turnEnds: (() => void)[] = [];
  private readonly onTurnEnd = () => {
    if (this.backlog !== undefined) this.isTurnEndDue = true;
    else for (let due = this.turnEnds.length; due > 0; due--) this.turnEnds.shift()!();
  };
  private readonly cancelTimer = () => this.network.cancelTimer(this.timer);
  private readonly pump: EnginePump;
  /** Inputs since its invariants were asserted. */
  private unchecked = 0;

  constructor(
    private readonly network: VirtualNetwork,
    readonly options: EngineOptions,
    /** Where it is. */
    public endpoint: Endpoint,
    private readonly checkEvery: CheckEvery,
    onEvent: VirtualClusterOptions['onEvent'],
  ) {
    this.incarnation = options.wallClock();
    this.engine = new GwyhEngine(options, network.now());
    const socket = {
      queuedBytes: 0,
      send: (to: Endpoint, datagram: Uint8Array) => network.send(this.endpoint, to, datagram),
    };
    const clock = {
      now: () => this.now,
      endOfTurn: (callback: () => void) => {
        this.turnEnds.push(callback);
        network.endOfTurn(this.onTurnEnd);
      },
      schedule: (at: number, callback: () => void) => {
        this.wake = callback;
        network.setTimer(this.timer, at);
        return this.cancelTimer;
      },
    };
    this.pump = new EnginePump(this.engine, clock, socket, event => {
      if (onEvent === undefined) this.keep(event);
      else onEvent(this, event);
      if (event.type === 'broadcast' && this.handlingMs > 0) this.beBusy(this.handlingMs);
    });
    const isFree = network.listen(endpoint, (from, datagram) => this.receive(from, datagram));
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

  /** By its own clock: it goes on while handlers run. */
  get now(): number {
    return Math.max(this.network.now(), this.busyUntil);
  }

  /** Whether it runs in name only: see `pause`. */
  get isPaused(): boolean {
    return this.backlog !== undefined;
  }

  seed(endpoints: readonly Endpoint[]): void {
    this.seeds = endpoints;
    this.engine.setSeeds(this.network.now(), endpoints);
    this.afterInput();
  }

  introduce(records: readonly MemberRecord[]): void {
    this.engine.introduce(this.network.now(), records);
    this.afterInput();
  }

  broadcast(payload: Uint8Array, zones?: readonly string[]): BroadcastResult {
    const result = this.engine.broadcast(this.now, payload, zones);
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

  /**
   * The process does not run at all from now on, as after SIGSTOP, or while its event loop is blocked: no timer fires, nothing
   * is received or sent. Datagrams wait in the buffer of its socket, as many as fit.
   */
  pause(): void {
    this.backlog ??= new SocketBacklog();
  }

  /**
   * It goes on. A process that was stopped while it waited for input gets its datagrams first; one whose event loop was
   * blocked by a callback looks at its timers first.
   */
  resume(first: 'datagrams' | 'timers' = 'datagrams'): void {
    const { backlog } = this;
    if (backlog === undefined || !this.isRunning) return;
    this.backlog = undefined;
    if (this.isTurnEndDue) this.onTurnEnd();
    this.isTurnEndDue = false;
    if (first === 'timers') this.catchUp();
    for (const { from, datagram } of backlog.empty()) this.inject(from, datagram);
    this.catchUp();
  }

  /** It changes its address, without knowing. */
  move(to: Endpoint): void {
    this.network.move(this.endpoint, to);
    this.endpoint = to;
  }

  /** Ends it without a word. */
  kill(): void {
    this.isRunning = false;
    this.backlog = undefined;
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
    if (event.type === 'broadcast') {
      const { origin, sequence, hops, receivedFrom, payload } = event;
      this.arrivals.push({ origin, sequence, hops, receivedFrom, payload, at: this.network.now() });
    } else this.events.push(event);
  }

  private receive(from: Endpoint, datagram: Uint8Array): void {
    if (this.backlog === undefined) this.inject(from, datagram);
    else if (!this.backlog.push(from, datagram)) this.network.counts.lost++;
  }

  /** A handler runs for so long. */
  private beBusy(ms: number): void {
    this.busyUntil = this.now + ms;
    if (this.isPaused) return;
    this.pause();
    const goOn = () => {
      if (this.network.now() < this.busyUntil) this.network.schedule(this.busyUntil, goOn);
      else this.resume('timers');
    };
    this.network.schedule(this.busyUntil, goOn);
  }

  private onTimer(): void {
    if (this.backlog !== undefined) {
      this.isTimerDue = true;
      return;
    }
    this.wake();
    this.check();
  }

  /** Fires the timer that was due while it was paused. */
  private catchUp(): void {
    if (!this.isTimerDue) return;
    this.isTimerDue = false;
    this.onTimer();
  }

  private check(): void {
    const { checkEvery, engine } = this;
    const inputs = checkEvery === 'spread' ? Math.max(1, engine.members.length / CHECKED_MEMBERS) : checkEvery;
    if (inputs === 0 || ++this.unchecked < inputs) return;
    this.unchecked = 0;
    this.engine.check();
  }
}
