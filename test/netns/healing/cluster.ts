import assert from 'node:assert/strict';
import { monotonicMs, pause } from '../../processes/clock.js';
import { Fleet } from '../../processes/fleet.js';
import { nameOf, SwitchedHosts } from '../bed/switched-hosts.js';

const KEY = `hex:${'5a'.repeat(32)}`;
const HOSTS = 5;
const PORT = 7_000;
/** Nothing may take longer, ms: these tests find what hangs, the simulator asserts times. */
const HANG_MS = 120_000;
/** After the last arrival: a second copy would come meanwhile. */
const GRACE_MS = 300;

/** One node in a process on each of the hosts. */
export class Cluster {
  readonly hosts = new SwitchedHosts(HOSTS);
  readonly fleet = new Fleet(HANG_MS);
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
      await cluster.fleet.ready();
      await cluster.fleet.allSeeAll();
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** Numbers of the hosts, without some. */
  places(without: readonly number[] = []): number[] {
    return Array.from({ length: HOSTS }, (_, host) => host).filter(host => !without.includes(host));
  }

  /** Waits until those of one side have all told that those of the other are down. Returns how long each took, ms. */
  async downs(observers: readonly number[], members: readonly number[], sinceMs: number): Promise<number[]> {
    const { fleet } = this;
    const [watching, watched] = [fleet.ids(observers), fleet.ids(members)];
    await fleet.until(`hosts ${observers} see ${members} go`, () => fleet.views.areWithout(watching, watched));
    return fleet.views.firstDowns(watching, watched, sinceMs).map(({ atMs }) => Math.round(atMs - sinceMs));
  }

  /** Waits until all see all. Returns how long it took, ms; 0 when nobody had to change its mind. */
  async heal(sinceMs: number): Promise<number> {
    await this.fleet.allSeeAll();
    return Math.round((this.fleet.views.lastChange(sinceMs) ?? sinceMs) - sinceMs);
  }

  /** A broadcast from each of some hosts: all of them receive it, once. Returns how long the slowest took, ms. */
  async reach(places = this.places()): Promise<number> {
    const { fleet } = this;
    const round = `round ${++this.rounds}`;
    const beganMs = monotonicMs();
    for (const host of places) await this.broadcast(host, `${round} from ${host}`);
    const expected = (host: number) => places.filter(other => other !== host).map(other => `${round} from ${other}`);
    await fleet.until(`${round} reaches all`, async () => {
      const received = await fleet.received(places);
      return places.every((host, i) => expected(host).every(text => received[i]!.includes(text)));
    });
    const tookMs = Math.round(monotonicMs() - beganMs);
    await pause(GRACE_MS);
    for (const [i, texts] of (await fleet.received(places)).entries()) {
      const ofRound = texts.filter(text => text.startsWith(`${round} `));
      assert.deepEqual(ofRound.sort(), expected(places[i]!).sort(), `what host ${places[i]} received`);
    }
    return tookMs;
  }

  broadcast(host: number, text: string): Promise<void> {
    return this.fleet.worker(host).ask('broadcast', 0, text);
  }

  /** Where each of the other hosts believes one to be. */
  addressesOf(host: number): Promise<(string | undefined)[]> {
    const [id] = this.fleet.ids([host]);
    return Promise.all(this.places([host]).map(other => this.fleet.worker(other).ask('addressOf', id!)));
  }

  /** Ends the process of a host without a word, and starts another one in its place. */
  async restart(host: number): Promise<void> {
    await this.fleet.kill(host);
    await this.startNode(host);
  }

  async close(): Promise<void> {
    await this.fleet.close();
    await this.hosts.close();
  }

  private async startNode(host: number): Promise<void> {
    const peers = [0, 1].filter(seed => seed !== host).map(seed => `${this.hosts.addressOf(seed)}:${PORT}`);
    const node = { keys: [KEY], bind: `0.0.0.0:${PORT}`, peers, zone: `zone-${host % 2}` };
    await this.fleet.start(host, [node], this.hosts.namespaces.prefixOf(nameOf(host)));
  }
}
