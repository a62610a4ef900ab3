import { type Percentiles, percentilesOf, rounded, roundedPercentiles } from '../percentiles.js';
import { type BroadcastReport, Broadcasts } from './broadcasts.js';
import type { ScenarioReport } from './scenario.js';
import type { Stage } from './stage.js';

/** So many nodes are restarted at a time, but at most a quarter of them: some have to stay. */
const MOST_AT_A_TIME = 5;

/** Between the end of a life and the start of the next one, ms: the process has to start. */
const DOWNTIME_MS = 2_000;

/** Between the moment when all nodes of a batch are ready and the next batch, ms. */
const PAUSE_MS = 2_000;

/** A batch is usually ready by then, ms. */
const USUAL_READY_MS = 5_000;

/** A node that is not ready after this long is not waited for, ms. */
const PATIENCE_MS = 60_000;

/** After the last restart, all must see all within this, ms. */
const CONVERGENCE_MS = 120_000;

/** One broadcast in every so many ms, all the time. */
const BROADCAST_INTERVAL_MS = 200;

/** A node has to get a broadcast when it was ready before it was sent, and ran for this long after it, ms. */
const FLIGHT_MS = 5_000;

export interface RollingReport {
  readonly restarts: number;
  readonly atATime: number;
  readonly isHard: boolean;
  /** Of each restart: how long until the new life was ready. */
  readonly readyMs: Percentiles;
  /** New lives that were not ready in time. */
  readonly unready: number;
  /** From the first end of a life to the last node that was ready. */
  readonly seconds: number;
  readonly broadcasts: BroadcastReport;
}

/** Restarts all nodes, a few at a time, while broadcasts go on. */
export function runRolling(stage: Stage): ScenarioReport & { rolling: RollingReport } {
  const { nodes, isHard } = stage.options;
  const atATime = Math.max(1, Math.min(MOST_AT_A_TIME, nodes >> 2));
  const batches = Math.ceil(nodes / atATime);
  // If it takes longer than this, the last part has no broadcasts: room for all that could be would fill the memory.
  const mostMs = batches * (DOWNTIME_MS + USUAL_READY_MS + PAUSE_MS) + CONVERGENCE_MS;
  const broadcasts = new Broadcasts(stage, Math.ceil(mostMs / BROADCAST_INTERVAL_MS), 2 * nodes);
  const order = stage.shuffledNodes();
  const startedAt = stage.now;
  const stream = new Stream(stage, broadcasts);
  let unready = 0;
  for (let from = 0; from < nodes; from += atATime) {
    const batch = order.slice(from, from + atATime);
    for (const node of batch) stage.end(node, isHard ? 'killed' : 'left');
    stage.advance(DOWNTIME_MS);
    const lives = batch.map(node => stage.restart(node));
    stage.simulated.advanceUntil(() => lives.every(({ readyAt }) => readyAt < Infinity), PATIENCE_MS);
    unready += lives.filter(({ readyAt }) => readyAt === Infinity).length;
    stage.advance(PAUSE_MS);
  }
  const seconds = rounded((stage.now - startedAt) / 1_000);
  const convergenceMs = stage.converge(CONVERGENCE_MS);
  stream.stop();
  const report = broadcasts.finish(
    ({ readyAt, endedAt }, sentAt) => readyAt <= sentAt && endedAt >= sentAt + FLIGHT_MS,
  );
  const ready = stage.lives.slice(nodes).map(life => life.readyAt - life.startedAt);
  const failures = [...report.failures];
  if (unready > 0) failures.push(`${unready} restarted nodes were not ready within ${PATIENCE_MS / 1_000} s`);
  if (convergenceMs === null) failures.push(`not all saw all within ${CONVERGENCE_MS / 1_000} s of the last restart`);
  return {
    detectionMs: null,
    convergenceMs,
    failures,
    rolling: {
      restarts: nodes,
      atATime,
      isHard,
      readyMs: roundedPercentiles(percentilesOf(Float64Array.from(ready.filter(ms => ms < Infinity)))),
      unready,
      seconds,
      broadcasts: report,
    },
  };
}

/** Broadcasts at regular times, whatever else happens. */
class Stream {
  private isOver = false;

  constructor(
    private readonly stage: Stage,
    private readonly broadcasts: Broadcasts,
  ) {
    this.next();
  }

  stop(): void {
    this.isOver = true;
  }

  private next(): void {
    const { network } = this.stage.simulated.cluster;
    network.schedule(network.now() + BROADCAST_INTERVAL_MS, () => {
      if (this.isOver) return;
      this.broadcasts.send();
      this.next();
    });
  }
}
