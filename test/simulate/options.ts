import { ENGINE_DEFAULTS } from '../../lib/engine/engine-options.js';
import type { CheckEvery } from '../../lib/testing/virtual-cluster.js';
import { STRATEGIES, type Strategy } from '../../lib/engine/overlay/strategy.js';
import { type Baseline, BASELINES, MOST_BASELINE_BYTES } from './baselines/baseline.js';
import { REGIONS } from './regions.js';

/** Scenarios that are about messages. Those about members are in `membership/`. */
export const SCENARIOS = ['dissemination', 'quiet', 'many-origins', 'large', 'growth', 'kill'] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** `null` replaces the real one by a checksum: a run with it is about a fifth faster, and proves nothing of the crypto. */
export const CIPHERS = ['xsalsa20-poly1305', 'null'] as const;
export type Cipher = (typeof CIPHERS)[number];

/** A cluster and its world. */
export interface ClusterOptions {
  readonly nodes: number;
  /** Regions of the world that have nodes, each a zone. */
  readonly zones: number;
  /** Share of all datagrams that is lost, each by itself, 0 to 1. */
  readonly loss: number;
  readonly seed: number;
  readonly strategy: Strategy;
  /** Feeds that each node chooses. */
  readonly subscriptions: number;
  /** Rate of each node's uplink, Mbit/s. */
  readonly uplinkMbits: number;
  /** Virtual time before the first message or fault, ms. */
  readonly settleMs: number;
  /** Nodes join through the seeds, in place of knowing each other from the start. */
  readonly coldStart: boolean;
  readonly cipher: Cipher;
  /** When the invariants of each engine are asserted: after every so many of its inputs, never with 0, or see {@link CheckEvery}. */
  readonly checkEvery: CheckEvery;
}

/** What to simulate, in the scenarios that are about messages. */
export interface SimulationOptions extends ClusterOptions {
  readonly scenario: Scenario;
  /** Messages that count, and those before them that do not; undefined for what the scenario has. */
  readonly messages: number | undefined;
  readonly warmUp: number | undefined;
  /** Size of a message, bytes; undefined for what the scenario has. */
  readonly payloadBytes: number | undefined;
  /** Origins of the scenario `many-origins`. */
  readonly origins: number;
  /** Share of the nodes that dies in the scenario `kill`, 0 to 1. */
  readonly killShare: number;
  /** Who carries the messages in place of the engines, on the overlay that these have made; undefined for the engines. */
  readonly baseline: Baseline | undefined;
  /** The result has curves as well. */
  readonly hasCurves: boolean;
}

export const CLUSTER_DEFAULTS: ClusterOptions = {
  nodes: 100,
  zones: REGIONS.length,
  loss: 0,
  seed: 1,
  strategy: ENGINE_DEFAULTS.strategy,
  subscriptions: ENGINE_DEFAULTS.subscriptions,
  uplinkMbits: 1_000,
  settleMs: 30_000,
  coldStart: false,
  cipher: 'xsalsa20-poly1305',
  checkEvery: 0,
};

export const SIMULATION_DEFAULTS: SimulationOptions = {
  ...CLUSTER_DEFAULTS,
  scenario: 'dissemination',
  messages: undefined,
  warmUp: undefined,
  payloadBytes: undefined,
  origins: 100,
  killShare: 0.5,
  baseline: undefined,
  hasCurves: false,
};

/** An option of the command line that cannot be used. */
export class UsageError extends Error {}

/** Throws a UsageError that names the option and what it takes. */
export function checkOptions(options: SimulationOptions): void {
  choice('scenario', options.scenario, SCENARIOS);
  checkClusterOptions(options);
  if (options.messages !== undefined) whole('messages', options.messages, 1, 1_000_000);
  if (options.warmUp !== undefined) whole('warm-up', options.warmUp, 0, 1_000_000);
  if (options.payloadBytes !== undefined) whole('bytes', options.payloadBytes, 4, 64 * 1_048_576);
  whole('origins', options.origins, 1, options.scenario === 'many-origins' ? options.nodes : Infinity);
  share('kill', options.killShare);
  if (options.baseline !== undefined) checkBaseline(options.baseline, options);
}

export function checkClusterOptions(options: ClusterOptions): void {
  choice('strategy', options.strategy, STRATEGIES);
  choice('cipher', options.cipher, CIPHERS);
  whole('nodes', options.nodes, 2, 20_000);
  whole('zones', options.zones, 1, REGIONS.length);
  share('loss', options.loss);
  whole('seed', options.seed, 0, Number.MAX_SAFE_INTEGER);
  whole('subscriptions', options.subscriptions, 1, 1_000);
  if (!(options.uplinkMbits > 0)) throw new UsageError('--uplink takes a rate above 0, Mbit/s');
  if (!(options.settleMs >= 0)) throw new UsageError('--settle takes seconds');
  if (options.checkEvery !== 'spread') whole('check', options.checkEvery, 0, Number.MAX_SAFE_INTEGER);
}

function checkBaseline(baseline: Baseline, { scenario, payloadBytes }: SimulationOptions): void {
  choice('baseline', baseline, BASELINES);
  if (scenario === 'large' || scenario === 'kill')
    throw new UsageError(`--baseline is not for the scenario ${scenario}`);
  if (payloadBytes !== undefined && payloadBytes > MOST_BASELINE_BYTES) {
    throw new UsageError(`--baseline is for messages of at most ${MOST_BASELINE_BYTES} bytes`);
  }
}

export function choice(name: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) throw new UsageError(`--${name} takes one of: ${choices.join(', ')}`);
}

export function whole(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new UsageError(`--${name} takes a whole number from ${least} to ${most}`);
}

export function share(name: string, value: number): void {
  if (!(value >= 0 && value < 1)) throw new UsageError(`--${name} takes a share of at least 0 and below 1`);
}
