import { Timer } from '../../../lib/engine/timer-heap.js';
import { rounded } from '../percentiles.js';
import type { ScenarioReport } from './scenario.js';
import type { Stage } from './stage.js';

/** A pause lasts between these, ms: garbage collection, a busy host, a virtual machine that is moved. */
const LEAST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 4_000;

/** After the last pause, all must see all within this, ms. */
const PATIENCE_MS = 60_000;

export interface DisturbanceReport {
  readonly hours: number;
  readonly pausedShare: number;
  readonly pauses: number;
  readonly nodeHours: number;
  readonly suspicionsPerNodeHour: number;
}

/** Nothing dies; nodes pause at random, so that at any time a share of them does not run. */
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

/** Pauses nodes at random times. */
class Pauses {
  count = 0;
  private readonly timers: Timer[] = [];

  constructor(
    private readonly stage: Stage,
    private readonly share: number,
  ) {
    if (share === 0) return;
    for (let node = 0; node < stage.nodes; node++) {
      const timer = new Timer(() => this.turn(node));
      this.timers.push(timer);
      this.network.setTimer(timer, stage.now + this.drawRunningMs());
    }
  }

  stop(): void {
    for (const [node, timer] of this.timers.entries()) {
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
      this.network.setTimer(this.timers[node]!, now + this.drawRunningMs());
    } else {
      this.count++;
      stage.pause(node);
      const pauseMs = LEAST_PAUSE_MS + (MOST_PAUSE_MS - LEAST_PAUSE_MS) * stage.random.unit();
      this.network.setTimer(this.timers[node]!, now + pauseMs);
    }
  }

  /** Time to the next pause: exponential, so that pauses are independent of each other. */
  private drawRunningMs(): number {
    const meanMs = (((LEAST_PAUSE_MS + MOST_PAUSE_MS) / 2) * (1 - this.share)) / this.share;
    // In whole steps of the probability, and rounded: so it is the same on any machine, whatever its logarithm.
    return Math.round(-meanMs * Math.log(1 - this.stage.random.unit()));
  }
}
