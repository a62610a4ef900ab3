import { parseArgs } from 'node:util';
import { STRATEGIES, type Strategy } from '../../lib/engine/overlay/strategy.js';
import { type Baseline, BASELINES } from './baselines/baseline.js';
import {
  checkMembershipOptions,
  MEMBERSHIP_DEFAULTS,
  MEMBERSHIP_SCENARIOS,
  type MembershipOptions,
  type MembershipScenario,
  PARTITION_SHAPES,
  type PartitionShape,
} from './membership/options.js';
import {
  checkOptions,
  choice,
  type Cipher,
  CIPHERS,
  type ClusterOptions,
  type Scenario,
  SCENARIOS,
  SIMULATION_DEFAULTS,
  type SimulationOptions,
  UsageError,
} from './options.js';

/** What the command line asks for: a scenario about messages, or one about members. */
export type CommandLine = { readonly isJson: boolean; readonly isHelp: boolean } & (
  | { readonly subject: 'messages'; readonly options: SimulationOptions }
  | { readonly subject: 'members'; readonly options: MembershipOptions }
);

export const HELP = `Runs a whole cluster of real engines in virtual time, on a model of the world.

  npm run simulate -- --scenario dissemination --nodes 1000 --loss 0.1 --seed 1
  npm run --silent simulate -- --scenario kill --kill 0.8 --json > kill.json

Scenarios about messages:
  dissemination         one busy origin: 20 messages a second of 200 bytes; 200 as warm-up, 200 that count
  quiet                 one message every 10 s, each from a random node
  many-origins          many origins at once, each 5 messages a second
  large                 messages of 64 KiB, or of --bytes, from one origin, one every 5 s
  growth                as dissemination, and what a node holds in memory
  kill                  --kill of all nodes die at once without a word; then a message at once and every 5 s

Scenarios about members:
  detection             --kills nodes die, one after the other; in a small cluster each is started again before the next
  false-downs           nothing dies in --hours; --paused of the nodes pause now and then, about once a minute for 1 to 4 s
  one-way               blackholes, a bridge and flapping ways, for --minutes each
  partition             in --shape for --minutes; then broadcasts from random nodes
  idle                  what a node sends in --minutes without messages
  join                  all nodes are started at once
  rolling               all nodes are restarted, five at a time, while broadcasts go on; with --hard they are killed

Options:
  --scenario <name>     one of these (dissemination)
  --nodes <n>           nodes of the cluster (100)
  --zones <n>           cloud regions they are spread over, 1 to 16 (16)
  --loss <share>        share of all datagrams that is lost, also while the cluster forms (0)
  --seed <n>            same seed, same run, on any machine (1)
  --strategy <name>     ${STRATEGIES.join(', ')} (${SIMULATION_DEFAULTS.strategy})
  --subscriptions <n>   feeds that each node chooses (${SIMULATION_DEFAULTS.subscriptions})
  --kills <n>           deaths of "detection" (${MEMBERSHIP_DEFAULTS.kills})
  --hours <n>           virtual hours of "false-downs" (${MEMBERSHIP_DEFAULTS.disturbedMs / 3_600_000})
  --paused <share>      share of the nodes that pause in "false-downs" (${MEMBERSHIP_DEFAULTS.pausedShare})
  --minutes <n>         virtual minutes of "one-way", "partition" and "idle" (${MEMBERSHIP_DEFAULTS.minutesMs / 60_000})
  --shape <name>        ${PARTITION_SHAPES.join(', ')}: how "partition" cuts (${MEMBERSHIP_DEFAULTS.shape})
  --hard                "rolling" kills nodes in place of letting them leave
  --seeds <n>           nodes that all others have as seeds, in scenarios about members (${MEMBERSHIP_DEFAULTS.seeds})
  --messages <n>        messages that count (what the scenario has)
  --warm-up <n>         messages before them that do not (what the scenario has)
  --bytes <n>           size of a message (what the scenario has)
  --origins <n>         origins of "many-origins" (${SIMULATION_DEFAULTS.origins})
  --kill <share>        share of the nodes that dies at once in "kill" (${SIMULATION_DEFAULTS.killShare})
  --uplink <Mbit/s>     rate of each node's uplink (${SIMULATION_DEFAULTS.uplinkMbits})
  --settle <s>          virtual seconds before the first message or fault (${SIMULATION_DEFAULTS.settleMs / 1_000})
  --cold-start          join through the seeds, or one; else all nodes know each other from the start
  --cipher <name>       ${CIPHERS.join(', ')}; null is a checksum, a fifth faster (${SIMULATION_DEFAULTS.cipher})
  --check <n>           assert the invariants of each engine after every n of its inputs; 0 for never, "spread" for
                        an eighth of its members (0; "spread" in scenarios about members)
  --baseline <name>     ${BASELINES.join(', ')}: carries the messages in place of the engines, on their links
  --curves              adds quantiles of the latency, and copies over time, to the JSON
  --json                one JSON object on stdout in place of a table; progress is on stderr
  --help

Exits with 1 when a message is missing without a reason, or reached a handler twice; in scenarios about members when one that
runs was told to be down, a death or a return was not told everywhere, or a broadcast was lost. "failures" says which.
`;

/** Throws a UsageError. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values } = parse(args);
  if (values.scenario !== undefined) choice('scenario', values.scenario, [...SCENARIOS, ...MEMBERSHIP_SCENARIOS]);
  const common = { isJson: values.json ?? false, isHelp: values.help ?? false };
  if (MEMBERSHIP_SCENARIOS.includes(values.scenario as MembershipScenario)) {
    const options = membershipOptions(values);
    checkMembershipOptions(options);
    return { ...common, subject: 'members', options };
  }
  const options = simulationOptions(values);
  checkOptions(options);
  return { ...common, subject: 'messages', options };
}

type Values = ReturnType<typeof parse>['values'];

function clusterOptions(values: Values, defaults: ClusterOptions): ClusterOptions {
  return {
    nodes: number(values.nodes, defaults.nodes),
    zones: number(values.zones, defaults.zones),
    loss: number(values.loss, defaults.loss),
    seed: number(values.seed, defaults.seed),
    strategy: (values.strategy ?? defaults.strategy) as Strategy,
    subscriptions: number(values.subscriptions, defaults.subscriptions),
    uplinkMbits: number(values.uplink, defaults.uplinkMbits),
    settleMs: scaled(values.settle, 1_000, defaults.settleMs),
    coldStart: values['cold-start'] ?? false,
    cipher: (values.cipher ?? defaults.cipher) as Cipher,
    checkEvery: values.check === 'spread' ? 'spread' : number(values.check, defaults.checkEvery),
  };
}

function simulationOptions(values: Values): SimulationOptions {
  const defaults = SIMULATION_DEFAULTS;
  const cluster = clusterOptions(values, defaults);
  return {
    ...cluster,
    scenario: (values.scenario ?? defaults.scenario) as Scenario,
    messages: optional(values.messages),
    warmUp: optional(values['warm-up']),
    payloadBytes: optional(values.bytes),
    origins: number(values.origins, Math.min(defaults.origins, cluster.nodes)),
    killShare: number(values.kill, defaults.killShare),
    baseline: values.baseline as Baseline | undefined,
    hasCurves: values.curves ?? false,
  };
}

function membershipOptions(values: Values): MembershipOptions {
  const defaults = MEMBERSHIP_DEFAULTS;
  const cluster = clusterOptions(values, defaults);
  return {
    ...cluster,
    scenario: values.scenario as MembershipScenario,
    seeds: number(values.seeds, Math.min(defaults.seeds, cluster.nodes)),
    kills: number(values.kills, defaults.kills),
    disturbedMs: scaled(values.hours, 3_600_000, defaults.disturbedMs),
    pausedShare: number(values.paused, defaults.pausedShare),
    minutesMs: scaled(values.minutes, 60_000, defaults.minutesMs),
    shape: (values.shape ?? defaults.shape) as PartitionShape,
    isHard: values.hard ?? false,
  };
}

function number<Otherwise>(text: string | undefined, otherwise: Otherwise): number | Otherwise {
  return text === undefined ? otherwise : Number(text);
}

function scaled(text: string | undefined, unit: number, otherwise: number): number {
  return text === undefined ? otherwise : unit * Number(text);
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
        kills: text,
        hours: text,
        paused: text,
        minutes: text,
        shape: text,
        seeds: text,
        hard: flag,
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
