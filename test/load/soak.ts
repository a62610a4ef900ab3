import type { GwyhNodeOptions } from 'nestjs-gwyh';
import { monotonicMs, pause } from '../processes/clock.js';
import { Fleet } from '../processes/fleet.js';
import { freePorts } from '../processes/free-ports.js';
import { CALM_MS, leftBehind } from '../simulate/load/gauges.js';
import type { Figure } from './limit.js';

const KEY = `hex:${'4d'.repeat(32)}`;
const MEGABYTE = 1_048_576;
const LARGEST_BYTES = 300_000;
const MOST_IN_A_BURST = 300;
/** Between two things that happen, ms on average. */
const INTERVAL_MS = 500;
/** The first so many processes are the seeds of all. */
const SEEDS = 3;
/** Of the nodes themselves, besides those that virtual ones have. */
const NODE_GAUGES = [
  'socketQueueBytes',
  'broadcastsWaiting',
  'broadcastsWaitingBytes',
  'backlogBytes',
  'openResources',
];
/** A process that has worked is larger than one that has just begun; this much is no leak yet. */
const MOST_MEMORY_FACTOR = 1.5;

export interface SoakOptions {
  readonly processes: number;
  readonly ms: number;
  /** How long all is quiet before the gauges are read, ms. */
  readonly calmMs?: number;
  /** Nothing may take longer, ms. */
  readonly hangMs: number;
}

/** Minutes in which anything happens to real processes, and what is left of it in the nodes when it is over. */
export async function soak(options: SoakOptions, tell: (text: string) => void): Promise<Figure[]> {
  return new Soak(options, tell).run();
}

type State = 'running' | 'stopped' | 'ended';

class Soak {
  private readonly fleet: Fleet;
  private readonly places: readonly number[];
  private readonly states: State[];
  private ports: number[] = [];
  /** What each node got in this life, to find what it got twice. */
  private readonly seen: Set<string>[];
  private readonly calmMs: number;
  private happened = 0;
  private sent = 0;
  private refused = 0;
  private deliveries = 0;
  private duplicates = 0;

  constructor(
    private readonly options: SoakOptions,
    private readonly tell: (text: string) => void,
  ) {
    this.fleet = new Fleet(options.hangMs);
    this.places = Array.from({ length: options.processes }, (_, place) => place);
    this.states = this.places.map(() => 'running');
    this.seen = this.places.map(() => new Set());
    this.calmMs = options.calmMs ?? CALM_MS;
  }

  async run(): Promise<Figure[]> {
    try {
      this.ports = await freePorts(this.options.processes);
      await Promise.all(this.places.map(place => this.start(place)));
      await this.fleet.allSeeAll();
      await this.fleet.ready();
      // Every gauge has been used once, and is idle again.
      for (const place of this.places) await this.broadcast(place, LARGEST_BYTES);
      this.tell(`quiet for ${this.calmMs / 1_000} s`);
      await pause(this.calmMs);
      const before = await this.gauges();
      const memoryBefore = await this.memory();
      await this.live();
      const isWhole = await this.isWholeAgain();
      this.tell(`quiet for ${this.calmMs / 1_000} s`);
      await pause(this.calmMs);
      const left = leftBehind(before, await this.gauges(), NODE_GAUGES);
      for (const { node, gauge, before, after } of left) this.tell(`node ${node}: ${gauge} ${after}, was ${before}`);
      const memory = Math.max(...(await this.memory())) / Math.max(...memoryBefore);
      return [
        { name: 'soak: things that happened', value: this.happened, unit: '' },
        { name: 'soak: broadcasts', value: this.sent, unit: '' },
        { name: 'soak: refused, or cut short by the end of a process', value: this.refused, unit: '' },
        { name: 'soak: deliveries', value: this.deliveries, unit: '' },
        { name: 'soak: handled twice', value: this.duplicates, unit: '', most: 0 },
        { name: 'soak: last broadcasts that did not reach all', value: isWhole ? 0 : 1, unit: '', most: 0 },
        { name: 'soak: gauges that did not come back', value: left.length, unit: '', most: 0 },
        { name: 'soak: memory by that of before', value: memory, unit: '', most: MOST_MEMORY_FACTOR },
      ];
    } finally {
      await this.fleet.close();
    }
  }

  private async live(): Promise<void> {
    const { ms } = this.options;
    this.tell(`anything happens to ${this.places.length} processes for ${ms / 1_000} s`);
    const acts = [
      () => this.broadcastBySomebody(below(400)),
      () => this.broadcastBySomebody(below(LARGEST_BYTES)),
      () => this.burst(),
      () => this.kill(),
      () => this.leave(),
      () => this.restart(),
      () => this.stop(),
      () => this.resume(),
    ];
    for (const until = monotonicMs() + ms; monotonicMs() < until; this.happened++) {
      await acts[below(acts.length)]!();
      await this.look();
      await pause(2 * INTERVAL_MS * Math.random());
    }
  }

  /** Everybody runs again, and a last broadcast of each reaches all others. */
  private async isWholeAgain(): Promise<boolean> {
    for (const place of this.in('stopped')) await this.resume(place);
    for (const place of this.in('ended')) await this.restart(place);
    await this.fleet.allSeeAll();
    await this.fleet.ready();
    await this.look();
    const lasts = await Promise.all(this.places.map(place => this.broadcast(place, 100)));
    const deadline = monotonicMs() + this.options.hangMs;
    for (;;) {
      await this.look();
      if (this.places.every(to => lasts.every((text, from) => from === to || this.seen[to]!.has(text)))) return true;
      if (monotonicMs() > deadline) return false;
      await pause(100);
    }
  }

  private async start(place: number): Promise<void> {
    const options: GwyhNodeOptions = {
      keys: [KEY],
      bind: `127.0.0.1:${this.ports[place]}`,
      peers: this.ports.slice(0, SEEDS).map(port => `127.0.0.1:${port}`),
      zone: `zone-${place % 3}`,
    };
    await this.fleet.start(place, [options]);
    this.states[place] = 'running';
    this.seen[place] = new Set();
  }

  /** Resolves with what others tell of it when they got it. */
  private async broadcast(place: number, bytes: number): Promise<string> {
    return this.fleet.worker(place).ask('broadcastFilled', 0, 200 + bytes, ++this.sent);
  }

  private async broadcastBySomebody(bytes: number): Promise<void> {
    const place = this.somebody();
    if (place !== undefined) await this.broadcast(place, bytes);
  }

  private async burst(): Promise<void> {
    const place = this.somebody();
    if (place === undefined) return;
    const broadcasts = Array.from({ length: below(MOST_IN_A_BURST) }, () => this.broadcast(place, below(1_000)));
    for (const { status } of await Promise.allSettled(broadcasts)) if (status === 'rejected') this.refused++;
  }

  private async kill(): Promise<void> {
    const place = this.somebody();
    if (place === undefined) return;
    await this.fleet.kill(place);
    this.states[place] = 'ended';
  }

  private async leave(): Promise<void> {
    const place = this.somebody();
    if (place === undefined) return;
    await this.fleet.worker(place).ask('close');
    await this.fleet.kill(place);
    this.states[place] = 'ended';
  }

  private async restart(place = this.in('ended')[0]): Promise<void> {
    if (place !== undefined) await this.start(place);
  }

  private async stop(): Promise<void> {
    const place = this.somebody();
    if (place === undefined) return;
    this.fleet.stop(place);
    this.states[place] = 'stopped';
  }

  private async resume(place = this.in('stopped')[0]): Promise<void> {
    if (place === undefined) return;
    await this.fleet.resume(place);
    this.states[place] = 'running';
  }

  /** Takes in what arrived since the last time. */
  private async look(): Promise<void> {
    for (const place of this.in('running')) {
      const [texts] = await this.fleet.worker(place).ask('takeReceived');
      const seen = this.seen[place]!;
      for (const text of texts!) {
        if (seen.has(text)) this.duplicates++;
        seen.add(text);
        this.deliveries++;
      }
    }
  }

  private in(state: State): number[] {
    return this.places.filter(place => this.states[place] === state);
  }

  /** One of those that run; nobody when no more than half do. */
  private somebody(): number | undefined {
    const running = this.in('running');
    return 2 * running.length > this.places.length ? running[below(running.length)] : undefined;
  }

  private gauges(): Promise<Record<string, number>[]> {
    const read = async (place: number) => {
      const worker = this.fleet.worker(place);
      const [metrics] = await worker.ask('metrics');
      return { ...metrics, openResources: await worker.ask('openResources') };
    };
    return Promise.all(this.places.map(read));
  }

  private async memory(): Promise<number[]> {
    const all = await Promise.all(this.places.map(place => this.fleet.worker(place).ask('memory')));
    return all.map(({ bytes }) => bytes / MEGABYTE);
  }
}

function below(limit: number): number {
  return Math.floor(limit * Math.random());
}
