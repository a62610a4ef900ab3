import type { GwyhNodeOptions } from 'nestjs-gwyh';
import { monotonicMs, pause } from '../../processes/clock.js';
import { type Distribution, distributionOf, mean, round, shareOf } from '../../processes/distribution.js';
import type { Worker } from '../../processes/worker.js';
import { atPriority, BENCH_PRIORITY, PROBE_PRIORITY } from '../bed/priority.js';
import { Bottleneck, RECEIVER_ADDRESS, ROUTER_ADDRESS, type Sender } from '../bed/bottleneck.js';
import { Probe, tcpFlow } from './calibration.js';
import { goodputOf, lossOf, mbits, within } from './figures.js';
import type { GossipEnd } from './gossip-end.js';
import type { Relay, RelayOptions } from './relay.js';

const GOSSIP_END = new URL('./gossip-end.js', import.meta.url);
const RELAY = new URL('./relay.js', import.meta.url);
const KEY = `hex:${'5a'.repeat(32)}`;
/** The load goes on for so long after the window, ms, so that its last message counts. */
const TAIL_MS = 1_000;

/** What is measured, and for how long. */
export interface Setup {
  readonly rateMbits: number;
  readonly warmUpMs: number;
  readonly runMs: number;
  /** Size of the messages that are pushed. */
  readonly messageBytes: number;
  readonly heartbeat: GwyhNodeOptions['heartbeat'];
  /** Each pushes to a receiver of its own. */
  readonly senders: readonly Sender[];
  /** Congestion control of a TCP flow beside them, if there shall be one. */
  readonly tcp?: string;
  /** What a relay does that carries all of it, if there shall be one. */
  readonly relay?: Pick<RelayOptions, 'loss' | 'delayMs' | 'seed'>;
}

/** One node that pushes to another. */
export interface Flow {
  readonly goodputMbits: number;
  /** From `broadcast()` of a large message to its arrival, ms: what waits inside the sender counts. */
  readonly messageMs: Distribution | undefined;
  /** From `broadcast()` of a tiny message beside the load to its arrival, ms. */
  readonly smallMs: Distribution | undefined;
  /** The smoothed round trip of heartbeats and their replies, as both sides saw it, ms. */
  readonly roundTripMs: Distribution | undefined;
  /** How many times a side suspected the other, or took it for dead. Both live. */
  readonly suspicions: number;
  readonly accepted: number;
  readonly refused: number;
  readonly corrupt: number;
  /** Metrics of both sides in the end. */
  readonly metrics: { readonly source: Record<string, number>; readonly sink: Record<string, number> };
}

/** What the bottleneck looked like meanwhile. */
export interface Passage {
  /** Bytes on the wire against the rate. */
  readonly use: number;
  /** Share of the packets that the full buffer dropped. */
  readonly lossShare: number;
  /** Wait in the buffer, from its length. */
  readonly queueMs: Distribution | undefined;
  /** Time of tiny datagrams of another host through the same buffer. */
  readonly probeMs: Distribution | undefined;
}

export interface Measured {
  readonly flows: readonly Flow[];
  readonly passage: Passage;
  /** What the TCP flow beside got, where there was one. */
  readonly tcpMbits?: number;
}

/** A node behind the bottleneck and one that has found it. */
interface Pair {
  readonly source: Worker<GossipEnd>;
  readonly sink: Worker<GossipEnd>;
  readonly relay: Worker<Relay> | undefined;
}

/** Pushes through the bottleneck, and looks at what arrives, and at the queue meanwhile. */
export async function measure(bed: Bottleneck, setup: Setup): Promise<Measured> {
  const { rateMbits, warmUpMs, runMs, messageBytes, senders, tcp } = setup;
  const pairs: Pair[] = [];
  for (const sender of senders) pairs.push(await startPair(bed, sender, setup));
  const probe = await Probe.start(bed);
  const queue = bed.sampleQueue();
  const fromMs = monotonicMs() + warmUpMs;
  const toMs = fromMs + runMs;
  const tcpArrives = tcp === undefined ? undefined : tcpFlow(bed, 'sender-b', tcp, warmUpMs, runMs);
  const pushing = pairs.map(({ source }) => source.ask('push', messageBytes, warmUpMs + runMs + TAIL_MS));
  const pushed = await Promise.all(pushing);
  await pause(TAIL_MS);

  const samples = queue.between(fromMs, toMs);
  queue.stop();
  const delays = await probe.stop();
  const flows: Flow[] = [];
  for (const [i, pair] of pairs.entries()) {
    flows.push({ ...(await flowOf(pair, messageBytes, fromMs, toMs)), ...pushed[i]! });
    await Promise.all([pair.source.kill(), pair.sink.kill(), pair.relay?.kill()]);
  }
  const [first, last] = [samples[0]!, samples.at(-1)!];
  const passage = {
    use: shareOf(mbits(last.bytes - first.bytes, last.atMs - first.atMs), rateMbits),
    lossShare: lossOf(samples),
    queueMs: distributionOf(samples.map(({ backlog }) => bed.waitMs(backlog))),
    probeMs: distributionOf(within(delays, fromMs, toMs)),
  };
  return tcpArrives === undefined ? { flows, passage } : { flows, passage, tcpMbits: round(mean(await tcpArrives)) };
}

async function flowOf(
  { source, sink }: Pair,
  messageBytes: number,
  fromMs: number,
  toMs: number,
): Promise<Omit<Flow, 'accepted' | 'refused'>> {
  const [sent, received] = await Promise.all([source.ask('report'), sink.ask('report')]);
  const inWindow = (samples: typeof sent.large) => within(samples, fromMs, toMs);
  return {
    goodputMbits: goodputOf(received.large, messageBytes, fromMs, toMs),
    messageMs: distributionOf(inWindow(received.large)),
    smallMs: distributionOf(inWindow(received.small)),
    roundTripMs: distributionOf([...inWindow(sent.roundTrips), ...inWindow(received.roundTrips)]),
    suspicions: sent.suspicions.length + received.suspicions.length,
    corrupt: received.corrupt,
    metrics: { source: sent.metrics, sink: received.metrics },
  };
}

/** Each pair is a cluster of its own, so that nothing gets to a receiver by way of another sender. */
async function startPair(bed: Bottleneck, sender: Sender, { heartbeat, relay }: Setup): Promise<Pair> {
  const sink = bed.namespaces.start<GossipEnd>('receiver', GOSSIP_END, atPriority(BENCH_PRIORITY));
  const source = bed.namespaces.start<GossipEnd>(sender, GOSSIP_END, atPriority(BENCH_PRIORITY));
  const common = { keys: [KEY], cluster: sender, ...(heartbeat !== undefined && { heartbeat }) };
  const port = await sink.ask('start', { ...common, bind: `${RECEIVER_ADDRESS}:0`, peers: [] });
  let seed = `${RECEIVER_ADDRESS}:${port}`;
  const carrier =
    relay === undefined ? undefined : bed.namespaces.start<Relay>('router', RELAY, atPriority(PROBE_PRIORITY));
  if (relay !== undefined) {
    const listen = Bottleneck.routerAddressOf(sender);
    const to = { address: RECEIVER_ADDRESS, port };
    seed = `${listen}:${await carrier!.ask('start', { listen, from: ROUTER_ADDRESS, to, ...relay })}`;
  }
  await source.ask('start', { ...common, bind: `${Bottleneck.addressOf(sender)}:0`, peers: [seed] });
  await Promise.all([source.ask('ready'), sink.ask('ready')]);
  return { source, sink, relay: carrier };
}
