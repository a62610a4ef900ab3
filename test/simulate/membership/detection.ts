import { type Percentiles, percentilesOf, roundedPercentiles } from '../percentiles.js';
import type { ScenarioReport } from './scenario.js';
import type { Life } from './lives.js';
import type { Stage } from './stage.js';

/** A death that is not known everywhere after this long is given up, ms; so is a rejoin. */
export const PATIENCE_MS = 120_000;

/** Between the moment when everybody knows of a death and the next one, ms: so that no two are under way at once. */
const LEAST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 2_000;

export interface DetectionReport {
  readonly kills: number;
  /** Whether each node that died was started again before the next death. */
  readonly isRestarting: boolean;
  /** Of each death: how long until no survivor took the node for up any more: it was in doubt, or down. */
  readonly inDoubtMs: Percentiles;
  /** Of each death: how long until the first survivor told of it. */
  readonly firstMs: Percentiles;
  /** Of each death and each survivor: how long until it told. */
  readonly perSurvivorMs: Percentiles;
  /** Of each restart: how long until all saw all again; null without restarts. */
  readonly rejoinMs: Percentiles | null;
  /** Pairs of a death and a survivor that did not tell of it in time. */
  readonly untold: number;
}

/** Kills one node at a time, without a word. */
export function runDetection(stage: Stage): ScenarioReport & { detection: DetectionReport } {
  const { kills, nodes } = stage.options;
  const isRestarting = needsRestarts(kills, nodes);
  const last = new Float64Array(kills);
  const first = new Float64Array(kills);
  const inDoubt = new Float64Array(kills);
  const each: number[] = [];
  const rejoin: number[] = [];
  let untold = 0;
  let longest = 0;
  let isConverging = true;
  for (let kill = 0; kill < kills; kill++) {
    const survivors = nodes - 1 - (isRestarting ? 0 : kill);
    const victim = stage.drawNode();
    const { times, inDoubtMs } = timesOfDeath(stage, victim, survivors);
    inDoubt[kill] = inDoubtMs;
    first[kill] = times[0] ?? PATIENCE_MS;
    last[kill] = times.length < survivors ? PATIENCE_MS : times.at(-1)!;
    each.push(...times);
    untold += survivors - times.length;
    longest = Math.max(longest, last[kill]!);
    if (isRestarting) {
      stage.restart(victim);
      const ms = stage.converge(PATIENCE_MS);
      isConverging &&= ms !== null;
      rejoin.push(ms ?? PATIENCE_MS);
      longest = Math.max(longest, rejoin.at(-1)!);
    }
    stage.advance(LEAST_PAUSE_MS + (MOST_PAUSE_MS - LEAST_PAUSE_MS) * stage.random.unit());
  }
  const failures = [];
  if (untold > 0) failures.push(`${untold} survivors did not tell of a death within ${PATIENCE_MS / 1_000} s`);
  if (!isConverging) failures.push(`after a restart not all saw all within ${PATIENCE_MS / 1_000} s`);
  return {
    detectionMs: roundedPercentiles(percentilesOf(last)),
    convergenceMs: failures.length === 0 ? longest : null,
    failures,
    detection: {
      kills,
      isRestarting,
      inDoubtMs: roundedPercentiles(percentilesOf(inDoubt)),
      firstMs: roundedPercentiles(percentilesOf(first)),
      perSurvivorMs: roundedPercentiles(percentilesOf(Float64Array.from(each))),
      rejoinMs: isRestarting ? roundedPercentiles(percentilesOf(Float64Array.from(rejoin))) : null,
      untold,
    },
  };
}

/** So many deaths would end a small cluster. */
export function needsRestarts(kills: number, nodes: number): boolean {
  return kills > nodes / 2;
}

/** Kills a node and returns how long each survivor took to tell of it, and all of them to doubt that it lives; ms, in order. */
function timesOfDeath(stage: Stage, node: number, survivors: number): { times: number[]; inDoubtMs: number } {
  const times: number[] = [];
  const told = new Set<Life>();
  const doubting = new Set<Life>();
  let inDoubtMs = PATIENCE_MS;
  const victim = stage.end(node, 'killed');
  const doubt = (observer: Life, subject: Life) => {
    if (subject !== victim || doubting.has(observer)) return;
    doubting.add(observer);
    if (doubting.size === survivors) inDoubtMs = stage.now - victim.endedAt;
  };
  stage.witness.onDoubtTold = doubt;
  stage.witness.onDeathTold = (observer, subject) => {
    doubt(observer, subject);
    if (subject !== victim || told.has(observer)) return;
    told.add(observer);
    times.push(stage.now - victim.endedAt);
  };
  stage.simulated.advanceUntil(() => times.length >= survivors, PATIENCE_MS);
  stage.witness.onDoubtTold = undefined;
  stage.witness.onDeathTold = undefined;
  return { times, inDoubtMs };
}
