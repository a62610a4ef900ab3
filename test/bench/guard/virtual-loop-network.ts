import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { LoopNetwork } from '../engine/loop-network.js';

/** How far the clock moves each time that everything is handed over, ms; and how often that is, so that reports and timers of a run are over before the next. */
const STEP_MS = 5;
const STEPS = 10;

interface Alarm {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * A loop network in virtual time with seeded randomness: nodes do the same in every process, however slow the machine is,
 * so that what an operation takes and leaves is of the same work each time.
 */
export class VirtualLoopNetwork extends LoopNetwork {
  override readonly random = new SeededRandom(1).fill;
  override readonly hasDelays = false;
  private time = 1;
  private readonly alarms = new Set<Alarm>();

  override now(): number {
    return this.time;
  }

  override wallClock(): number {
    return 1_700_000_000_000 + this.time;
  }

  override schedule(at: number, callback: () => void): () => void {
    const alarm = { at, callback };
    this.alarms.add(alarm);
    return () => this.alarms.delete(alarm);
  }

  override settle(): void {
    for (let step = 0; step < STEPS; step++) {
      super.settle();
      this.time += STEP_MS;
      for (const alarm of [...this.alarms].filter(({ at }) => at <= this.time).sort((a, b) => a.at - b.at)) {
        if (this.alarms.delete(alarm)) alarm.callback();
      }
    }
    super.settle();
  }
}
