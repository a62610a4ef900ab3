import { replaceCipher } from '../null-cipher.js';
import { RunDigest } from '../run-digest.js';
import { needsRestarts, runDetection } from './detection.js';
import { runFalseDowns } from './false-downs.js';
import { type IdleCost, measureIdle, runIdle } from './idle.js';
import { runJoin } from './join.js';
import { memberBytes } from './member-bytes.js';
import { runOneWay } from './one-way.js';
import { checkMembershipOptions, MEMBERSHIP_DEFAULTS, type MembershipOptions } from './options.js';
import { runPartition } from './partition.js';
import type { MembershipResult } from './result.js';
import { runRolling } from './rolling.js';
import type { ScenarioReport } from './scenario.js';
import { Stage } from './stage.js';
import { summarise } from './summary.js';

/** What a run can be watched and tampered with by. */
export interface MembershipHooks {
  /** Told now and then how far the run is. */
  readonly progress?: (text: string) => void;
  /** Changes the world before the scenario begins, for tests of the simulator itself. */
  readonly prepare?: (stage: Stage) => void;
}

/** Runs one scenario. The same options give the same result, but for wall time and memory. */
export function runMembership(choices: Partial<MembershipOptions> = {}, hooks: MembershipHooks = {}): MembershipResult {
  const options = { ...MEMBERSHIP_DEFAULTS, ...choices };
  checkMembershipOptions(options);
  const restore = options.cipher === 'null' ? replaceCipher() : () => undefined;
  try {
    return new MembershipSimulation(options, hooks).run();
  } finally {
    restore();
  }
}

class MembershipSimulation {
  private readonly startedAt = performance.now();
  private readonly digest = new RunDigest();
  /** The clusters of this run: most scenarios have one. */
  private readonly stages: Stage[] = [];
  private idle: IdleCost | undefined;

  constructor(
    private readonly options: MembershipOptions,
    private readonly hooks: MembershipHooks,
  ) {}

  run(): MembershipResult {
    // First, while there is little else on the heap.
    const bytes = memberBytes();
    const report = this.play();
    const { options, stages, digest, startedAt } = this;
    const idle = this.idle ?? measureIdle(stages[0]!);
    return summarise({ options, stages, report, idle, memberBytes: bytes, digest, startedAt });
  }

  private play(): ScenarioReport {
    const { options } = this;
    switch (options.scenario) {
      case 'detection':
        return runDetection(this.start(needsRestarts(options.kills, options.nodes) ? options.kills : 0));
      case 'false-downs':
        return runFalseDowns(this.start());
      case 'one-way':
        return runOneWay(() => this.start());
      case 'partition':
        return runPartition(this.start());
      case 'idle': {
        const { cost, ...report } = runIdle(this.start());
        this.idle = cost;
        return report;
      }
      case 'join':
        return runJoin(this.open({ ...options, coldStart: true, settleMs: 0 }));
      case 'rolling':
        return runRolling(this.start(options.nodes));
    }
  }

  /** A cluster that has settled, and whose cost is known when it is the first. */
  private start(restarts = 0): Stage {
    const stage = this.open(this.options, restarts);
    stage.simulated.settle();
    this.idle ??= measureIdle(stage);
    this.hooks.prepare?.(stage);
    return stage;
  }

  private open(options: MembershipOptions, restarts = 0): Stage {
    const stage = new Stage(options, this.hooks.progress ?? (() => undefined), this.digest, restarts);
    this.stages.push(stage);
    return stage;
  }
}
