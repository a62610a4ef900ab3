import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { DeliveryLog, type Message } from './delivery-log.js';
import { DirectDelivery } from './direct-delivery.js';
import { findMissing, type Missing } from './ground-truth.js';
import { replaceCipher } from './null-cipher.js';
import { checkOptions, SIMULATION_DEFAULTS, type SimulationOptions } from './options.js';
import { OverlayHistory } from './overlay-history.js';
import type { KillReport, SimulationResult } from './result.js';
import { type Plan, planScenario } from './scenarios.js';
import { SimulatedCluster } from './simulated-cluster.js';
import { summarise } from './summary.js';
import { NO_TRAFFIC, type Traffic, trafficBetween, trafficOf } from './traffic.js';
import { killSome, reportKill } from './kill.js';

/** Seeds of the generators that belong to one part of a simulation each, added to the seed of the run. */
const PLAN_SEED = 0x91a4;
const DIRECT_SEED = 0xd12ec7;

/** How often the overlay is looked at while messages are under way, ms. */
const OBSERVATION_MS = 1_000;

/**
 * How long is waited for messages after the last one, ms: longer than a node asks for a segment before it gives it up.
 * It ends earlier when all have all.
 */
const TAIL_MS = 30_000;

/** It does not end before this, ms: a second delivery of the last message would be a fault. */
const LEAST_TAIL_MS = 2_000;

/** What a run can be watched and tampered with by. */
export interface SimulationHooks {
  /** Told now and then how far the run is. */
  readonly progress?: (text: string) => void;
  /** Told of what is missing without a reason. */
  readonly onUnexplained?: (missing: Missing) => void;
  /** Changes the world before the first message, for tests of the simulator itself. */
  readonly prepare?: (simulated: SimulatedCluster) => void;
}

/** Runs one scenario. The same options give the same result, but for wall time and memory. */
export function runSimulation(choices: Partial<SimulationOptions> = {}, hooks: SimulationHooks = {}): SimulationResult {
  const options = { ...SIMULATION_DEFAULTS, ...choices };
  checkOptions(options);
  const restore = options.cipher === 'null' ? replaceCipher() : () => undefined;
  try {
    return new Simulation(options, hooks).run();
  } finally {
    restore();
  }
}

class Simulation {
  private readonly startedAt = performance.now();
  private readonly random: SeededRandom;
  private readonly simulated: SimulatedCluster;
  private readonly history: OverlayHistory;
  private traffic: { warmUp: Traffic; measured: Traffic } = { warmUp: NO_TRAFFIC, measured: NO_TRAFFIC };
  private memoryBefore = 0;

  constructor(
    private readonly options: SimulationOptions,
    private readonly hooks: SimulationHooks,
  ) {
    this.random = new SeededRandom(options.seed + PLAN_SEED);
    this.memoryBefore = heldBytes();
    this.simulated = new SimulatedCluster(options, hooks.progress ?? (() => undefined));
    this.history = new OverlayHistory(this.simulated.homies);
  }

  run(): SimulationResult {
    const { simulated, history, options, hooks } = this;
    simulated.settle();
    hooks.prepare?.(simulated);
    const unready = simulated.homies.filter(homie => !homie.engine.isReady).length;
    const startedAt = simulated.now;
    if (options.scenario === 'kill') killSome(simulated.homies, options.killShare, this.random);
    const plan = planScenario(options, this.alive(), this.random);
    const log = new DeliveryLog(plan.messages.map(toMessage), options.nodes);
    simulated.log = log;
    this.play(plan, log);
    const survivors = this.alive();
    const missing = findMissing(log, history.snapshots, survivors);
    for (const each of missing) if (each.reason === undefined) hooks.onUnexplained?.(each);
    const kill: KillReport | undefined =
      options.scenario === 'kill' ? reportKill(log, history.snapshots, survivors, options, startedAt) : undefined;
    return summarise({
      options,
      simulated,
      plan,
      log,
      missing,
      survivors,
      traffic: this.traffic,
      direct: new DirectDelivery(simulated.world, options.seed + DIRECT_SEED),
      unready,
      kill,
      stateBytesPerNode: options.scenario === 'growth' ? (heldBytes() - this.memoryBefore) / options.nodes : undefined,
      startedAt: this.startedAt,
    });
  }

  private play(plan: Plan, log: DeliveryLog): void {
    const { simulated, history } = this;
    const startedAt = simulated.now;
    const before = trafficOf(simulated.homies);
    let counted: Traffic | undefined;
    let end: Traffic | undefined;
    const countWhenDue = (at: number) => {
      if (counted === undefined && at >= plan.from) {
        simulated.advanceTo(startedAt + plan.from);
        counted = trafficOf(simulated.homies);
      }
      if (end === undefined && at >= plan.to) {
        simulated.advanceTo(startedAt + plan.to);
        end = trafficOf(simulated.homies);
      }
    };
    for (const [number, { at }] of plan.messages.entries()) {
      this.observeUntil(startedAt + at);
      countWhenDue(at);
      history.observe(simulated.now, 0);
      simulated.send(log.messages[number]!);
    }
    const lastAt = simulated.now;
    const deliveries = this.alive().length - 1;
    while (simulated.now < lastAt + TAIL_MS) {
      const isComplete = log.delivered >= deliveries * log.messages.length;
      if (isComplete && simulated.now >= Math.max(lastAt + LEAST_TAIL_MS, startedAt + plan.to)) break;
      this.observeUntil(simulated.now + OBSERVATION_MS);
      countWhenDue(simulated.now - startedAt);
    }
    countWhenDue(Infinity);
    history.observe(simulated.now, 0);
    this.traffic = { warmUp: trafficBetween(before, counted!), measured: trafficBetween(counted!, end!) };
  }

  private observeUntil(at: number): void {
    const { simulated, history } = this;
    while (simulated.now < at) {
      simulated.advanceTo(Math.min(at, simulated.now + OBSERVATION_MS));
      history.observe(simulated.now, OBSERVATION_MS);
    }
  }

  private alive(): number[] {
    return this.simulated.homies.flatMap((homie, node) => (homie.isRunning ? [node] : []));
  }
}

function toMessage(planned: Plan['messages'][number], number: number): Message {
  const { origin, bytes, isMeasured } = planned;
  return { number, origin, payloadBytes: bytes, isMeasured, sentAt: Infinity, frames: [] };
}

/** What the heap and the buffers hold, bytes; exact only when node runs with `--expose-gc`. */
function heldBytes(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
