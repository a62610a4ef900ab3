import { randomBytes } from 'node:crypto';
import type { Bench, BenchOptions } from '../bench.js';
import { cpuSeconds, pause, Worker } from '../processes.js';
import { medians, rounded } from '../statistics.js';
import { textTable } from '../text-table.js';
import { type CarrierName, CARRIERS } from './carrier.js';
import type { WireQuestion, WireReport } from './worker.js';

/** Sizes of messages: an event, a small document, the largest datagram, and a message of the largest default size. */
const SIZES = [64, 1_024, 60 * 1_024, 1_048_576];

/** What is sent of each size: so many bytes, or so many messages where they are small. Less is over before rates have settled. */
const AMOUNT_BYTES = 256 * 1_048_576;
const MOST_MESSAGES = 500_000;
const ROUNDS = 5;

/** Rounds before the first that counts: they are for the compiler of JavaScript, of all carriers. */
const WARM_UP_ROUNDS = 3;

/** A run is over when nothing came for this long, ms. */
const SILENCE_MS = 1_500;

export interface CarrierFigures {
  readonly messagesPerSecond: number;
  /** Payload, 10^6 bytes. */
  readonly megabytesPerSecond: number;
  /** Share of the payload that did not arrive. */
  readonly lost: number;
  /** Of both processes. */
  readonly cpuSecondsPerGigabyte: number;
}

export interface SizeFigures {
  readonly bytes: number;
  readonly carriers: Readonly<Record<CarrierName, CarrierFigures>>;
  /** gwyh's messages to those of the sealed and of the raw pair. */
  readonly ratio: { readonly toSealed: number; readonly toRaw: number };
}

export interface WireResult {
  readonly rounds: number;
  readonly sizes: readonly SizeFigures[];
}

export const wire: Bench<WireResult> = {
  summary: 'two nodes without Nest, against a raw pair of sockets and a sealed one',
  run,
  table,
};

async function run({ isQuick, progress }: BenchOptions): Promise<WireResult> {
  const rounds = isQuick ? 1 : ROUNDS;
  const share = isQuick ? 0.25 : 1;
  const pairs: Pair[] = [];
  for (const name of CARRIERS) pairs.push(await Pair.start(name));
  const sizes: SizeFigures[] = [];
  for (const bytes of SIZES) {
    const messages = Math.ceil(Math.min(MOST_MESSAGES, AMOUNT_BYTES / bytes) * share);
    const runs = new Map<Pair, CarrierFigures[]>(pairs.map(pair => [pair, []]));
    for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round++) {
      for (const pair of pairs) {
        const figures = await pair.send(bytes, messages);
        if (round > 0) runs.get(pair)!.push(figures);
      }
    }
    const carriers = Object.fromEntries(
      pairs.map(pair => [pair.name, roundedFigures(medians(runs.get(pair)!))]),
    ) as Record<CarrierName, CarrierFigures>;
    const { gwyh, sealed, raw } = carriers;
    const ratio = {
      toSealed: rounded(gwyh.messagesPerSecond / sealed.messagesPerSecond),
      toRaw: rounded(gwyh.messagesPerSecond / raw.messagesPerSecond),
    };
    sizes.push({ bytes, carriers, ratio });
    progress(`${bytes} bytes: ${gwyh.messagesPerSecond} messages/s, ${ratio.toSealed} of a sealed pair`);
  }
  for (const pair of pairs) await pair.end();
  return { rounds, sizes };
}

/** Two processes and what moves messages from one to the other. */
class Pair {
  private constructor(
    readonly name: CarrierName,
    private readonly sender: Worker,
    private readonly receiver: Worker,
  ) {}

  static async start(name: CarrierName): Promise<Pair> {
    const module = new URL('./worker.js', import.meta.url);
    const env = { ...process.env, GWYH_KEYS: `hex:${randomBytes(32).toString('hex')}` };
    const [sender, { port }] = await Worker.start<{ port: number }>(module, ['sender', name], { env });
    const [receiver] = await Worker.start(module, ['receiver', name, `${port}`], { env });
    await sender.ask({ kind: 'ready' } satisfies WireQuestion);
    return new Pair(name, sender, receiver);
  }

  async send(bytes: number, messages: number): Promise<CarrierFigures> {
    await this.receiver.ask({ kind: 'begin' } satisfies WireQuestion);
    const pids = [this.sender.pid, this.receiver.pid];
    const cpuBefore = cpuSeconds(pids);
    const begunUs = await this.sender.ask<number>({ kind: 'send', bytes, messages } satisfies WireQuestion);
    const { receivedBytes, lastAtUs } = await this.untilSilent(bytes * messages);
    const seconds = (lastAtUs - begunUs) / 1e6;
    return {
      messagesPerSecond: receivedBytes / bytes / seconds,
      megabytesPerSecond: receivedBytes / 1e6 / seconds,
      lost: 1 - receivedBytes / (bytes * messages),
      cpuSecondsPerGigabyte: (cpuSeconds(pids) - cpuBefore) / (receivedBytes / 1e9),
    };
  }

  async end(): Promise<void> {
    await Promise.all([this.sender.end(), this.receiver.end()]);
  }

  private async untilSilent(wanted: number): Promise<WireReport> {
    const question: WireQuestion = { kind: 'report' };
    let report = await this.receiver.ask<WireReport>(question);
    let silentSince = performance.now();
    while (report.receivedBytes < wanted && performance.now() < silentSince + SILENCE_MS) {
      await pause(20);
      const before = report.receivedBytes;
      report = await this.receiver.ask<WireReport>(question);
      if (report.receivedBytes > before) silentSince = performance.now();
    }
    return report;
  }
}

function roundedFigures(figures: CarrierFigures): CarrierFigures {
  return {
    messagesPerSecond: rounded(figures.messagesPerSecond),
    megabytesPerSecond: rounded(figures.megabytesPerSecond),
    lost: rounded(figures.lost),
    cpuSecondsPerGigabyte: rounded(figures.cpuSecondsPerGigabyte),
  };
}

function table({ rounds, sizes }: WireResult): string {
  const rows = sizes.flatMap(({ bytes, carriers }) =>
    Object.entries(carriers).map(([name, figures]) =>
      [
        `${bytes} B, ${name}`,
        figures.messagesPerSecond,
        figures.megabytesPerSecond,
        `${rounded(100 * figures.lost)} %`,
        figures.cpuSecondsPerGigabyte,
      ].map(String),
    ),
  );
  const ratios = sizes.map(
    ({ bytes, ratio }) => `${bytes} B: ${ratio.toSealed} of the sealed pair, ${ratio.toRaw} of the raw pair\n`,
  );
  return [
    `Medians of ${rounds} rounds.\n\n`,
    textTable(['', 'messages/s', 'MB/s', 'lost', 'CPU s/GB'], rows),
    '\n',
    ...ratios,
  ].join('');
}
