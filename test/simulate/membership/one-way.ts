import { Timer } from '../../../lib/engine/timer-heap.js';
import { rounded } from '../percentiles.js';
import type { ScenarioReport } from './scenario.js';
import type { Stage } from './stage.js';

/** After the faults have ended, all must see all within this, ms. */
const PATIENCE_MS = 300_000;

/** Pairs of nodes of which one does not reach the other. */
const PAIRS = 10;

/** Share of all pairs of nodes whose ways flap, both directions at once. */
const FLAPPING_SHARE = 0.2;

/** A way that flaps is closed for a time between these, ms, and open for twice as long. */
const LEAST_CLOSED_MS = 1_000;
const MOST_CLOSED_MS = 10_000;

/** A member that so many of the others can reach must not be told to be down. */
const ENOUGH = 1 / 3;

/** One row of the table. */
export interface OneWayCase {
  readonly name: string;
  /** Members whose ways are closed, or flap. */
  readonly concerned: number;
  /** The smallest share of the others that could reach one of them, directly and both ways, at any second. */
  readonly reachedByShare: number;
  /** Whether at least a third could reach each, so that none may be told to be down. */
  readonly mustStay: boolean;
  /** Members that were told to be down and must not have been, and events that told so. */
  readonly falselyDownMembers: number;
  readonly falseDowns: number;
  /** Events that told of members down that almost nobody could reach. */
  readonly excusedDowns: number;
  readonly suspicions: number;
  /** After the end of the fault, how long until all saw all, ms; null when they never did. */
  readonly healedMs: number | null;
  readonly failures: readonly string[];
}

interface Fault {
  readonly name: string;
  /** Puts it into the world; returns the nodes concerned, and what keeps changing. */
  readonly begin: (stage: Stage) => { readonly concerned: readonly number[]; readonly flaps?: Flaps };
}

const FAULTS: readonly Fault[] = [
  { name: `${PAIRS} pairs: one does not reach the other`, begin: blockPairs },
  { name: 'a member does not reach a third of the others', begin: stage => blockNode(stage, 1 / 3, 'out') },
  { name: 'a member does not reach two thirds of the others', begin: stage => blockNode(stage, 2 / 3, 'out') },
  { name: 'two thirds of the others do not reach a member', begin: stage => blockNode(stage, 2 / 3, 'in') },
  { name: 'a member reaches nobody', begin: stage => blockNode(stage, 1, 'out') },
  { name: 'two halves joined by one member', begin: blockAllButBridge },
  { name: 'a fifth of all pairs flaps', begin: flapPairs },
  { name: 'all ways of a member flap', begin: flapNode },
];

/** Faults of single ways, each in a cluster of its own. */
export function runOneWay(start: () => Stage): ScenarioReport & { oneWay: readonly OneWayCase[] } {
  const cases = FAULTS.map(fault => runCase(start(), fault));
  const healed = cases.map(({ healedMs }) => healedMs ?? Infinity);
  const longest = Math.max(...healed);
  return {
    detectionMs: null,
    convergenceMs: longest === Infinity ? null : longest,
    failures: cases.flatMap(({ name, failures }) => failures.map(failure => `${name}: ${failure}`)),
    oneWay: cases,
  };
}

function runCase(stage: Stage, { name, begin }: Fault): OneWayCase {
  const { network } = stage.simulated.cluster;
  const before = { ...stage.witness.judgements };
  const { concerned, flaps } = begin(stage);
  const reach = new Reach(stage);
  stage.witness.isExcused = (observer, subject) => reach.of(observer) < ENOUGH || reach.of(subject) < ENOUGH;
  let reachedByShare = 1;
  for (let passed = 0; passed < stage.options.minutesMs; passed += LOOK_MS) {
    reach.forget();
    reachedByShare = Math.min(reachedByShare, ...concerned.map(node => reach.of(node)));
    stage.advance(Math.min(LOOK_MS, stage.options.minutesMs - passed));
  }
  flaps?.stop();
  network.heal();
  stage.witness.isExcused = () => false;
  const healedMs = stage.converge(PATIENCE_MS);
  const { falseDowns, falselyDownMembers, excusedDowns, suspicions } = stage.witness.judgements;
  const failures = [];
  if (reachedByShare === 0 && excusedDowns === 0) failures.push('nobody told of a member that nobody could reach');
  if (healedMs === null) failures.push(`not all saw all within ${PATIENCE_MS / 1_000} s of its end`);
  return {
    name,
    concerned: concerned.length,
    reachedByShare: rounded(reachedByShare),
    mustStay: reachedByShare >= ENOUGH,
    falselyDownMembers,
    falseDowns: falseDowns - before.falseDowns,
    excusedDowns: excusedDowns - before.excusedDowns,
    suspicions: suspicions - before.suspicions,
    healedMs: healedMs === null ? null : rounded(healedMs),
    failures,
  };
}

/** How often it is looked at who reaches whom, ms. */
const LOOK_MS = 1_000;

/** Which share of the others reaches a node, directly and both ways. */
class Reach {
  private readonly known = new Map<number, number>();

  constructor(private readonly stage: Stage) {}

  of(node: number): number {
    let share = this.known.get(node);
    if (share === undefined) {
      share = this.count(node) / (this.stage.nodes - 1);
      this.known.set(node, share);
    }
    return share;
  }

  /** The world has changed. */
  forget(): void {
    this.known.clear();
  }

  private count(node: number): number {
    const { network } = this.stage.simulated.cluster;
    const { endpoint } = this.stage.homie(node);
    let count = 0;
    for (let other = 0; other < this.stage.nodes; other++) {
      if (other === node) continue;
      const there = this.stage.homie(other).endpoint;
      if (!network.isBlocked(endpoint, there) && !network.isBlocked(there, endpoint)) count++;
    }
    return count;
  }
}

function blockPairs(stage: Stage): { concerned: number[] } {
  const nodes = stage.shuffledNodes().slice(0, 2 * PAIRS);
  for (let i = 0; i + 1 < nodes.length; i += 2) block(stage, nodes[i]!, nodes[i + 1]!);
  return { concerned: nodes };
}

function blockNode(stage: Stage, share: number, direction: 'in' | 'out'): { concerned: number[] } {
  const [node, ...others] = stage.shuffledNodes();
  for (const other of others.slice(0, Math.floor(share * others.length))) {
    if (direction === 'out') block(stage, node!, other);
    else block(stage, other, node!);
  }
  return { concerned: [node!] };
}

function blockAllButBridge(stage: Stage): { concerned: number[] } {
  const [bridge, ...others] = stage.shuffledNodes();
  const half = others.length >> 1;
  for (const a of others.slice(0, half)) {
    for (const b of others.slice(half)) {
      block(stage, a, b);
      block(stage, b, a);
    }
  }
  return { concerned: [bridge!, ...others] };
}

function flapPairs(stage: Stage): { concerned: number[]; flaps: Flaps } {
  const flaps = new Flaps(stage);
  for (let a = 0; a < stage.nodes; a++) {
    for (let b = 0; b < a; b++) if (stage.random.unit() < FLAPPING_SHARE) flaps.add(a, b);
  }
  return { concerned: Array.from({ length: stage.nodes }, (_, node) => node), flaps };
}

function flapNode(stage: Stage): { concerned: number[]; flaps: Flaps } {
  const flaps = new Flaps(stage);
  const node = stage.drawNode();
  for (let other = 0; other < stage.nodes; other++) if (other !== node) flaps.add(node, other);
  return { concerned: [node], flaps };
}

function block(stage: Stage, from: number, to: number): void {
  stage.simulated.cluster.network.block(stage.homie(from).endpoint, stage.homie(to).endpoint);
}

/** Ways that close and open at random. */
class Flaps {
  private readonly timers: Timer[] = [];

  constructor(private readonly stage: Stage) {}

  add(a: number, b: number): void {
    const { stage } = this;
    const { network } = stage.simulated.cluster;
    const [here, there] = [stage.homie(a).endpoint, stage.homie(b).endpoint];
    const timer = new Timer(now => {
      const isClosing = !network.isBlocked(here, there);
      if (isClosing) {
        network.block(here, there);
        network.block(there, here);
      } else {
        network.unblock(here, there);
        network.unblock(there, here);
      }
      network.setTimer(timer, now + (isClosing ? 1 : 2) * this.drawClosedMs());
    });
    this.timers.push(timer);
    network.setTimer(timer, network.now() + this.drawClosedMs());
  }

  stop(): void {
    for (const timer of this.timers) this.stage.simulated.cluster.network.cancelTimer(timer);
  }

  private drawClosedMs(): number {
    return LEAST_CLOSED_MS + (MOST_CLOSED_MS - LEAST_CLOSED_MS) * this.stage.random.unit();
  }
}
