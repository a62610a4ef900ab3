import { BroadcastQueue } from '../../../lib/runtime/broadcast-queue.js';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import type { BroadcastResult } from '../../../lib/engine/broadcast/dissemination.js';
import { VirtualCluster, type VirtualHomie } from '../../../lib/testing/virtual-cluster.js';
import { percentilesOf, type Percentiles, roundedPercentiles } from '../percentiles.js';
import { AccessLinks } from './access-links.js';

/** A cluster whose nodes have lines of very different rates, and one origin that offers far more than the slowest take. */
export interface SlowLinksOptions {
  readonly nodes: number;
  readonly seed: number;
  /** The slowest and the fastest line, Mbit/s. The others are spread between them, each rate as likely as its multiples. */
  readonly slowestMbits: number;
  readonly fastestMbits: number;
  /** What the origin offers, in multiples of the slowest line. */
  readonly overload: number;
  readonly payloadBytes: number;
  readonly seconds: number;
}

export const SLOW_LINKS_DEFAULTS: SlowLinksOptions = {
  nodes: 100,
  seed: 1,
  slowestMbits: 1,
  fastestMbits: 1_000,
  overload: 10,
  payloadBytes: 1_000,
  seconds: 20,
};

/** Nodes of similar lines. */
export interface LinkClass {
  readonly fromMbits: number;
  readonly nodes: number;
  /** Share of the messages that arrived, of the worst node and of all. */
  readonly worstDelivered: number;
  readonly delivered: number;
  readonly latencyMs: Percentiles;
}

export interface SlowLinksResult {
  readonly scenario: 'slow-links';
  readonly options: SlowLinksOptions;
  readonly offeredMbits: number;
  /** Messages that the origin took, and that it refused because too many waited for room already. */
  readonly sent: number;
  readonly refused: number;
  /** How long messages waited for room at the origin, ms: it is part of all latencies. */
  readonly roomMs: Percentiles;
  readonly classes: readonly LinkClass[];
  /** Deliveries that did not happen, and those of them that no counter of the receiver knows. */
  readonly missing: number;
  readonly uncounted: number;
  /** The most of any node: bytes that wait for its links together, and that are kept to repeat them. */
  readonly mostWaitingBytes: number;
  readonly mostCachedBytes: number;
  readonly falseDowns: number;
  readonly suspicions: number;
  readonly datagramsLost: { readonly up: number; readonly down: number; readonly chance: number };
  readonly wallSeconds: number;
}

const SETTLE_MS = 10_000;

/** After the load: what waits for a slow line has to cross it, or be given up; then some are asked for, ms. */
const TAIL_MS = 120_000;

const SAMPLE_MS = 100;

/** Buffer of each line, ms: a usual one. */
const BUFFER_MS = 50;
const LATENCY_MS = 20;

/** Lower ends of the classes of lines, in multiples of what the origin offers. */
const CLASSES = [0, 1, 4, 16];

export function runSlowLinks(choices: Partial<SlowLinksOptions> = {}): SlowLinksResult {
  const options = { ...SLOW_LINKS_DEFAULTS, ...choices };
  return new SlowLinks(options).run();
}

class SlowLinks {
  private readonly startedAt = performance.now();
  private readonly mbits: readonly number[];
  private readonly links: AccessLinks;
  private readonly cluster: VirtualCluster;
  private readonly numbers = new Map<VirtualHomie, number>();
  /** Of each message when it was offered, and when it was taken; of each node when each message arrived. */
  private readonly offeredAt: Float64Array;
  private readonly takenAt: Float64Array;
  private readonly arrivedAt: Float64Array[];
  private readonly origin: number;
  /** What the application at the origin waits in, as in a real node. */
  private readonly queue: BroadcastQueue;
  private falseDowns = 0;
  private suspicions = 0;
  private mostWaitingBytes = 0;
  private mostCachedBytes = 0;

  constructor(private readonly options: SlowLinksOptions) {
    const { nodes, seed, slowestMbits, fastestMbits } = options;
    this.mbits = spreadRates(nodes, slowestMbits, fastestMbits, new SeededRandom(seed));
    this.links = new AccessLinks({ mbits: this.mbits, bufferMs: BUFFER_MS, latencyMs: LATENCY_MS, loss: 0, seed });
    this.cluster = new VirtualCluster({
      seed,
      paths: this.links,
      checkEvery: 0,
      onEvent: (homie, event) => {
        if (event.type === 'broadcast') this.arrived(homie, event.payload);
        else if (event.type === 'down') this.falseDowns++;
        else if (event.type === 'suspect') this.suspicions++;
      },
    });
    for (let node = 0; node < nodes; node++) this.numbers.set(this.cluster.add(), node);
    this.origin = this.mbits.indexOf(Math.max(...this.mbits));
    const never = () => new Float64Array(this.mostMessages).fill(Infinity);
    this.offeredAt = never();
    this.takenAt = never();
    this.arrivedAt = Array.from({ length: nodes }, never);
    const endOfTurn = (callback: () => void) => this.cluster.network.endOfTurn(callback);
    const now = () => this.cluster.network.now();
    this.queue = new BroadcastQueue(payload => this.take(payload), now, endOfTurn, options.payloadBytes);
  }

  run(): SlowLinksResult {
    const { cluster, options } = this;
    cluster.introduceAll();
    cluster.advance(SETTLE_MS);
    const lostBefore = cluster.homies.map(lossesOf);
    const intervalMs = (options.seconds * 1_000) / this.mostMessages;
    const startedAt = cluster.network.now();
    let sampledAt = startedAt;
    for (let number = 0; number < this.mostMessages; number++) {
      this.advanceTo(startedAt + number * intervalMs);
      this.queue.retry();
      this.offer(number);
      if (cluster.network.now() < sampledAt + SAMPLE_MS) continue;
      sampledAt = cluster.network.now();
      this.sample();
    }
    for (; this.queue.length > 0; this.queue.retry()) cluster.advance(1);
    cluster.advance(TAIL_MS);
    this.sample();
    return this.summarise(lostBefore);
  }

  private get offeredMbits(): number {
    return this.options.overload * this.options.slowestMbits;
  }

  private get sent(): number {
    return this.takenAt.filter(Number.isFinite).length;
  }

  private get mostMessages(): number {
    const { seconds, payloadBytes } = this.options;
    return Math.floor((this.offeredMbits * 1e6 * seconds) / (8 * payloadBytes));
  }

  private advanceTo(at: number): void {
    this.cluster.advance(Math.max(0, at - this.cluster.network.now()));
  }

  private offer(number: number): void {
    const payload = new Uint8Array(this.options.payloadBytes);
    new DataView(payload.buffer).setUint32(0, number);
    this.offeredAt[number] = this.cluster.network.now();
    // The queue counts what it refuses.
    this.queue.broadcast(payload, undefined).catch(() => undefined);
  }

  private take(payload: Uint8Array): BroadcastResult {
    const result = this.cluster.homies[this.origin]!.broadcast(payload);
    if (result === 'accepted') this.takenAt[numberOf(payload)] = this.cluster.network.now();
    return result;
  }

  private arrived(homie: VirtualHomie, payload: Uint8Array): void {
    const number = numberOf(payload);
    const times = this.arrivedAt[this.numbers.get(homie)!]!;
    if (times[number] !== Infinity) throw new Error('a message was delivered twice');
    times[number] = this.cluster.network.now();
  }

  private sample(): void {
    for (const { engine } of this.cluster.homies) {
      this.mostWaitingBytes = Math.max(this.mostWaitingBytes, engine.waitingBytes);
      this.mostCachedBytes = Math.max(this.mostCachedBytes, engine.metrics().cachedBytes!);
    }
  }

  private summarise(lostBefore: readonly number[]): SlowLinksResult {
    const { options, offeredMbits, mbits, origin, offeredAt, sent } = this;
    const waits = this.takenAt.map((at, number) => at - offeredAt[number]!).filter(Number.isFinite);
    const others = mbits.map((_, node) => node).filter(node => node !== origin);
    const deliveries = others.map(node => this.latenciesOf(node).length);
    const missing = deliveries.map(delivered => sent - delivered);
    const uncounted = others.map((node, i) => {
      const counted = lossesOf(this.cluster.homies[node]!) - lostBefore[node]!;
      return Math.max(0, missing[i]! - counted);
    });
    return {
      scenario: 'slow-links',
      options,
      offeredMbits,
      sent,
      refused: this.queue.refused,
      roomMs: roundedPercentiles(percentilesOf(waits)),
      classes: CLASSES.map((from, i) => {
        const [least, most] = [from * offeredMbits, (CLASSES[i + 1] ?? Infinity) * offeredMbits];
        return this.classOf(
          least,
          others.filter(node => mbits[node]! >= least && mbits[node]! < most),
        );
      }),
      missing: sum(missing),
      uncounted: sum(uncounted),
      mostWaitingBytes: this.mostWaitingBytes,
      mostCachedBytes: this.mostCachedBytes,
      falseDowns: this.falseDowns,
      suspicions: this.suspicions,
      datagramsLost: { ...this.links.lost },
      wallSeconds: Math.round((performance.now() - this.startedAt) / 100) / 10,
    };
  }

  private classOf(fromMbits: number, nodes: readonly number[]): LinkClass {
    const latencies = nodes.map(node => this.latenciesOf(node));
    const shares = latencies.map(({ length }) => length / this.sent);
    return {
      fromMbits,
      nodes: nodes.length,
      worstDelivered: Math.min(1, ...shares),
      delivered: shares.length === 0 ? 1 : sum(shares) / shares.length,
      latencyMs: roundedPercentiles(percentilesOf(Float64Array.from(latencies.flat()))),
    };
  }

  private latenciesOf(node: number): number[] {
    return Array.from(this.arrivedAt[node]!.map((at, number) => at - this.offeredAt[number]!).filter(Number.isFinite));
  }
}

function numberOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0);
}

/** The rates of the lines: the slowest, the fastest, and all others drawn between them. */
function spreadRates(nodes: number, slowest: number, fastest: number, random: SeededRandom): number[] {
  return Array.from({ length: nodes }, (_, node) => {
    const share = node === 0 ? 1 : node === 1 ? 0 : random.unit();
    return slowest * (fastest / slowest) ** share;
  });
}

/** Messages of one segment that the node knows it has missed. */
function lossesOf({ engine }: VirtualHomie): number {
  const { drops } = engine.context.counters;
  return drops.segment_lost + drops.old_segment;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
