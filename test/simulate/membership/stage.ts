import { MEMBER_STATES } from '../../../lib/engine/membership/member.js';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import type { VirtualHomie } from '../../../lib/testing/virtual-cluster.js';
import type { RunDigest } from '../run-digest.js';
import { SimulatedCluster } from '../simulated-cluster.js';
import { type Ending, type Life, newLife } from './lives.js';
import type { MembershipOptions } from './options.js';
import type { Views } from './views.js';
import { Witness } from './witness.js';

/** Seed of the generator of the faults, added to the seed of the run. */
const FAULTS_SEED = 0xfa17;

/** A cluster with its witness, and all that can be done to it. */
export class Stage {
  readonly simulated: SimulatedCluster;
  readonly witness: Witness;
  readonly random: SeededRandom;
  /** All lives in the order of their starts. */
  readonly lives: Life[] = [];
  /** The current or last life of each node. */
  private readonly current: Life[] = [];

  /** @param restarts how many restarts there will be at most. */
  constructor(
    readonly options: MembershipOptions,
    progress: (text: string) => void,
    digest: RunDigest,
    restarts = 0,
  ) {
    this.random = new SeededRandom(options.seed + FAULTS_SEED);
    this.simulated = new SimulatedCluster(options, progress, digest);
    this.witness = new Witness(options.nodes + restarts);
    for (let node = 0; node < options.nodes; node++) this.enter(node, node);
    this.simulated.onEvent = (number, event) => {
      const life = this.lives[number]!;
      if ('member' in event) {
        digest.number(Math.round(this.now * 1_000));
        digest.number(number);
        digest.number(this.witness.lifeOf(event.member.id)?.number ?? -1);
        digest.number(MEMBER_STATES.indexOf(event.type));
      }
      this.witness.told(life, event, this.now);
    };
  }

  get now(): number {
    return this.simulated.now;
  }

  get views(): Views {
    return this.witness.views;
  }

  get nodes(): number {
    return this.options.nodes;
  }

  homie(node: number): VirtualHomie {
    return this.simulated.homies[node]!;
  }

  lifeOf(node: number): Life {
    return this.current[node]!;
  }

  /** Lives that run. */
  running(): Life[] {
    return this.current.filter(life => life.endedAt === Infinity);
  }

  /** A random node that runs. */
  drawNode(): number {
    const running = this.running();
    return running[this.random.below(running.length)]!.node;
  }

  advance(ms: number): void {
    this.simulated.advanceTo(this.now + ms);
  }

  /** Lets time pass until all that run see all that run and nobody else; returns after how many ms, null if it was not in time. */
  converge(mostMs: number): number | null {
    const startedAt = this.now;
    return this.simulated.advanceUntil(() => this.views.isTrue, mostMs) ? this.now - startedAt : null;
  }

  /** Ends the life of a node, with a word or without. */
  end(node: number, ending: Ending): Life {
    const life = this.lifeOf(node);
    const homie = this.homie(node);
    if (ending === 'left') homie.leave();
    else homie.kill();
    life.endedAt = this.now;
    life.ending = ending;
    this.witness.ended(life);
    return life;
  }

  /** Starts the next life of a node, on the same address. */
  restart(node: number): Life {
    return this.enter(this.simulated.restart(node), node);
  }

  pause(node: number): void {
    this.homie(node).pause();
    this.lifeOf(node).pausedAt = this.now;
  }

  resume(node: number, first: 'datagrams' | 'timers'): void {
    this.homie(node).resume(first);
  }

  /** A random order of all nodes. */
  shuffledNodes(): number[] {
    const left = Array.from({ length: this.nodes }, (_, node) => node);
    return Array.from({ length: this.nodes }, () => left.splice(this.random.below(left.length), 1)[0]!);
  }

  /** Pairs of lives about which a member table says something else than the events did. 0 unless an engine has a fault. */
  countTableFaults(): number {
    let faults = 0;
    for (const observer of this.running()) {
      const { members } = this.homie(observer.node).engine;
      for (const { id } of members) {
        const subject = this.witness.lifeOf(id);
        if (subject === undefined || !this.views.believesIn(observer.number, subject.number)) faults++;
      }
      const believed = this.lives.filter(({ number }) => this.views.believesIn(observer.number, number)).length;
      faults += Math.max(0, believed - members.length);
    }
    return faults;
  }

  private enter(number: number, node: number): Life {
    const life = newLife(number, node, this.now);
    this.lives.push(life);
    this.current[node] = life;
    this.witness.started(life, this.homie(node).id);
    return life;
  }
}
