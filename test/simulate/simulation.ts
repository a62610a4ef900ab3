import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { BaselineCluster } from './baselines/baseline-cluster.js';
import type { Carrier } from './carrier.js';
import { CopiesCurve } from './curves.js';
import { DeliveryLog, type Message } from './delivery-log.js';
import { DirectDelivery } from './direct-delivery.js';
import { findMissing, type Missing, type Reason } from './ground-truth.js';
import { heldBytes } from './held-bytes.js';
import { replaceCipher } from './null-cipher.js';
import { checkOptions, SIMULATION_DEFAULTS, type SimulationOptions } from './options.js';
import { OverlayHistory } from './overlay-history.js';
import type { KillReport, SimulationResult } from './result.js';
import { type Plan, planScenario } from './scenarios.js';
import { SimulatedCluster } from './simulated-cluster.js';
import { summarise } from './summary.js';
import { NO_TRAFFIC, type Traffic, trafficBetween } from './traffic.js';
import { killSome, reportKill } from './kill.js';

/** Seeds of the generators that belong to one part of a simulation each, added to the seed of the run. */
const PLAN_SEED = 0x91a4;
const DIRECT_SEED = 0xd12ec7;

/** How often the overlay is looked at while messages are under way, ms. */
const OBSERVATION_MS = 1_000;

/** A message is judged by what the overlay looked like at most this long before it was sent, ms. */
const FRESH_MS = 100;

/**
 * How long is waited for messages after the last one, ms: longer than a node asks for a segment before it gives it up.
 * It ends earlier when all have all.
 */
const TAIL_MS = 30_000;

/** It does not end before this, ms: a second delivery of the last message would be a fault. */
const LEAST_TAIL_MS = 2_000;

/** Why a node does not have a message of a baseline that had a path for it. */
const NO_REPAIR: Reason = 'no_repair_in_this_protocol';

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
  private copies: CopiesCurve | undefined;
  private memoryBefore = 0;

  constructor(
    private readonly options: SimulationOptions,
    private readonly hooks: SimulationHooks,
  ) {
    this.random = new SeededRandom(options.seed + PLAN_SEED);
    this.memoryBefore = heldBytes();
    this.simulated = new SimulatedCluster(options, hooks.progress ?? (() => undefined));
    this.history = new OverlayHistory(this.simulated.cluster);
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
    const carrier = this.carrierOf(log);
    this.play(plan, log, carrier);
    const survivors = this.alive();
    const missing = findMissing(log, history.snapshots, survivors).map(each =>
      options.baseline === undefined || each.reason !== undefined ? each : { ...each, reason: NO_REPAIR },
    );
    for (const each of missing) if (each.reason === undefined) hooks.onUnexplained?.(each);
    const kill: KillReport | undefined =
      options.scenario === 'kill' ? reportKill(log, history.snapshots, survivors, options, startedAt) : undefined;
    return summarise({
      options,
      simulated,
      carrier,
      copies: this.copies?.copies,
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

  /** A baseline begins where the engines are, which rest from then on. */
  private carrierOf(log: DeliveryLog): Carrier {
    const { simulated, history } = this;
    const { baseline } = this.options;
    if (baseline === undefined) return simulated;
    const { paths, digest, now } = simulated;
    return new BaselineCluster({ baseline, overlay: history.snapshot(now), paths, log, digest, startedAt: now });
  }

  private play(plan: Plan, log: DeliveryLog, carrier: Carrier): void {
    const { history } = this;
    const startedAt = carrier.now;
    if (this.options.hasCurves) this.copies = new CopiesCurve(carrier, log, startedAt, startedAt + plan.to);
    const before = carrier.traffic();
    let counted: Traffic | undefined;
    let end: Traffic | undefined;
    const countWhenDue = (at: number) => {
      if (counted === undefined && at >= plan.from) {
        carrier.advanceTo(startedAt + plan.from);
        counted = carrier.traffic();
      }
      if (end === undefined && at >= plan.to) {
        carrier.advanceTo(startedAt + plan.to);
        end = carrier.traffic();
      }
    };
    for (const [number, { at }] of plan.messages.entries()) {
      this.observeUntil(carrier, startedAt + at);
      countWhenDue(at);
      history.observe(carrier.now, FRESH_MS);
      carrier.send(log.messages[number]!);
    }
    const lastAt = carrier.now;
    const deliveries = this.alive().length - 1;
    while (carrier.now < lastAt + TAIL_MS) {
      const isComplete = log.delivered >= deliveries * log.messages.length;
      if (isComplete && carrier.now >= Math.max(lastAt + LEAST_TAIL_MS, startedAt + plan.to)) break;
      this.observeUntil(carrier, carrier.now + OBSERVATION_MS);
      countWhenDue(carrier.now - startedAt);
    }
    countWhenDue(Infinity);
    history.observe(carrier.now, 0);
    this.traffic = { warmUp: trafficBetween(before, counted!), measured: trafficBetween(counted!, end!) };
  }

  private observeUntil(carrier: Carrier, at: number): void {
    const { history, copies } = this;
    while (carrier.now < at) {
      carrier.advanceTo(Math.min(at, carrier.now + OBSERVATION_MS, copies?.nextAt ?? Infinity));
      copies?.sample();
      history.observe(carrier.now, OBSERVATION_MS);
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
