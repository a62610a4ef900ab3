import { Timer } from '../../../lib/engine/timer-heap.js';
import { rounded } from '../percentiles.js';
import type { ScenarioReport } from './scenario.js';
import type { Stage } from './stage.js';

/** A pause lasts between these, ms: garbage collection, a busy host, a virtual machine that is moved. */
const LEAST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 4_000;

/** How long a node that pauses runs in between on average, ms. */
const RUNNING_MS = 60_000;

/** After the last pause, all must see all within this, ms. */
const PATIENCE_MS = 60_000;

export interface DisturbanceReport {
  readonly hours: number;
  readonly pausedShare: number;
  readonly pauses: number;
  readonly nodeHours: number;
  readonly suspicionsPerNodeHour: number;
}

/** Nothing dies; a share of the nodes pauses at random, each about once a minute. */
export function runFalseDowns(stage: Stage): ScenarioReport & { disturbance: DisturbanceReport } {
  const { disturbedMs, pausedShare, nodes } = stage.options;
  const pauses = new Pauses(stage, pausedShare);
  stage.advance(disturbedMs);
  pauses.stop();
  const convergenceMs = stage.converge(PATIENCE_MS);
  const nodeHours = (nodes * disturbedMs) / 3_600_000;
  return {
    detectionMs: null,
    convergenceMs,
    failures:
      convergenceMs === null ? [`not all saw all within ${PATIENCE_MS / 1_000} s of the end of the pauses`] : [],
    disturbance: {
      hours: disturbedMs / 3_600_000,
      pausedShare,
      pauses: pauses.count,
      nodeHours: rounded(nodeHours),
      suspicionsPerNodeHour: rounded(stage.witness.judgements.suspicions / nodeHours),
    },
  };
}

/** Pauses some nodes, drawn at random, at random times. */
class Pauses {
  count = 0;
  private readonly timers = new Map<number, Timer>();

  constructor(
    private readonly stage: Stage,
    share: number,
  ) {
    const nodes = Array.from({ length: stage.nodes }, (_, node) => node);
    for (let i = 0; i < Math.round(share * stage.nodes); i++) {
      const node = nodes.splice(stage.random.below(nodes.length), 1)[0]!;
      const timer = new Timer(() => this.turn(node));
      this.timers.set(node, timer);
      this.network.setTimer(timer, stage.now + this.drawRunningMs());
    }
  }

  stop(): void {
    for (const [node, timer] of this.timers) {
      this.network.cancelTimer(timer);
      if (this.stage.homie(node).isPaused) this.stage.resume(node, 'datagrams');
    }
  }

  private get network() {
    return this.stage.simulated.cluster.network;
  }

  /** A node pauses, or goes on. */
  private turn(node: number): void {
    const { stage } = this;
    const { now } = stage;
    if (stage.homie(node).isPaused) {
      // Half of them were stopped, half had a busy event loop.
      stage.resume(node, stage.random.below(2) === 0 ? 'datagrams' : 'timers');
      this.network.setTimer(this.timers.get(node)!, now + this.drawRunningMs());
    } else {
      this.count++;
      stage.pause(node);
      const pauseMs = LEAST_PAUSE_MS + (MOST_PAUSE_MS - LEAST_PAUSE_MS) * stage.random.unit();
      this.network.setTimer(this.timers.get(node)!, now + pauseMs);
    }
  }

  /** Time to the next pause: exponential, so that pauses are independent of each other. */
  private drawRunningMs(): number {
    // In whole steps of the probability, and rounded: so it is the same on any machine, whatever its logarithm.
    return Math.round(-RUNNING_MS * Math.log(1 - this.stage.random.unit()));
  }
}
