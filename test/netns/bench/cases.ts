import type { GwyhNodeOptions } from 'nestjs-gwyh';
import { monotonicMs, pause } from '../../processes/clock.js';
import type { Worker } from '../../processes/worker.js';
import { Bottleneck, RECEIVER_ADDRESS, type Sender } from '../bed/bottleneck.js';
import { Probe, tcpFlow } from './calibration.js';
import { type Distribution, distributionOf, round } from '../../processes/distribution.js';
import { goodputOf, lossOf, mbits, within } from './figures.js';
import type { GossipEnd } from './gossip-end.js';

const GOSSIP_END = new URL('./gossip-end.js', import.meta.url);
const KEY = `hex:${'5a'.repeat(32)}`;
/** The load goes on for so long after the window, ms, so that its last message counts. */
const TAIL_MS = 1_000;

export interface Timing {
  readonly warmUpMs: number;
  readonly runMs: number;
  /** Size of the messages that are pushed. */
  readonly messageBytes: number;
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
}

/** Pushes from each of the senders to a receiver of its own, beside a TCP flow if its congestion control is named. */
export async function measure(
  bed: Bottleneck,
  rateMbits: number,
  timing: Timing,
  senders: readonly Sender[],
  tcp?: string,
): Promise<Measured> {
  const pairs: Pair[] = [];
  for (const sender of senders) pairs.push(await startPair(bed, sender));
  const probe = await Probe.start(bed);
  const queue = bed.sampleQueue();
  const { warmUpMs, runMs, messageBytes } = timing;
  const fromMs = monotonicMs() + warmUpMs;
  const toMs = fromMs + runMs;
  const flow = tcp === undefined ? undefined : tcpFlow(bed, 'sender-b', tcp, warmUpMs, runMs);
  const pushed = await Promise.all(
    pairs.map(({ source }) => source.ask('push', messageBytes, warmUpMs + runMs + TAIL_MS)),
  );
  await pause(TAIL_MS);

  const flows: Flow[] = [];
  for (const [i, { source, sink }] of pairs.entries()) {
    const [sent, received] = await Promise.all([source.ask('report'), sink.ask('report')]);
    const inWindow = (samples: typeof sent.large) => within(samples, fromMs, toMs);
    flows.push({
      goodputMbits: goodputOf(received.large, messageBytes, fromMs, toMs),
      messageMs: distributionOf(inWindow(received.large)),
      smallMs: distributionOf(inWindow(received.small)),
      roundTripMs: distributionOf([...inWindow(sent.roundTrips), ...inWindow(received.roundTrips)]),
      suspicions: sent.suspicions.length + received.suspicions.length,
      ...pushed[i]!,
      corrupt: received.corrupt,
    });
    await Promise.all([source.kill(), sink.kill()]);
  }
  const samples = queue.between(fromMs, toMs);
  queue.stop();
  const delays = await probe.stop();
  const wire = samples.at(-1)!.bytes - samples[0]!.bytes;
  const passage = {
    use: round(mbits(wire, samples.at(-1)!.atMs - samples[0]!.atMs) / rateMbits),
    lossShare: lossOf(samples),
    queueMs: distributionOf(samples.map(({ backlog }) => bed.waitMs(backlog))),
    probeMs: distributionOf(within(delays, fromMs, toMs)),
  };
  return flow === undefined ? { flows, passage } : { flows, passage, tcpMbits: await flow };
}

/** Each pair is a cluster of its own, so that nothing gets to a receiver by way of another sender. */
async function startPair(bed: Bottleneck, sender: Sender): Promise<Pair> {
  const sink = bed.namespaces.start<GossipEnd>('receiver', GOSSIP_END);
  const source = bed.namespaces.start<GossipEnd>(sender, GOSSIP_END);
  const common: GwyhNodeOptions = { keys: [KEY], cluster: sender };
  const port = await sink.ask('start', { ...common, bind: `${RECEIVER_ADDRESS}:0`, peers: [] });
  const peers = [`${RECEIVER_ADDRESS}:${port}`];
  await source.ask('start', { ...common, bind: `${Bottleneck.addressOf(sender)}:0`, peers });
  await Promise.all([source.ask('ready'), sink.ask('ready')]);
  return { source, sink };
}
