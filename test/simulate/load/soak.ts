import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { VirtualCluster, type VirtualHomie } from '../../../lib/testing/virtual-cluster.js';
import { heldBytes } from '../held-bytes.js';
import { CALM_MS, type Left, leftBehind } from './gauges.js';

/** A day in which anything happens, and what is left of it in the nodes when it is over. */
export interface SoakOptions {
  readonly nodes: number;
  readonly hours: number;
  readonly seed: number;
  /** Between two things that happen, ms on average. */
  readonly intervalMs: number;
  /** Asserts the invariants of each engine after every so many of its inputs; 0 for never. */
  readonly checkEvery: number;
}

export const SOAK_DEFAULTS: SoakOptions = { nodes: 12, hours: 24, seed: 1, intervalMs: 2_000, checkEvery: 1_000 };

export interface SoakResult {
  readonly scenario: 'soak';
  readonly options: SoakOptions;
  /** How often each thing happened. */
  readonly happened: Readonly<Record<string, number>>;
  readonly broadcastsSent: number;
  readonly bytesSent: number;
  readonly deliveries: number;
  /** Messages that a handler got twice. */
  readonly duplicates: number;
  /** Whether all see all at the end, and a last broadcast of everybody reaches all. */
  readonly isWhole: boolean;
  readonly left: readonly Left[];
  /** Heap of all nodes together, MiB, when all was quiet: before and after. */
  readonly heapMiB: { readonly before: number; readonly after: number };
  readonly virtualHours: number;
  readonly wallSeconds: number;
}

const LARGEST_BYTES = 300_000;

/** The first so many homies are the seeds of all. */
const SEEDS = 3;

export function runSoak(choices: Partial<SoakOptions> = {}, progress: (text: string) => void = () => undefined) {
  return new Soak({ ...SOAK_DEFAULTS, ...choices }, progress).run();
}

class Soak {
  private readonly startedAt = performance.now();
  private readonly random: SeededRandom;
  private readonly cluster: VirtualCluster;
  private readonly happened: Record<string, number> = {};
  /** Numbers of the messages that each homie got lately. */
  private readonly seen = new WeakMap<VirtualHomie, Set<number>>();
  private broadcastsSent = 0;
  private bytesSent = 0;
  private deliveries = 0;
  private duplicates = 0;
  private readonly events: Readonly<Record<string, () => void>> = {
    'small broadcast': () => this.broadcast(this.random.below(400)),
    'large broadcast': () => this.broadcast(this.random.below(LARGEST_BYTES)),
    burst: () => {
      for (let i = this.random.below(300); i > 0; i--) this.broadcast(100 + this.random.below(1_000));
    },
    kill: () => this.running()?.kill(),
    leave: () => this.running()?.leave(),
    restart: () => this.restartAll(1),
    pause: () => this.running()?.pause(),
    resume: () => this.resumeAll(1),
    move: () => this.move(),
    weather: () => this.changeWeather(),
    partition: () => this.partition(),
    heal: () => this.cluster.network.heal(),
    block: () => this.block(),
  };

  constructor(
    private readonly options: SoakOptions,
    private readonly progress: (text: string) => void,
  ) {
    this.random = new SeededRandom(options.seed + 0x50a7);
    this.cluster = new VirtualCluster({
      seed: options.seed,
      checkEvery: options.checkEvery,
      onEvent: (homie, event) => {
        if (event.type === 'broadcast') this.arrived(homie, event.payload);
      },
    });
    for (let node = 0; node < options.nodes; node++) this.cluster.add({ zone: `zone-${node % 3}` });
    const seeds = this.cluster.homies.slice(0, SEEDS).map(({ endpoint }) => endpoint);
    for (const homie of this.cluster.homies) homie.seed(seeds);
  }

  run(): SoakResult {
    const { cluster, options } = this;
    if (!cluster.join()) throw new Error('the cluster did not form');
    // Every gauge has been used once, and is idle again.
    for (const homie of cluster.homies) this.broadcastFrom(homie, LARGEST_BYTES);
    cluster.advance(CALM_MS);
    const [before, heapBefore] = [this.metrics(), heldBytes()];
    const endsAt = cluster.network.now() + options.hours * 3_600_000;
    while (cluster.network.now() < endsAt) this.step();
    const isWhole = this.calm();
    const left = leftBehind(before, this.metrics());
    return {
      scenario: 'soak',
      options,
      happened: this.happened,
      broadcastsSent: this.broadcastsSent,
      bytesSent: this.bytesSent,
      deliveries: this.deliveries,
      duplicates: this.duplicates,
      isWhole,
      left,
      heapMiB: { before: inMiB(heapBefore), after: inMiB(heldBytes()) },
      virtualHours: Math.round(cluster.network.now() / 36_000) / 100,
      wallSeconds: Math.round((performance.now() - this.startedAt) / 100) / 10,
    };
  }

  private step(): void {
    const { random, events } = this;
    const names = Object.keys(events);
    const name = names[random.below(names.length)]!;
    this.happened[name] = (this.happened[name] ?? 0) + 1;
    events[name]!();
    this.cluster.advance(2 * this.options.intervalMs * random.unit());
    this.progress(`${(this.cluster.network.now() / 3_600_000).toFixed(2)} virtual hours`);
  }

  /** Everybody runs, nothing is in the way, all is quiet. */
  private calm(): boolean {
    const { cluster } = this;
    cluster.network.heal();
    cluster.network.conditions = () => ({});
    this.resumeAll(Infinity);
    this.restartAll(Infinity);
    const isJoined = cluster.join(CALM_MS);
    for (const homie of cluster.homies) this.seen.delete(homie);
    const first = this.broadcastsSent;
    for (const homie of cluster.homies) this.broadcastFrom(homie, 100);
    cluster.advance(CALM_MS);
    // Others may come still, of the time before.
    const hasAll = (homie: VirtualHomie, place: number) =>
      cluster.homies.every((_, from) => from === place || this.seen.get(homie)?.has(first + from) === true);
    return isJoined && cluster.homies.every(hasAll);
  }

  private broadcast(bytes: number): void {
    const homie = this.running();
    if (homie !== undefined) this.broadcastFrom(homie, bytes);
  }

  private broadcastFrom(homie: VirtualHomie, bytes: number): void {
    const payload = new Uint8Array(4 + bytes);
    new DataView(payload.buffer).setUint32(0, this.broadcastsSent);
    if (homie.broadcast(payload) !== 'accepted') return;
    this.broadcastsSent++;
    this.bytesSent += payload.length;
  }

  private arrived(homie: VirtualHomie, payload: Uint8Array): void {
    const number = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
    let numbers = this.seen.get(homie);
    if (numbers === undefined) this.seen.set(homie, (numbers = new Set()));
    if (numbers.has(number)) this.duplicates++;
    // A copy comes within minutes or not at all.
    if (numbers.size > 20_000) numbers.clear();
    numbers.add(number);
    this.deliveries++;
  }

  /** Somebody by chance who runs; nobody when more than half do not. */
  private running(): VirtualHomie | undefined {
    const running = this.cluster.homies.filter(({ isRunning, isPaused }) => isRunning && !isPaused);
    if (2 * running.length <= this.options.nodes) return undefined;
    return running[this.random.below(running.length)];
  }

  private restartAll(most: number): void {
    const ended = this.cluster.homies.filter(({ isRunning }) => !isRunning);
    for (const homie of ended.slice(0, most)) this.cluster.restart(homie);
  }

  private resumeAll(most: number): void {
    const paused = this.cluster.homies.filter(({ isPaused }) => isPaused);
    for (const homie of paused.slice(0, most)) homie.resume(this.random.below(2) === 0 ? 'timers' : 'datagrams');
  }

  /** Seeds stay where they are: whoever starts anew knows nothing but them. */
  private move(): void {
    const homie = this.running();
    if (homie === undefined || this.cluster.homies.indexOf(homie) < SEEDS) return;
    homie.move({ address: this.cluster.network.newAddress(), port: 6969 });
  }

  private changeWeather(): void {
    const { random } = this;
    const conditions = {
      latencyMs: random.below(150),
      jitterMs: random.below(20),
      loss: 0.3 * random.unit() ** 3,
      duplication: 0.05 * random.unit(),
      reordering: 0.05 * random.unit(),
    };
    this.cluster.network.conditions = () => conditions;
  }

  private partition(): void {
    const island = this.cluster.homies.filter(() => this.random.below(3) === 0).map(({ endpoint }) => endpoint.address);
    this.cluster.network.partition(island);
  }

  private block(): void {
    const [from, to] = [this.running(), this.running()];
    if (from !== undefined && to !== undefined && from !== to) this.cluster.network.block(from.endpoint, to.endpoint);
  }

  private metrics(): Record<string, number>[] {
    return this.cluster.homies.map(({ engine }) => engine.metrics());
  }
}

function inMiB(bytes: number): number {
  return Math.round(bytes / 104_857.6) / 10;
}
