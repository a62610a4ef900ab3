import type { GwyhNodeOptions } from 'nestjs-gwyh';
import { monotonicMs, pause } from './clock.js';
import type { NodeHost, Work } from './node-host.js';
import { Views } from './views.js';
import { Worker } from './worker.js';

const NODE_HOST = new URL('./node-host.js', import.meta.url);
const LOOK_EVERY_MS = 50;

export type { Work };

interface FleetProcess {
  readonly worker: Worker<NodeHost>;
  readonly ids: readonly string[];
  /** Changes that have been taken in. */
  looked: number;
  /** Whether it can answer. */
  isRunning: boolean;
}

/** Processes that hold nodes, by number, and what the nodes have told. Times are monotonic, ms. */
export class Fleet {
  readonly views = new Views();
  private readonly processes: FleetProcess[] = [];

  /** @param hangMs no condition may take longer to come true. */
  constructor(private readonly hangMs: number) {}

  /**
   * Starts a process with nodes, in place of an earlier one of the same number. Returns the nodes' ports.
   * @param prefix command that runs another one.
   */
  async start(place: number, nodes: readonly GwyhNodeOptions[], prefix: readonly string[] = []): Promise<number[]> {
    const worker = Worker.start<NodeHost>(NODE_HOST, prefix);
    for (const id of this.processes[place]?.ids ?? []) this.views.forget(id);
    this.processes[place] = { worker, ids: [], looked: 0, isRunning: true };
    const started = await worker.ask('start', nodes);
    this.processes[place] = { ...this.processes[place]!, ids: started.map(({ id }) => id) };
    return started.map(({ port }) => port);
  }

  /** Waits until all their nodes are ready. */
  async ready(): Promise<void> {
    await Promise.all(this.processes.map(({ worker }) => worker.ask('ready', this.hangMs)));
  }

  now(): number {
    return monotonicMs();
  }

  pass(ms: number): Promise<void> {
    return pause(ms);
  }

  /** What some processes, by default all, have done so far. */
  async work(places: readonly number[] = [...this.processes.keys()]): Promise<Work> {
    const works = await Promise.all(places.map(place => this.worker(place).ask('work')));
    return works.reduce((sum, each) => ({
      cpuMs: sum.cpuMs + each.cpuMs,
      datagramsReceived: sum.datagramsReceived + each.datagramsReceived,
    }));
  }

  worker(place: number): Worker<NodeHost> {
    return this.processes[place]!.worker;
  }

  /** Ids of the nodes of some processes, by default of all. */
  ids(places?: readonly number[]): string[] {
    return this.processes.flatMap(({ ids }, place) => ((places?.includes(place) ?? true) ? ids : []));
  }

  /** Ends a process without a word. */
  async kill(place: number): Promise<void> {
    this.processes[place]!.isRunning = false;
    await this.worker(place).kill();
  }

  /** Lets a process stand still, its sockets open. */
  stop(place: number): void {
    this.processes[place]!.isRunning = false;
    this.worker(place).stop();
  }

  async resume(place: number): Promise<void> {
    await this.worker(place).resume();
    this.processes[place]!.isRunning = true;
  }

  async standStill(place: number, ms: number): Promise<void> {
    this.stop(place);
    await pause(ms);
    await this.resume(place);
  }

  /** Waits until every node sees all others and nobody else, by what it told and by what it answers. */
  async allSeeAll(): Promise<void> {
    const ids = this.ids();
    await this.until('all see all', async () => this.views.areComplete(ids) && (await this.doAllAnswerAll(ids)));
  }

  /** From the first node of a process. */
  async broadcast(place: number, text: string): Promise<void> {
    await this.worker(place).ask('broadcast', 0, text);
  }

  /** Texts that the nodes of some processes received, node by node. */
  async received(places: readonly number[]): Promise<string[][]> {
    return (await Promise.all(places.map(place => this.worker(place).ask('received')))).flat();
  }

  /** Waits for a condition, and fails with its name when it does not come true. */
  async until(name: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = monotonicMs() + this.hangMs;
    for (;;) {
      await this.look();
      if (await condition()) return;
      if (monotonicMs() > deadline) throw new Error(`still not after ${this.hangMs / 1_000} s: ${name}`);
      await pause(LOOK_EVERY_MS);
    }
  }

  /** Ends all of them without a word. */
  async close(): Promise<void> {
    await Promise.all(this.processes.map(({ worker }) => worker.kill()));
  }

  private async doAllAnswerAll(ids: readonly string[]): Promise<boolean> {
    const answers = await Promise.all(this.processes.map(({ worker }) => worker.ask('members')));
    return answers.flat().every((seen, i) => {
      const others = new Set(ids);
      others.delete(ids[i]!);
      return seen.length === others.size && seen.every(member => others.has(member));
    });
  }

  /** Takes in what the nodes have told since the last time. */
  private async look(): Promise<void> {
    await Promise.all(
      this.processes.map(async process => {
        if (!process.isRunning) return;
        const changes = await process.worker.ask('changes', process.looked);
        process.looked += changes.length;
        this.views.add(changes);
      }),
    );
  }
}
