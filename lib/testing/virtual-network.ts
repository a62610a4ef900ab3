import { type Endpoint, formatEndpoint } from '../engine/endpoint.js';
import type { RandomFill } from '../engine/random.js';
import { Timer, TimerHeap } from '../engine/timer-heap.js';
import type { DatagramListener, DatagramNetwork, DatagramSocket } from '../runtime/datagram-network.js';
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
  private readonly heap = new TimerHeap();
  private readonly listeners = new Map<string, DatagramListener>();
  private readonly islands = new Map<string, number>();
  private readonly moved = new Map<string, Endpoint>();
  private time = 0;
  private nextHost = 1;
  private nextPort = FIRST_FREE_PORT;

  constructor(options: VirtualNetworkOptions = {}) {
    const { conditions = {} } = options;
    this.conditions = typeof conditions === 'function' ? conditions : () => conditions;
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
    this.heap.set(timer, Math.max(at, this.time));
    return () => this.heap.cancel(timer);
  }

  endOfTurn(callback: () => void): void {
    this.heap.set(new Timer(callback), this.time);
  }

  // What a simulation needs

  /** An address no other host of this network has, `10.x.y.z`. */
  newAddress(): string {
    const host = this.nextHost++;
    return `10.${(host >> 16) & 255}.${(host >> 8) & 255}.${host & 255}`;
  }

  /** False when the endpoint is taken. */
  listen(endpoint: Endpoint, onDatagram: DatagramListener): boolean {
    const key = formatEndpoint(endpoint);
    if (this.listeners.has(key)) return false;
    this.listeners.set(key, onDatagram);
    return true;
  }

  unlisten(endpoint: Endpoint): void {
    this.listeners.delete(formatEndpoint(endpoint));
  }

  /** A host changes its address: from now on its datagrams come from there, and those to its old address are lost. */
  move(from: Endpoint, to: Endpoint): void {
    const listener = this.listeners.get(formatEndpoint(from));
    if (listener === undefined || !this.listen(to, listener)) throw new Error('nobody to move, or the place is taken');
    this.unlisten(from);
    this.moved.set(formatEndpoint(from), to);
  }

  send(sender: Endpoint, to: Endpoint, datagram: Uint8Array): void {
    const from = this.moved.get(formatEndpoint(sender)) ?? sender;
    this.counts.sent++;
    this.onDatagram?.(from, to, datagram);
    const conditions = this.conditions(from, to);
    if (!this.isConnected(from, to) || this.generator.unit() < (conditions.loss ?? 0)) {
      this.counts.lost++;
      return;
    }
    this.deliver(from, to, datagram, conditions);
    if (this.generator.unit() < (conditions.duplication ?? 0)) this.deliver(from, to, datagram, conditions);
  }

  /** Cuts the network into islands of hosts; hosts in no island form one of their own. */
  partition(...islands: readonly (readonly string[])[]): void {
    this.islands.clear();
    islands.forEach((hosts, island) => hosts.forEach(host => this.islands.set(host, island + 1)));
  }

  heal(): void {
    this.islands.clear();
  }

  /** Lets virtual time pass, without yielding: for engines, which have no promises. */
  advance(ms: number): void {
    const until = this.time + ms;
    while (this.heap.deadline() <= until) this.step();
    this.time = until;
  }

  /** Lets virtual time pass until the condition holds, at most so long. Returns whether it holds. */
  advanceUntil(condition: () => boolean, mostMs: number): boolean {
    const until = this.time + mostMs;
    while (!condition()) {
      if (this.heap.deadline() > until) {
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
    while (this.heap.deadline() <= until) {
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
      if (this.heap.deadline() > until) {
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
    while (this.listeners.has(formatEndpoint({ address, port: this.nextPort })));
    return this.nextPort;
  }

  private step(): void {
    this.time = Math.max(this.time, this.heap.deadline());
    this.heap.fireDue(this.time);
  }

  private isConnected(from: Endpoint, to: Endpoint): boolean {
    return (this.islands.get(from.address) ?? 0) === (this.islands.get(to.address) ?? 0);
  }

  private deliver(from: Endpoint, to: Endpoint, datagram: Uint8Array, conditions: Conditions): void {
    let delay = (conditions.latencyMs ?? 1) + (conditions.jitterMs ?? 0) * this.generator.unit();
    if (this.generator.unit() < (conditions.reordering ?? 0)) delay += conditions.reorderingMs ?? 10;
    this.heap.set(new Timer(() => this.arrive(from, to, datagram)), this.time + delay);
  }

  private arrive(from: Endpoint, to: Endpoint, datagram: Uint8Array): void {
    const listener = this.listeners.get(formatEndpoint(to));
    if (listener === undefined) {
      this.counts.lost++;
      return;
    }
    this.counts.arrived++;
    // A copy of its own: receivers open datagrams in place, and a duplicate needs the sealed bytes.
    listener(from, datagram.slice());
  }
}

/** Gives all promises their turn, however long their chains: a macrotask comes only after the last of them. */
function settle(): Promise<void> {
  return new Promise(resolve => void immediate(resolve));
}

/** Taken before any test can replace it by a fake. */
const immediate = setImmediate;
