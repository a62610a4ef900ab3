import { ENGINE_DEFAULTS } from '../../../lib/engine/engine-options.js';
import { detectionMs } from '../../../lib/engine/membership/failure-detector.js';
import { rounded } from '../percentiles.js';
import type { PartitionShape } from './options.js';
import { Broadcasts, type BroadcastReport } from './broadcasts.js';
import type { ScenarioReport } from './scenario.js';
import type { Stage } from './stage.js';

/** A partition that has not healed after this long will not, ms. */
const PATIENCE_MS = 300_000;

/** Broadcasts begin this long after the end of the partition, ms, or when it has healed if that is later. */
const BROADCASTS_AFTER_MS = 10_000;

/** Broadcasts after the healing, one in every so many ms. */
const BROADCASTS = 20;
const BROADCAST_INTERVAL_MS = 200;

/**
 * No doubt ends sooner in a death, ms. So a death that is told earlier than this after the partition comes of a doubt that
 * began during it, when who was cut off could not know better. Whoever did not doubt the member then may not believe it.
 */
const LEAST_DOUBT_MS = detectionMs(ENGINE_DEFAULTS.heartbeat);

export interface PartitionReport {
  readonly shape: PartitionShape;
  readonly minutes: number;
  /** Nodes of each side. */
  readonly sides: readonly number[];
  /** Pairs of nodes of different sides, and those of them of which the one still believed in the other at the end. */
  readonly separatedPairs: number;
  readonly unnoticedPairs: number;
  /** Pairs of nodes that did not see each other when it was given up. */
  readonly unhealedPairs: number;
  readonly broadcasts: BroadcastReport;
}

/** Cuts the cluster into parts, and puts it together again. */
export function runPartition(stage: Stage): ScenarioReport & { partition: PartitionReport } {
  const { shape, minutesMs, nodes } = stage.options;
  const broadcasts = new Broadcasts(stage, BROADCASTS, nodes);
  const sides = sidesOf(stage, shape);
  const sideOf = new Int32Array(nodes);
  for (const [side, members] of sides.entries()) for (const node of members) sideOf[node] = side;
  const { network } = stage.simulated.cluster;
  network.partition(...sides.map(members => members.map(node => stage.homie(node).endpoint.address)));
  stage.witness.isExcused = (observer, subject) => sideOf[observer] !== sideOf[subject];
  stage.advance(minutesMs);
  const separatedPairs = sides.reduce((sum, members) => sum + members.length * (nodes - members.length), 0);
  const unnoticedPairs = countBelievers(stage, sideOf);
  network.heal();
  const endedAt = stage.now;
  const isDoubted = doubtsOfNow(stage);
  stage.witness.isExcused = (observer, subject) =>
    sideOf[observer] !== sideOf[subject] && stage.now < endedAt + LEAST_DOUBT_MS && isDoubted(observer, subject);
  const convergenceMs = stage.converge(PATIENCE_MS);
  const unhealedPairs = stage.views.unseen;
  stage.advance(Math.max(0, endedAt + BROADCASTS_AFTER_MS - stage.now));
  for (let i = 0; i < BROADCASTS; i++) {
    broadcasts.send();
    stage.advance(BROADCAST_INTERVAL_MS);
  }
  const report = broadcasts.finish();
  const failures = [...report.failures];
  if (convergenceMs === null) {
    failures.push(
      `${unhealedPairs} pairs of nodes did not see each other ${PATIENCE_MS / 1_000} s after the partition`,
    );
  }
  return {
    detectionMs: null,
    convergenceMs: convergenceMs === null ? null : rounded(convergenceMs),
    failures,
    partition: {
      shape,
      minutes: minutesMs / 60_000,
      sides: sides.map(members => members.length),
      separatedPairs,
      unnoticedPairs,
      unhealedPairs,
      broadcasts: report,
    },
  };
}

/** Pairs of nodes of different sides of which the one takes the other for living. */
function countBelievers(stage: Stage, sideOf: Int32Array): number {
  let pairs = 0;
  const running = stage.running();
  for (const observer of running) {
    for (const subject of running) {
      if (sideOf[observer.node] === sideOf[subject.node]) continue;
      if (stage.views.believesIn(observer.number, subject.number)) pairs++;
    }
  }
  return pairs;
}

/** Tells of two nodes whether the one doubts now that the other lives. */
function doubtsOfNow(stage: Stage): (observer: number, subject: number) => boolean {
  const pairs = new Set<number>();
  const running = stage.running();
  const pairOf = (observer: number, subject: number) => observer * stage.nodes + subject;
  for (const observer of running) {
    for (const subject of running) {
      if (stage.views.suspects(observer.number, subject.number)) pairs.add(pairOf(observer.node, subject.node));
    }
  }
  return (observer, subject) => pairs.has(pairOf(observer, subject));
}

function sidesOf(stage: Stage, shape: PartitionShape): number[][] {
  if (shape === 'zone') {
    const zone = stage.random.below(Math.min(stage.options.zones, stage.nodes));
    const isThere = (node: number) => stage.simulated.world.zoneOf(node) === zone;
    const nodes = Array.from({ length: stage.nodes }, (_, node) => node);
    return [nodes.filter(isThere), nodes.filter(node => !isThere(node))];
  }
  const parts = shape === 'halves' ? 2 : 3;
  const sides: number[][] = Array.from({ length: parts }, () => []);
  for (const [i, node] of stage.shuffledNodes().entries()) sides[i % parts]!.push(node);
  return sides;
}
