import { parseArgs } from 'node:util';
import type { GwyhNodeOptions } from 'nestjs-gwyh';

export const CASES = ['alone', 'two', 'tcp', 'relay', 'loss'] as const;
export type Case = (typeof CASES)[number];

export interface BenchOptions {
  readonly ratesMbits: readonly number[];
  readonly bufferMs: number;
  readonly cases: readonly Case[];
  readonly repeats: number;
  readonly warmUpMs: number;
  readonly runMs: number;
  readonly messageBytes: number;
  /** Congestion control of the TCP flow. */
  readonly tcp: string;
  /** What the relay does in the case "loss", and the seed of its dice. */
  readonly loss: number;
  readonly seed: number;
  /** Time either way through the relay, ms. */
  readonly delayMs: number;
  /** Left out, the nodes use their default. */
  readonly heartbeat: GwyhNodeOptions['heartbeat'];
  readonly isJson: boolean;
  readonly isHelp: boolean;
}

export class UsageError extends Error {}

export const HELP = `How full, how fair and how polite nodes are on a slow link: real processes in network namespaces of their own, joined by
a router whose interface to the receiver is slow (tc tbf) and drops what does not fit its buffer. First the bed itself is
measured with plain UDP and with iperf3. Needs Linux, root, and the commands ip, tc (Debian package iproute2) and iperf3.

  npm run bench:netns
  npm run --silent bench:netns -- --rates 10 --cases alone --repeats 1 --json

Cases:
  alone                 one node pushes large messages to another, awaiting each; tiny ones beside them
  two                   two such pairs at once, each a cluster of its own
  tcp                   one such pair beside one TCP flow
  relay                 one such pair, all of it through a relay on the router that adds --delay
  loss                  the same through a relay that also loses --loss at random, either way

Options:
  --rates <list>        Mbit/s of the link (10,100)
  --buffer <ms>         what the buffer of the link holds (50)
  --cases <list>        ${CASES.join(',')} (all)
  --repeats <n>         runs of each case, with new processes each; medians are told (3)
  --seconds <s>         length of the measured window of a run (10)
  --warm-up <s>         load before the window (3)
  --bytes <n>           size of a large message (262144)
  --tcp <name>          congestion control of the TCP flow (cubic)
  --loss <share>        what the relay loses (0.3)
  --delay <ms>          what the relay takes, either way (0)
  --seed <n>            of the relay's dice (1)
  --heartbeat <ms>,<n>  the option "heartbeat" of the nodes (their default); often, for more round trips
  --json                one JSON object on stdout in place of tables; progress is on stderr
  --help

Figures:
  goodput/link          payload that arrived, against the rate of the link, which counts headers too
  goodput/udp           the same against what plain UDP with datagrams of 1,200 bytes carries: 1.0 is the most there is
  use                   bytes on the wire against the rate
  loss                  share of the packets at the bottleneck that it dropped
  queue                 wait in the bottleneck's buffer, from its length every 10 ms
  ping                  time of tiny datagrams of a third host through the same buffer
  small                 from broadcast() of a tiny message beside the load to its arrival
  round trip            of heartbeats, smoothed, as the nodes have it
  fairness              Jain's index of the goodputs: 1 when equal, 0.5 when one of two has all
  goodput/relay         with loss, against the case "relay"
  shares beside TCP     goodput against what plain UDP, and the TCP flow against what TCP, gets alone

All processes of the bench run before others (nice -10), yet other work on the machine shows in the figures of 100 Mbit/s
and in the pings; the load of the machine is told beside them.

Exits with 1 when a message arrived damaged. Skips, with exit code 0, where something it needs is missing.
`;

/** Throws a UsageError. */
export function parseCommandLine(args: readonly string[]): BenchOptions {
  const { values } = parse(args);
  return {
    ratesMbits: list(values.rates ?? '10,100').map(rate => number('rates', rate, 1, 1_000)),
    bufferMs: number('buffer', values.buffer ?? '50', 1, 1_000),
    cases: list(values.cases ?? CASES.join(',')).map(name => {
      const known = CASES.find(each => each === name);
      if (known === undefined) throw new UsageError(`--cases has no "${name}". There are: ${CASES.join(', ')}.`);
      return known;
    }),
    repeats: number('repeats', values.repeats ?? '3', 1, 100),
    warmUpMs: 1_000 * number('warm-up', values['warm-up'] ?? '3', 0, 600),
    runMs: 1_000 * number('seconds', values.seconds ?? '10', 1, 3_600),
    messageBytes: number('bytes', values.bytes ?? '262144', 1_024, 1_048_576),
    tcp: values.tcp ?? 'cubic',
    loss: number('loss', values.loss ?? '0.3', 0, 0.99),
    delayMs: number('delay', values.delay ?? '0', 0, 1_000),
    seed: number('seed', values.seed ?? '1', 0, 2 ** 32),
    heartbeat: heartbeat(values.heartbeat),
    isJson: values.json ?? false,
    isHelp: values.help ?? false,
  };
}

function heartbeat(text: string | undefined): BenchOptions['heartbeat'] {
  if (text === undefined) return undefined;
  const [intervalMs, missed] = list(text);
  return {
    intervalMs: number('heartbeat', intervalMs ?? '', 50, 60_000),
    missed: number('heartbeat', missed ?? '', 1, 100),
  };
}

function list(text: string): string[] {
  return text.split(',').map(each => each.trim());
}

function number(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= least && value <= most)) {
    throw new UsageError(`--${option} cannot be "${text}": give a number from ${least} to ${most}.`);
  }
  return value;
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        rates: text,
        buffer: text,
        cases: text,
        repeats: text,
        seconds: text,
        'warm-up': text,
        bytes: text,
        tcp: text,
        loss: text,
        delay: text,
        seed: text,
        heartbeat: text,
        json: flag,
        help: flag,
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
