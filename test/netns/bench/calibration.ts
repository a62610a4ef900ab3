import { execFile } from 'node:child_process';
import { monotonicMs, pause } from '../../processes/clock.js';
import { atPriority, BENCH_PRIORITY, PROBE_PRIORITY } from '../bed/priority.js';
import { Bottleneck, RECEIVER_ADDRESS, type Sender } from '../bed/bottleneck.js';
import { type Distribution, distributionOf, median, round } from '../../processes/distribution.js';
import { lossOf, mbits, within } from './figures.js';
import type { UdpEnd } from './udp-end.js';

const UDP_END = new URL('./udp-end.js', import.meta.url);
/** As much as a datagram of the default size holds, so that both pay the same for headers. */
const DATAGRAM_BYTES = 1_200;
/** Time before the figures count, ms: the buffer fills. */
const WARM_UP_MS = 500;
const RUN_MS = 3_000;
/** The window is cut into so many, and their median told: a moment without the processor does not count then. */
const CUTS = 6;
const IPERF3 = [...atPriority(BENCH_PRIORITY), 'iperf3'];

/** What the bed carries without us. */
export interface Calibration {
  /** Payload of datagrams of 1,200 bytes sent at one and a half times the rate. */
  readonly udpMbits: number;
  readonly udpLossShare: number;
  /** Time a tiny datagram takes through the idle bottleneck, ms. */
  readonly idleMs: Distribution | undefined;
  /** And through a full one: the buffer, if the bed is right. */
  readonly fullMs: Distribution | undefined;
  /** One flow of iperf3. */
  readonly tcpMbits: number;
}

export async function calibrate(bed: Bottleneck, rateMbits: number, tcp: string): Promise<Calibration> {
  const probe = await Probe.start(bed);
  await pause(WARM_UP_MS);
  const idleFrom = monotonicMs();
  await pause(RUN_MS);
  const idleTo = monotonicMs();

  const source = startUdp(bed, 'sender-a');
  const sink = startUdp(bed, 'receiver');
  const queue = bed.sampleQueue();
  const port = await sink.ask('listen', RECEIVER_ADDRESS);
  const flood = source.ask('flood', RECEIVER_ADDRESS, port, DATAGRAM_BYTES, 1.5 * rateMbits, WARM_UP_MS + RUN_MS);
  await pause(WARM_UP_MS);
  const fromMs = monotonicMs();
  await flood;
  const toMs = monotonicMs();
  const { arrivals } = await sink.ask('report');
  const cutMs = (toMs - fromMs) / CUTS;
  const rates = Array.from({ length: CUTS }, (_, i) => {
    const inside = within(arrivals, fromMs + i * cutMs, fromMs + (i + 1) * cutMs);
    return mbits(
      inside.reduce((sum, each) => sum + each, 0),
      cutMs,
    );
  });
  const udpLossShare = lossOf(queue.between(fromMs, toMs));
  queue.stop();
  const delays = await probe.stop();
  await Promise.all([source.kill(), sink.kill()]);
  return {
    udpMbits: round(median(rates)),
    udpLossShare,
    idleMs: distributionOf(within(delays, idleFrom, idleTo)),
    fullMs: distributionOf(within(delays, fromMs, toMs)),
    tcpMbits: round(median(await tcpFlow(bed, 'sender-a', tcp, WARM_UP_MS, RUN_MS))),
  };
}

/** Tiny datagrams through the bottleneck all the time, and how long each took, one way. */
export class Probe {
  private static readonly EVERY_MS = 10;

  private constructor(
    private readonly ends: { source: ReturnType<typeof startUdp>; sink: ReturnType<typeof startUdp> },
  ) {}

  static async start(bed: Bottleneck): Promise<Probe> {
    const ends = { source: startUdp(bed, 'probe'), sink: startUdp(bed, 'receiver') };
    const port = await ends.sink.ask('listen', RECEIVER_ADDRESS);
    // It ends with the process, at the latest when the bed is closed.
    ends.source.ask('probe', RECEIVER_ADDRESS, port, Probe.EVERY_MS, 3_600_000).catch(() => undefined);
    return new Probe(ends);
  }

  /** All delays since the start. */
  async stop() {
    const { delays } = await this.ends.sink.ask('report');
    await Promise.all([this.ends.source.kill(), this.ends.sink.kill()]);
    return delays;
  }
}

function startUdp(bed: Bottleneck, name: Sender | 'receiver') {
  return bed.namespaces.start<UdpEnd>(name, UDP_END, atPriority(PROBE_PRIORITY));
}

/** Runs one flow of iperf3; resolves to what arrived after the warm-up, Mbit/s for each tenth of a second. */
export async function tcpFlow(
  bed: Bottleneck,
  sender: Sender,
  congestionControl: string,
  warmUpMs: number,
  runMs: number,
): Promise<number[]> {
  const server = run([...bed.namespaces.prefixOf('receiver'), ...IPERF3, '-s', '-1', '-J', '-i', '0.1']);
  // There is nothing to wait for that says it listens.
  await pause(300);
  const seconds = String(Math.ceil((warmUpMs + runMs) / 1_000) + 1);
  const client = [...IPERF3, '-c', RECEIVER_ADDRESS, '-t', seconds, '-J', '-C', congestionControl];
  await run([...bed.namespaces.prefixOf(sender), ...client]);
  const { intervals } = JSON.parse(await server) as IperfReport;
  const inside = intervals.map(({ sum }) => sum).filter(sum => sum.start >= warmUpMs / 1_000);
  const rates = inside.filter(sum => sum.end <= (warmUpMs + runMs) / 1_000).map(sum => sum.bits_per_second / 1e6);
  if (rates.length === 0) throw new Error('iperf3 told of no interval of the window');
  return rates;
}

interface IperfReport {
  readonly intervals: readonly { readonly sum: { start: number; end: number; bits_per_second: number } }[];
}

/** The standard output. Rejects when the command fails. */
function run([command, ...args]: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command!, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout) => {
      // iperf3 tells what went wrong on its standard output.
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.message}\n${stdout}`, { cause: error }));
    });
  });
}
