import assert from 'node:assert/strict';
import { monotonicMs, pause } from '../../processes/clock.js';
import type { NodeHost } from '../../processes/node-host.js';
import { Views } from '../../processes/views.js';
import type { Worker } from '../../processes/worker.js';
import { nameOf, SwitchedHosts } from '../bed/switched-hosts.js';

const NODE_HOST = new URL('../../processes/node-host.js', import.meta.url);
const KEY = `hex:${'5a'.repeat(32)}`;
const HOSTS = 5;
const PORT = 7_000;
/** Nothing may take longer, ms: these tests find what hangs, the simulator asserts times. */
const HANG_MS = 180_000;
const LOOK_EVERY_MS = 50;
/** After the last arrival: a second copy would come meanwhile. */
const GRACE_MS = 300;

/** One node in a process on each of the hosts. */
export class Cluster {
  readonly hosts = new SwitchedHosts(HOSTS);
  readonly ids: string[] = [];
  readonly views = new Views();
  private readonly workers: Worker<NodeHost>[] = [];
  private readonly looked: number[] = [];
  private rounds = 0;

  private constructor() {}

  /**
   * All started and ready, and each sees all. The first two hosts are the seeds.
   * @param prepare what to do to the hosts before.
   */
  static async start(prepare: (hosts: SwitchedHosts) => void = () => undefined): Promise<Cluster> {
    const cluster = new Cluster();
    try {
      prepare(cluster.hosts);
      await Promise.all(cluster.places().map(host => cluster.startNode(host)));
      await Promise.all(cluster.workers.map(worker => worker.ask('ready', HANG_MS)));
      await cluster.until('all see all', () => cluster.views.areComplete(cluster.ids));
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** Numbers of the hosts, without some. */
  places(without: readonly number[] = []): number[] {
    return Array.from({ length: this.hosts.count }, (_, host) => host).filter(host => !without.includes(host));
  }

  idsOf(places: readonly number[]): string[] {
    return places.map(host => this.ids[host]!);
  }

  /** Waits until those of one side have all told that those of the other are down. Returns how long each took, ms. */
  async downs(observers: readonly number[], members: readonly number[], sinceMs: number): Promise<number[]> {
    const [watching, watched] = [this.idsOf(observers), this.idsOf(members)];
    await this.until(`hosts ${observers} see ${members} go`, () => this.views.areWithout(watching, watched));
    return this.views.firstDowns(watching, watched, sinceMs).map(atMs => Math.round(atMs - sinceMs));
  }

  /** Waits until all see all. Returns how long it took, ms; 0 when nobody had to change its mind. */
  async heal(sinceMs: number): Promise<number> {
    await this.until('all see all again', () => this.views.areComplete(this.ids));
    const members = await Promise.all(this.workers.map(worker => worker.ask('members')));
    members.forEach(([seen], host) => {
      const others = this.idsOf(this.places([host]));
      assert.deepEqual(seen!.map(({ id }) => id).sort(), others.sort(), `what host ${host} sees`);
    });
    return Math.round((this.views.lastChange(sinceMs) ?? sinceMs) - sinceMs);
  }

  /** A broadcast from each of some hosts: all of them receive it, once. Returns how long the slowest took, ms. */
  async reach(places = this.places()): Promise<number> {
    const round = `round ${++this.rounds}`;
    const beganMs = monotonicMs();
    for (const host of places) await this.broadcast(host, `${round} from ${host}`);
    let received: string[][] = [];
    const expected = (host: number) => places.filter(other => other !== host).map(other => `${round} from ${other}`);
    await this.until(`${round} reaches all`, async () => {
      received = await this.received(places);
      return places.every((host, i) => expected(host).every(text => received[i]!.includes(text)));
    });
    const tookMs = Math.round(monotonicMs() - beganMs);
    await pause(GRACE_MS);
    for (const [i, texts] of (await this.received(places)).entries()) {
      const ofRound = texts.filter(text => text.startsWith(`${round} `));
      assert.deepEqual(ofRound.sort(), expected(places[i]!).sort(), `what host ${places[i]} received`);
    }
    return tookMs;
  }

  broadcast(host: number, text: string): Promise<void> {
    return this.workers[host]!.ask('broadcast', 0, text);
  }

  /** Texts that some hosts received, in the order of the hosts. */
  async received(places = this.places()): Promise<string[][]> {
    return Promise.all(places.map(async host => (await this.workers[host]!.ask('received'))[0]!));
  }

  /** Where each of some hosts believes another to be. */
  async addressesOf(host: number): Promise<(string | undefined)[]> {
    const others = this.places([host]).map(other => this.workers[other]!.ask('members'));
    return (await Promise.all(others)).map(([seen]) => seen!.find(({ id }) => id === this.ids[host])?.address);
  }

  /** Waits for a condition, and fails with its name where it never comes true. */
  async until(name: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = monotonicMs() + HANG_MS;
    for (;;) {
      await this.look();
      if (await condition()) return;
      assert.ok(monotonicMs() < deadline, `still not after ${HANG_MS / 1_000} s: ${name}`);
      await pause(LOOK_EVERY_MS);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map(worker => worker.kill()));
    await this.hosts.close();
  }

  /** Ends the process of a host without a word, and starts another one in its place. */
  async restart(host: number): Promise<void> {
    await this.workers[host]!.kill();
    this.views.forget(this.ids[host]!);
    await this.startNode(host);
  }

  private async startNode(host: number): Promise<void> {
    const worker = this.hosts.namespaces.start<NodeHost>(nameOf(host), NODE_HOST);
    this.workers[host] = worker;
    this.looked[host] = 0;
    const seeds = [0, 1].filter(seed => seed !== host).map(seed => `${this.hosts.addressOf(seed)}:${PORT}`);
    const bind = `0.0.0.0:${PORT}`;
    const [started] = await worker.ask('start', [{ keys: [KEY], bind, peers: seeds, zone: `zone-${host % 2}` }]);
    this.ids[host] = started!.id;
  }

  /** Takes in what the nodes have told since the last look. */
  private async look(): Promise<void> {
    const news = await Promise.all(this.workers.map((worker, host) => worker.ask('changes', this.looked[host]!)));
    news.forEach((changes, host) => {
      this.looked[host]! += changes.length;
      this.views.add(changes);
    });
  }
}
