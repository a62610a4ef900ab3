import { parseArgs } from 'node:util';
import { STRATEGIES, type Strategy } from '../../lib/engine/overlay/strategy.js';
import { type Baseline, BASELINES } from './baselines/baseline.js';
import {
  checkOptions,
  type Cipher,
  CIPHERS,
  type Scenario,
  SCENARIOS,
  SIMULATION_DEFAULTS,
  type SimulationOptions,
  UsageError,
} from './options.js';

/** What the command line asks for. */
export interface CommandLine {
  readonly options: SimulationOptions;
  readonly isJson: boolean;
  readonly isHelp: boolean;
}

export const HELP = `Runs a whole cluster of real engines in virtual time, on a model of the world.

  npm run simulate -- --scenario dissemination --nodes 1000 --loss 0.1 --seed 1
  npm run --silent simulate -- --scenario kill --kill 0.8 --json > kill.json

Scenarios:
  dissemination         one busy origin: 20 messages a second of 200 bytes; 200 as warm-up, 200 that count
  quiet                 one message every 10 s, each from a random node
  many-origins          many origins at once, each 5 messages a second
  large                 messages of 64 KiB, or of --bytes, from one origin, one every 5 s
  growth                as dissemination, and what a node holds in memory
  kill                  --kill of all nodes die at once without a word; then a message at once and every 5 s

Options:
  --scenario <name>     ${SCENARIOS.join(', ')} (dissemination)
  --nodes <n>           nodes of the cluster (100)
  --zones <n>           cloud regions they are spread over, 1 to 16 (16)
  --loss <share>        share of all datagrams that is lost, also while the cluster forms (0)
  --seed <n>            same seed, same run, on any machine (1)
  --strategy <name>     ${STRATEGIES.join(', ')} (${SIMULATION_DEFAULTS.strategy})
  --subscriptions <n>   feeds that each node chooses (${SIMULATION_DEFAULTS.subscriptions})
  --messages <n>        messages that count (what the scenario has)
  --warm-up <n>         messages before them that do not (what the scenario has)
  --bytes <n>           size of a message (what the scenario has)
  --origins <n>         origins of "many-origins" (${SIMULATION_DEFAULTS.origins})
  --kill <share>        share of the nodes that dies at once in "kill" (${SIMULATION_DEFAULTS.killShare})
  --uplink <Mbit/s>     rate of each node's uplink (${SIMULATION_DEFAULTS.uplinkMbits})
  --settle <s>          virtual seconds before the first message (${SIMULATION_DEFAULTS.settleMs / 1_000})
  --cold-start          join through one seed; else all nodes know each other from the start
  --cipher <name>       ${CIPHERS.join(', ')}; null is a checksum, a fifth faster (${SIMULATION_DEFAULTS.cipher})
  --check <n>           assert the invariants of each engine after every n of its inputs; 0 for never (0)
  --baseline <name>     ${BASELINES.join(', ')}: carries the messages in place of the engines, on their links
  --curves              adds quantiles of the latency, and copies over time, to the JSON
  --json                one JSON object on stdout in place of a table; progress is on stderr
  --help

Exits with 1 when a message is missing without a reason, or reached a handler twice.
`;

/** Throws a UsageError. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values } = parse(args);
  const defaults = SIMULATION_DEFAULTS;
  const options: SimulationOptions = {
    scenario: (values.scenario ?? defaults.scenario) as Scenario,
    nodes: number(values.nodes, defaults.nodes),
    zones: number(values.zones, defaults.zones),
    loss: number(values.loss, defaults.loss),
    seed: number(values.seed, defaults.seed),
    strategy: (values.strategy ?? defaults.strategy) as Strategy,
    subscriptions: number(values.subscriptions, defaults.subscriptions),
    messages: optional(values.messages),
    warmUp: optional(values['warm-up']),
    payloadBytes: optional(values.bytes),
    origins: number(values.origins, Math.min(defaults.origins, number(values.nodes, defaults.nodes))),
    killShare: number(values.kill, defaults.killShare),
    uplinkMbits: number(values.uplink, defaults.uplinkMbits),
    settleMs: values.settle === undefined ? defaults.settleMs : 1_000 * Number(values.settle),
    coldStart: values['cold-start'] ?? false,
    cipher: (values.cipher ?? defaults.cipher) as Cipher,
    checkEvery: number(values.check, defaults.checkEvery),
    baseline: values.baseline as Baseline | undefined,
    hasCurves: values.curves ?? false,
  };
  checkOptions(options);
  return { options, isJson: values.json ?? false, isHelp: values.help ?? false };
}

function number(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : Number(text);
}

function optional(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        scenario: text,
        nodes: text,
        zones: text,
        loss: text,
        seed: text,
        strategy: text,
        subscriptions: text,
        messages: text,
        'warm-up': text,
        bytes: text,
        origins: text,
        kill: text,
        uplink: text,
        settle: text,
        'cold-start': flag,
        cipher: text,
        check: text,
        baseline: text,
        curves: flag,
        json: flag,
        help: flag,
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
