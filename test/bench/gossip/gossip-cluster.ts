import { randomBytes } from 'node:crypto';
import { freePorts } from '../../processes/free-ports.js';
import { nowUs } from '../clock.js';
import { cpuSeconds, pause, residentMib, until, Worker } from '../processes.js';
import type { ArrivalReport } from './arrivals.js';
import { type GossipFigures, gossipFigures } from './gossip-figures.js';
import type { GossipNetwork } from './gossip-node.js';
import type { GossipQuestion } from './worker.js';

/** Longest forming of a cluster on a busy machine, ms. */
const FORMING_MS = 300_000;

/** A run is over when nothing came for this long, ms: longer than the longest wait between the first repair requests. */
const SILENCE_MS = 3_000;

/** Looks at what has come so far, or at who knows whom, are this far apart, ms: each of them costs the processes something. */
const LOOK_MS = 100;

/** Many nodes of one network in few processes. */
export class GossipCluster {
  private run = 0;
  private readonly ports: (readonly number[])[];

  private constructor(
    private readonly workers: readonly Worker[],
    ports: readonly number[],
  ) {
    // The first nodes are those of different processes.
    this.ports = workers.map((_, place) => ports.filter((_, i) => i % workers.length === place));
  }

  /** Processes without nodes yet: `form` starts those. */
  static async start(network: GossipNetwork, nodes: number, processes: number): Promise<GossipCluster> {
    const module = new URL('./worker.js', import.meta.url);
    const env = { ...process.env, GWYH_KEYS: `hex:${randomBytes(32).toString('hex')}` };
    const workers: Worker[] = [];
    while (workers.length < processes) {
      workers.push((await Worker.start(module, [network], { env, execArgv: ['--expose-gc'] }))[0]);
    }
    return new GossipCluster(workers, await freePorts(nodes));
  }

  /** Starts all nodes at once. Returns how long it took until the last was ready, s. */
  async form(): Promise<number> {
    const begunUs = nowUs();
    const seeds = this.ports.map(([first]) => first!);
    await this.askEach((_, place) => ({ kind: 'start', ports: this.ports[place]!, seeds }));
    const readyAtUs = await this.askAll<number>({ kind: 'ready', ports: this.ports.flat() });
    return (Math.max(...readyAtUs) - begunUs) / 1e6;
  }

  /** Waits until each node knows all others. */
  async allKnowAll(): Promise<void> {
    const question: GossipQuestion = { kind: 'knowsAll', others: this.size - 1 };
    for (const worker of this.workers) {
      await until(() => worker.ask<boolean>(question), FORMING_MS, 'all nodes to know all others');
    }
  }

  /** Messages from random nodes, one at a time: the next one is sent so long after the one before, and after that came everywhere. */
  async scattered(messages: number, gapMs: number): Promise<GossipFigures> {
    const origins = Array.from({ length: messages }, () => Math.floor(Math.random() * this.size));
    return this.measure(messages, origins, async run => {
      const begunUs = nowUs();
      for (const [sequence, origin] of origins.entries()) {
        await this.send(origin, run, sequence, 1);
        await pause(gapMs);
        await this.untilSilent((sequence + 1) * (this.size - 1));
      }
      return begunUs;
    });
  }

  /** Messages from one node, as fast as it takes them: each is awaited. */
  async burst(messages: number): Promise<GossipFigures> {
    const origin = Math.floor(Math.random() * this.size);
    const origins = Array.from({ length: messages }, () => origin);
    return this.measure(messages, origins, async run => this.send(origin, run, 0, messages));
  }

  /** Cores that all processes together keep busy while nobody asks for anything. */
  async idleCores(ms: number): Promise<number> {
    const [begun, before] = [performance.now(), cpuSeconds(this.pids)];
    await pause(ms);
    return (cpuSeconds(this.pids) - before) / ((performance.now() - begun) / 1_000);
  }

  /** Memory of all processes together without garbage, MiB. */
  async residentMib(): Promise<number> {
    await this.askAll({ kind: 'collect' });
    return residentMib(this.pids);
  }

  async end(): Promise<void> {
    await Promise.all(this.workers.map(worker => worker.end()));
  }

  get size(): number {
    return this.ports.flat().length;
  }

  private get pids(): number[] {
    return this.workers.map(({ pid }) => pid);
  }

  private async measure(
    messages: number,
    origins: readonly number[],
    send: (run: number) => Promise<number>,
  ): Promise<GossipFigures> {
    const run = ++this.run;
    await this.askAll({ kind: 'begin', run, messages });
    const cpuBefore = cpuSeconds(this.pids);
    const begunUs = await send(run);
    await this.untilSilent(messages * (this.size - 1));
    const spent = cpuSeconds(this.pids) - cpuBefore;
    const reports = await this.askAll<ArrivalReport>({ kind: 'report' });
    const expected = Array.from({ length: this.size }, () => messages);
    for (const origin of origins) expected[origin]!--;
    return gossipFigures({ reports, expected, begunUs, cpuSeconds: spent });
  }

  /** From a node by its number, which counts through the first process, then the second, and so on. */
  private send(origin: number, run: number, from: number, messages: number): Promise<number> {
    let node = origin;
    let place = 0;
    while (node >= this.ports[place]!.length) node -= this.ports[place++]!.length;
    return this.workers[place]!.ask<number>({ kind: 'send', node, run, from, messages } satisfies GossipQuestion);
  }

  /** Until so many deliveries have happened, or nothing came for a while. */
  private async untilSilent(deliveries: number): Promise<void> {
    let count = 0;
    let silentSince = performance.now();
    for (;;) {
      const counts = await this.askAll<number>({ kind: 'count' });
      const sum = counts.reduce((total, each) => total + each, 0);
      if (sum >= deliveries || (sum === count && performance.now() > silentSince + SILENCE_MS)) return;
      if (sum > count) silentSince = performance.now();
      count = sum;
      await pause(LOOK_MS);
    }
  }

  private askAll<Answer>(question: GossipQuestion): Promise<Answer[]> {
    return this.askEach(() => question);
  }

  private askEach<Answer>(question: (worker: Worker, place: number) => GossipQuestion): Promise<Answer[]> {
    return Promise.all(this.workers.map((worker, place) => worker.ask<Answer>(question(worker, place))));
  }
}
