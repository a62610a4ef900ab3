import { type Endpoint, formatEndpoint } from '../engine/endpoint.js';
import type { RandomFill } from '../engine/random.js';
import { Timer, TimerHeap } from '../engine/timer-heap.js';
import type { DatagramListener, DatagramNetwork, DatagramSocket } from '../runtime/datagram-network.js';
import { DatagramQueue } from './datagram-queue.js';
import { type Host, Hosts } from './host.js';
import type { PathModel } from './path-model.js';
import { SeededRandom } from './seeded-random.js';

/** What happens to datagrams on the way from one address to another. */
export interface Conditions {
  /** One-way delay, ms. Default: 1. */
  readonly latencyMs?: number;
  /** Most that is added to the delay, uniformly, ms. Later datagrams overtake earlier ones then. Default: 0. */
  readonly jitterMs?: number;
  /** Share lost, 0 to 1. Default: 0. */
  readonly loss?: number;
  /** Share that arrives twice, 0 to 1. Default: 0. */
  readonly duplication?: number;
  /** Share held back by `reorderingMs`, 0 to 1. Default: 0. */
  readonly reordering?: number;
  /** How long these are held back, ms. Default: 10. */
  readonly reorderingMs?: number;
}

export interface VirtualNetworkOptions {
  /** Same seed, same run. Default: 1. */
  readonly seed?: number;
  /** Conditions everywhere, or for each pair of addresses. */
  readonly conditions?: Conditions | ((from: Endpoint, to: Endpoint) => Conditions);
  /** A model of the paths that takes the place of `conditions`. */
  readonly paths?: PathModel;
  /** Names that `resolve` knows. */
  readonly names?: Record<string, readonly string[]>;
}

/** From here on ports are given out to those who ask for none (RFC 6335, section 6). */
const FIRST_FREE_PORT = 49_152;

/** Wall clock at the beginning of every run: 2023-11-14T22:13:20Z. */
const EPOCH_MS = 1_700_000_000_000;

/** A network in memory with a clock of its own: nothing happens but by `advance` or `run`, and always the same way. */
export class VirtualNetwork implements DatagramNetwork {
  conditions: (from: Endpoint, to: Endpoint) => Conditions;
  /** Sees every datagram as it is sent. */
  onDatagram: ((from: Endpoint, to: Endpoint, datagram: Uint8Array) => void) | undefined;
  readonly names: Map<string, readonly string[]>;
  readonly random: RandomFill;
  /** Datagrams sent, arrived (duplicates included), and lost by conditions, partitions or for want of a listener. */
  readonly counts = { sent: 0, arrived: 0, lost: 0 };

  private readonly generator: SeededRandom;
  private readonly paths: PathModel | undefined;
  private readonly timers = new TimerHeap();
  private readonly datagrams = new DatagramQueue();
  /** What wants to be called at the end of this turn, and what is being called. */
  private turnEnds: (() => void)[] = [];
  private turnEndsCalled: (() => void)[] = [];
  private readonly hosts = new Hosts();
  private readonly islands = new Map<string, number>();
  private time = 0;
  private nextHost = 1;
  private nextPort = FIRST_FREE_PORT;

  constructor(options: VirtualNetworkOptions = {}) {
    const { conditions = {} } = options;
    this.conditions = typeof conditions === 'function' ? conditions : () => conditions;
    this.paths = options.paths;
    this.names = new Map(Object.entries(options.names ?? {}));
    this.generator = new SeededRandom(options.seed ?? 1);
    this.random = this.generator.fork().fill;
  }

  // What a node needs

  now(): number {
    return this.time;
  }

  wallClock(): number {
    return EPOCH_MS + Math.floor(this.time);
  }

  /** Whoever binds all addresses (`0.0.0.0`, `::`) is a host of its own and gets a new address. */
  bind(local: Endpoint, onDatagram: DatagramListener): Promise<DatagramSocket> {
    const address = local.address === '0.0.0.0' || local.address === '::' ? this.newAddress() : local.address;
    const endpoint = { address, port: local.port === 0 ? this.freePort(address) : local.port };
    if (!this.listen(endpoint, onDatagram)) {
      const error = Object.assign(new Error(`bind EADDRINUSE ${formatEndpoint(endpoint)}`), { code: 'EADDRINUSE' });
      return Promise.reject(error);
    }
    return Promise.resolve({
      address: { ...endpoint, family: address.includes(':') ? ('IPv6' as const) : ('IPv4' as const) },
      queuedBytes: 0,
      sendErrors: 0,
      send: (to: Endpoint, datagram: Uint8Array) => this.send(endpoint, to, datagram),
      close: () => {
        this.unlisten(endpoint);
        return Promise.resolve();
      },
    });
  }

  resolve(host: string): Promise<string[]> {
    const addresses = this.names.get(host) ?? (/^[\d.]+$|:/.test(host) ? [host] : undefined);
    if (addresses !== undefined) return Promise.resolve([...addresses]);
    return Promise.reject(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }));
  }

  schedule(at: number, callback: () => void): () => void {
    const timer = new Timer(callback);
    this.setTimer(timer, at);
    return () => this.timers.cancel(timer);
  }

  endOfTurn(callback: () => void): void {
    this.turnEnds.push(callback);
  }

  // What a simulation needs

  /** An address no other host of this network has, `10.x.y.z`. */
  newAddress(): string {
    const host = this.nextHost++;
    return `10.${(host >> 16) & 255}.${(host >> 8) & 255}.${host & 255}`;
  }

  /** Sets or moves a timer of this network's time: for those who set one so often that `schedule` would cost too much. */
  setTimer(timer: Timer, at: number): void {
    this.timers.set(timer, Math.max(at, this.time));
  }

  cancelTimer(timer: Timer): void {
    this.timers.cancel(timer);
  }

  /** False when the endpoint is taken. */
  listen(endpoint: Endpoint, onDatagram: DatagramListener): boolean {
    const host = this.hosts.of(endpoint);
    if (host.listener !== undefined) return false;
    host.listener = onDatagram;
    return true;
  }

  unlisten(endpoint: Endpoint): void {
    this.hosts.of(endpoint).listener = undefined;
  }

  /** The number of this endpoint for a model of paths. */
  numberOf(endpoint: Endpoint): number {
    return this.hosts.of(endpoint).number;
  }

  /** A host changes its address: from now on its datagrams come from there, and those to its old address are lost. */
  move(from: Endpoint, to: Endpoint): void {
    const host = this.hosts.of(from);
    if (host.listener === undefined || !this.listen(to, host.listener)) {
      throw new Error('nobody to move, or the place is taken');
    }
    host.listener = undefined;
    host.movedTo = this.hosts.of(to);
  }

  send(sender: Endpoint, to: Endpoint, datagram: Uint8Array): void {
    let from = this.hosts.of(sender);
    from = from.movedTo ?? from;
    const receiver = this.hosts.of(to);
    this.counts.sent++;
    this.onDatagram?.(from.endpoint, to, datagram);
    if (from.blocked?.has(receiver) === true || !this.isConnected(from.endpoint, to)) this.counts.lost++;
    else if (this.paths === undefined) this.sendUnderConditions(from, receiver, datagram);
    else {
      const at = this.paths.arrival(from.number, receiver.number, datagram.length, this.time);
      if (at === Infinity) this.counts.lost++;
      else this.datagrams.push(Math.max(at, this.time), from, receiver, datagram, false);
    }
  }

  /** Cuts the network into islands of hosts; hosts in no island form one of their own. */
  partition(...islands: readonly (readonly string[])[]): void {
    this.islands.clear();
    islands.forEach((hosts, island) => hosts.forEach(host => this.islands.set(host, island + 1)));
  }

  /** From now on nothing gets from the one to the other; the way back stays open. */
  block(from: Endpoint, to: Endpoint): void {
    const sender = this.hosts.of(from);
    sender.blocked ??= new Set();
    sender.blocked.add(this.hosts.of(to));
  }

  unblock(from: Endpoint, to: Endpoint): void {
    this.hosts.of(from).blocked?.delete(this.hosts.of(to));
  }

  isBlocked(from: Endpoint, to: Endpoint): boolean {
    return this.hosts.of(from).blocked?.has(this.hosts.of(to)) === true;
  }

  /** Ends all partitions, and opens all ways that were blocked. */
  heal(): void {
    this.islands.clear();
    for (const host of this.hosts.all()) host.blocked = undefined;
  }

  /** Whether no partition lies between the two. */
  isConnected(from: Endpoint, to: Endpoint): boolean {
    const { islands } = this;
    return islands.size === 0 || (islands.get(from.address) ?? 0) === (islands.get(to.address) ?? 0);
  }

  /** Lets virtual time pass, without yielding: for engines, which have no promises. */
  advance(ms: number): void {
    const until = this.time + ms;
    while (this.deadline() <= until) this.step();
    this.time = until;
  }

  /** Lets virtual time pass until the condition holds, at most so long. Returns whether it holds. */
  advanceUntil(condition: () => boolean, mostMs: number): boolean {
    const until = this.time + mostMs;
    while (!condition()) {
      if (this.deadline() > until) {
        this.time = until;
        return condition();
      }
      this.step();
    }
    return true;
  }

  /** Lets virtual time pass, giving promises their turn after each event: for nodes and applications. */
  async run(ms: number): Promise<void> {
    const until = this.time + ms;
    await settle();
    while (this.deadline() <= until) {
      this.step();
      await settle();
    }
    this.time = until;
  }

  /** The same until the condition holds, at most so long. Returns whether it holds. */
  async runUntil(condition: () => boolean, mostMs: number): Promise<boolean> {
    const until = this.time + mostMs;
    await settle();
    while (!condition()) {
      if (this.deadline() > until) {
        this.time = until;
        return condition();
      }
      this.step();
      await settle();
    }
    return true;
  }

  /** A port that nobody asked for, as an operating system gives them out. */
  private freePort(address: string): number {
    do this.nextPort = this.nextPort === 65_535 ? FIRST_FREE_PORT : this.nextPort + 1;
    while (this.hosts.of({ address, port: this.nextPort }).listener !== undefined);
    return this.nextPort;
  }

  /** When something happens next. */
  private deadline(): number {
    if (this.turnEnds.length > 0) return this.time;
    return Math.min(this.datagrams.deadline(), this.timers.deadline());
  }

  /** The next instant: timers, then datagrams. A turn ends when nothing more happens at its instant. */
  private step(): void {
    const { datagrams, timers } = this;
    const at = Math.max(this.time, Math.min(datagrams.deadline(), timers.deadline()));
    if (at > this.time && this.turnEnds.length > 0) return this.endTurn();
    this.time = at;
    if (timers.deadline() <= at) timers.fireDue(at);
    while (datagrams.deadline() <= at) this.arrive();
  }

  private endTurn(): void {
    const callbacks = this.turnEnds;
    this.turnEnds = this.turnEndsCalled;
    for (let i = 0; i < callbacks.length; i++) callbacks[i]!();
    callbacks.length = 0;
    this.turnEndsCalled = callbacks;
  }

  private sendUnderConditions(from: Host, to: Host, datagram: Uint8Array): void {
    const conditions = this.conditions(from.endpoint, to.endpoint);
    if (this.generator.unit() < (conditions.loss ?? 0)) {
      this.counts.lost++;
      return;
    }
    this.deliver(from, to, datagram, conditions);
    if (this.generator.unit() < (conditions.duplication ?? 0)) this.deliver(from, to, datagram, conditions);
  }

  private deliver(from: Host, to: Host, datagram: Uint8Array, conditions: Conditions): void {
    let delay = (conditions.latencyMs ?? 1) + (conditions.jitterMs ?? 0) * this.generator.unit();
    if (this.generator.unit() < (conditions.reordering ?? 0)) delay += conditions.reorderingMs ?? 10;
    this.datagrams.push(this.time + delay, from, to, datagram, true);
  }

  private arrive(): void {
    const { datagrams } = this;
    datagrams.shift();
    const { from, to, datagram, isReceived } = datagrams;
    if (to!.listener === undefined) {
      this.counts.lost++;
      return;
    }
    if (!isReceived) {
      const at = this.paths!.received(to!.number, datagram!.length, this.time);
      if (at === Infinity) {
        this.counts.lost++;
        return;
      }
      if (at > this.time) return datagrams.push(at, from!, to!, datagram!, true);
    }
    this.counts.arrived++;
    // A copy of its own, as from a socket: receivers open datagrams in place, and a duplicate needs the sealed bytes. What
    // they keep of it must not hold on to the sender's buffer either, in which many datagrams stand.
    to!.listener(from!.endpoint, datagram!.slice());
  }
}

/** Gives all promises their turn, however long their chains: a macrotask comes only after the last of them. */
function settle(): Promise<void> {
  return new Promise(resolve => void immediate(resolve));
}

/** Taken before any test can replace it by a fake. */
const immediate = setImmediate;
