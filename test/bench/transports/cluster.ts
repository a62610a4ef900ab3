import { randomBytes } from 'node:crypto';
import { cpuSeconds, pause, residentMib, until, Worker } from '../processes.js';
import { percentile } from '../statistics.js';
import { type Broker, freePort, startBroker } from './broker.js';
import type { EmitterQuestion, EmitterReport } from './emitter.js';
import type { ListenerQuestion, ListenerReport } from './listener.js';
import { isBroker, type TransportName } from './transport.js';

/** Longest forming of a cluster on a busy machine, ms. */
const FORMING_MS = 60_000;

/** How long after its forming a cluster is left alone, ms: links are still being looked for. */
const SETTLE_MS = 2_000;

/** A run is over when nothing came for this long, ms: longer than the longest wait between the first repair requests. */
const SILENCE_MS = 1_500;

/** Events of one emitter, at all listeners, in one run. */
export interface RunFigures {
  readonly emitPerSecond: number;
  /** At the slowest listener, from the first emit to the last event that came. */
  readonly receivedPerSecond: number;
  readonly lost: number;
  readonly duplicates: number;
  /** Of all processes together, broker included, for a million emitted events. */
  readonly cpuSecondsPerMillion: number;
  /** From `emit()` to the handler, over all listeners; 0 when the run was flat out. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
}

/** One emitter and its listeners over one transport, with the broker if it has one: each a process. */
export class Cluster {
  private run = 0;

  private constructor(
    readonly transport: TransportName,
    private readonly emitter: Worker,
    private readonly listeners: readonly Worker[],
    readonly broker: Broker | undefined,
  ) {}

  static async start(transport: TransportName, size: number): Promise<Cluster> {
    const broker = isBroker(transport) ? await startBroker(transport) : undefined;
    const env = { ...process.env, GWYH_KEYS: `hex:${randomBytes(32).toString('hex')}` };
    const modules = {
      emitter: new URL('./emitter.js', import.meta.url),
      listener: new URL('./listener.js', import.meta.url),
    };
    const start = <Hello>(module: keyof typeof modules, port: number) =>
      Worker.start<Hello>(modules[module], [transport, `${port}`], { env });
    let port = broker?.port ?? (transport === 'tcp' ? await freePort() : 0);
    const listeners: Worker[] = [];
    const startListeners = async () => {
      while (listeners.length < size) listeners.push((await start('listener', port))[0]);
    };
    // Over gwyh the listeners look for the emitter; over TCP the emitter looks for the listener.
    if (transport !== 'gwyh') await startListeners();
    const [emitter, hello] = await start<{ port: number }>('emitter', port);
    if (transport === 'gwyh') {
      port = hello.port;
      await startListeners();
    }
    const question: EmitterQuestion = { kind: 'reaches', listeners: size };
    await until(() => emitter.ask<boolean>(question), FORMING_MS, `${size} listeners over ${transport}`);
    await pause(SETTLE_MS);
    return new Cluster(transport, emitter, listeners, broker);
  }

  /** @param perSecond as fast as it goes, if left out. */
  async emit(events: number, perSecond?: number): Promise<RunFigures> {
    const run = ++this.run;
    await this.askAll({ kind: 'begin', run, events });
    const cpuBefore = cpuSeconds(this.pids);
    const question: EmitterQuestion = { kind: 'emit', run, events, ...(perSecond !== undefined && { perSecond }) };
    const { begunUs, tookUs } = await this.emitter.ask<EmitterReport>(question);
    const reports = await this.untilSilent(events);
    const cpu = cpuSeconds(this.pids) - cpuBefore;
    const latenciesUs = reports.flatMap(report => report.latenciesUs);
    return {
      emitPerSecond: (events / tookUs) * 1e6,
      receivedPerSecond: Math.min(...reports.map(({ received, lastAtUs }) => (received / (lastAtUs - begunUs)) * 1e6)),
      lost: reports.length * events - total(reports),
      duplicates: reports.reduce((sum, { duplicates }) => sum + duplicates, 0),
      cpuSecondsPerMillion: (cpu / events) * 1e6,
      latencyMs: { p50: percentile(latenciesUs, 0.5) / 1_000, p99: percentile(latenciesUs, 0.99) / 1_000 },
    };
  }

  /** Memory of one of each kind, MiB; that of the listeners is their mean. */
  residentMib(): { emitter: number; listener: number; broker: number } {
    return {
      emitter: residentMib([this.emitter.pid]),
      listener: residentMib(this.listeners.map(({ pid }) => pid)) / this.listeners.length,
      broker: this.broker === undefined ? 0 : residentMib([this.broker.pid]),
    };
  }

  /** Sums of a counter of gwyh over the listeners, since the start. */
  async counter(name: string): Promise<number> {
    const reports = await this.askAll<ListenerReport>({ kind: 'report' });
    return reports.reduce((sum, { metrics }) => sum + (metrics[name] ?? 0), 0);
  }

  async end(): Promise<void> {
    await Promise.all([this.emitter, ...this.listeners].map(worker => worker.end()));
    await this.broker?.end();
  }

  private get pids(): number[] {
    const pids = [this.emitter, ...this.listeners].map(({ pid }) => pid);
    return this.broker === undefined ? pids : [...pids, this.broker.pid];
  }

  private async untilSilent(events: number): Promise<ListenerReport[]> {
    let reports = await this.askAll<ListenerReport>({ kind: 'report' });
    let silentSince = performance.now();
    while (total(reports) < events * reports.length && performance.now() < silentSince + SILENCE_MS) {
      await pause(50);
      const before = total(reports);
      reports = await this.askAll<ListenerReport>({ kind: 'report' });
      if (total(reports) > before) silentSince = performance.now();
    }
    return reports;
  }

  private askAll<Answer>(question: ListenerQuestion): Promise<Answer[]> {
    return Promise.all(this.listeners.map(listener => listener.ask<Answer>(question)));
  }
}

function total(reports: readonly ListenerReport[]): number {
  return reports.reduce((sum, { received }) => sum + received, 0);
}
