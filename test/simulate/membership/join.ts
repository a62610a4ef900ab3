import { type Percentiles, percentilesOf, roundedPercentiles } from '../percentiles.js';
import { type BroadcastReport, Broadcasts } from './broadcasts.js';
import type { ScenarioReport } from './scenario.js';
import type { Stage } from './stage.js';

/** A start that has not come to its end after this long will not, ms. */
const PATIENCE_MS = 300_000;

/** Broadcasts when all know all, one in every so many ms. */
const BROADCASTS = 10;
const BROADCAST_INTERVAL_MS = 200;

export interface JoinReport {
  readonly seeds: number;
  /** Of each node: how long until it had a feed and a subscriber. */
  readonly readyMs: Percentiles;
  /** Of each node: how long until it had seen all others. */
  readonly fullMs: Percentiles;
  /** Nodes that were never ready, and those that never saw all others. */
  readonly unready: number;
  readonly incomplete: number;
  readonly broadcasts: BroadcastReport;
}

/** All nodes are started at once, and know nothing but the seeds. */
export function runJoin(stage: Stage): ScenarioReport & { join: JoinReport } {
  const { nodes, seeds } = stage.options;
  const broadcasts = new Broadcasts(stage, BROADCASTS, nodes);
  const fullAt = new Float64Array(nodes).fill(NaN);
  stage.witness.onTold = ({ number }) => {
    if (Number.isNaN(fullAt[number]!) && stage.views.unseenOf(number) === 0) fullAt[number] = stage.now;
  };
  const isReady = () => stage.lives.every(({ readyAt }) => readyAt < Infinity);
  const converged = stage.converge(PATIENCE_MS);
  stage.simulated.advanceUntil(isReady, PATIENCE_MS);
  stage.witness.onTold = undefined;
  const ready = stage.lives.map(({ readyAt }) => readyAt).filter(at => at < Infinity);
  const full = fullAt.filter(at => !Number.isNaN(at));
  for (let i = 0; i < BROADCASTS; i++) {
    broadcasts.send();
    stage.advance(BROADCAST_INTERVAL_MS);
  }
  const report = broadcasts.finish();
  const failures = [...report.failures];
  if (ready.length < nodes) failures.push(`${nodes - ready.length} nodes were never ready`);
  if (converged === null) failures.push(`not all saw all within ${PATIENCE_MS / 1_000} s`);
  return {
    detectionMs: null,
    convergenceMs: converged,
    failures,
    join: {
      seeds,
      readyMs: roundedPercentiles(percentilesOf(Float64Array.from(ready))),
      fullMs: roundedPercentiles(percentilesOf(full)),
      unready: nodes - ready.length,
      incomplete: nodes - full.length,
      broadcasts: report,
    },
  };
}
