import type { Bench, BenchOptions } from '../bench.js';
import { versionOf } from '../environment.js';
import { listOption } from '../list-option.js';
import { medians, roundedAll } from '../statistics.js';
import { missingBroker } from './broker.js';
import { Cluster, type RunFigures } from './cluster.js';
import { transportsTable } from './transports-table.js';
import { BROKERS, CLIENT_PACKAGES, isBroker, mostListeners, type TransportName, TRANSPORTS } from './transport.js';

/** How much is measured. */
interface Amounts {
  readonly rounds: number;
  /** Events of a flat-out run: some seconds. */
  readonly events: number;
  /** Events before each of these that count for nothing: after a pause all sides find their paths, caches and sockets cold. */
  readonly warmUpEvents: number;
  /** Length of the steady run at half of the rate that the flat-out run reached, s. */
  readonly halfLoadSeconds: number;
  /** Events of the unloaded run, and how many a second: far below what any transport notices. */
  readonly unloadedEvents: number;
}

const FULL: Amounts = { rounds: 5, events: 60_000, warmUpEvents: 20_000, halfLoadSeconds: 2, unloadedEvents: 1_000 };
const QUICK: Amounts = { rounds: 1, events: 30_000, warmUpEvents: 10_000, halfLoadSeconds: 1, unloadedEvents: 400 };
const UNLOADED_PER_SECOND = 500;
/** The numbers of listeners measured, and the one that the figures at the top of the result are of. */
const LISTENERS = [1, 3, 8];
const MAIN_LISTENERS = 3;

/** What is said of one transport: medians of all rounds, but all that was lost or came twice in them. */
export interface TransportFigures extends Omit<RunFigures, 'duplicates'> {
  readonly duplicates: number;
  /** At half of `receivedPerSecond`. `latencyMs` is that of an unloaded transport. */
  readonly halfLoadLatencyMs: { readonly p50: number; readonly p99: number };
  readonly residentMib: { readonly emitter: number; readonly listener: number; readonly broker: number };
  /** gwyh only: copies of each event that reach a listener, the first one included. */
  readonly copies?: number;
}

/** gwyh's figures divided by those of the best broker, each. Throughput is better above 1, the others below. */
export interface Ratio {
  readonly throughput: number;
  readonly latencyP50: number;
  readonly latencyP99: number;
  readonly cpu: number;
}

export interface ListenersFigures {
  readonly listeners: number;
  readonly transports: Partial<Record<TransportName, TransportFigures>>;
  readonly ratio?: Ratio;
}

export interface TransportsResult extends ListenersFigures {
  readonly rounds: number;
  readonly events: number;
  readonly versions: Partial<Record<TransportName, string>>;
  /** What was left out, and how to get it. */
  readonly missing: readonly string[];
  readonly byListeners: readonly ListenersFigures[];
}

export const transports: Bench<TransportsResult> = {
  summary: `one emitter, ${LISTENERS.join(', ')} listeners, Nest applications over ${TRANSPORTS.join(', ')}`,
  run,
  table: transportsTable,
};

async function run(options: BenchOptions): Promise<TransportsResult> {
  const amounts = options.isQuick ? QUICK : FULL;
  const only = listOption(options.args, '--only') ?? [...TRANSPORTS];
  const counts =
    listOption(options.args, '--listeners')?.map(Number) ?? (options.isQuick ? [MAIN_LISTENERS] : LISTENERS);
  const missing = BROKERS.filter(name => only.includes(name)).flatMap(name => missingBroker(name) ?? []);
  for (const line of missing) options.progress(line);
  const names = TRANSPORTS.filter(
    name => only.includes(name) && !(isBroker(name) && missingBroker(name) !== undefined),
  );
  const versions: Partial<Record<TransportName, string>> = {};
  const byListeners: ListenersFigures[] = [];
  for (const count of counts) byListeners.push(await measure(names, count, amounts, versions, options));
  const main = byListeners.find(({ listeners }) => listeners === MAIN_LISTENERS) ?? byListeners[0]!;
  return { ...main, rounds: amounts.rounds, events: amounts.events, versions, missing, byListeners };
}

/** Rounds before the first that counts: of code that has not run so often yet, rates rise from round to round, on all sides. */
const WARM_UP_ROUNDS = 3;

async function measure(
  names: readonly TransportName[],
  listeners: number,
  amounts: Amounts,
  versions: Partial<Record<TransportName, string>>,
  { progress }: BenchOptions,
): Promise<ListenersFigures> {
  const clusters: Cluster[] = [];
  for (const name of names) {
    progress(`${listeners} listeners: ${name} starts`);
    const cluster = await Cluster.start(name, Math.min(listeners, mostListeners(name)));
    clusters.push(cluster);
    versions[name] = describe(name, cluster);
    await cluster.emit(WARM_UP_ROUNDS * amounts.events);
  }
  const runs = new Map<Cluster, TransportFigures[]>(clusters.map(cluster => [cluster, []]));
  for (let round = 0; round < amounts.rounds; round++) {
    for (const cluster of [...clusters.slice(round % clusters.length), ...clusters.slice(0, round % clusters.length)]) {
      const figures = await measureOnce(cluster, amounts);
      runs.get(cluster)!.push(figures);
      progress(`${listeners} listeners: ${cluster.transport}, ${Math.round(figures.receivedPerSecond)} events/s`);
    }
  }
  for (const cluster of clusters) await cluster.end();
  const figures = clusters.map(cluster => [cluster.transport, roundedAll(overall(runs.get(cluster)!))] as const);
  const result = Object.fromEntries(figures) as Partial<Record<TransportName, TransportFigures>>;
  const ratio = ratioOf(result);
  return { listeners, transports: result, ...(ratio !== undefined && { ratio }) };
}

function overall(rounds: readonly TransportFigures[]): TransportFigures {
  const sum = (figure: (of: TransportFigures) => number) => rounds.reduce((total, round) => total + figure(round), 0);
  // A median of losses would hide those of less than half of the rounds.
  return { ...medians(rounds), lost: sum(({ lost }) => lost), duplicates: sum(({ duplicates }) => duplicates) };
}

async function measureOnce(cluster: Cluster, amounts: Amounts): Promise<TransportFigures> {
  const isOurs = cluster.transport === 'gwyh';
  await cluster.emit(amounts.warmUpEvents);
  const copiesBefore = isOurs ? await copiesOf(cluster) : [0, 0];
  const flatOut = await cluster.emit(amounts.events);
  const copies = isOurs ? (await copiesOf(cluster)).map((count, i) => count - copiesBefore[i]!) : [0, 1];
  const rate = flatOut.receivedPerSecond / 2;
  const halfLoad = await cluster.emit(Math.ceil(rate * amounts.halfLoadSeconds), rate);
  const unloaded = await cluster.emit(amounts.unloadedEvents, UNLOADED_PER_SECOND);
  return {
    ...flatOut,
    lost: flatOut.lost + halfLoad.lost + unloaded.lost,
    duplicates: flatOut.duplicates + halfLoad.duplicates + unloaded.duplicates,
    latencyMs: unloaded.latencyMs,
    halfLoadLatencyMs: halfLoad.latencyMs,
    residentMib: cluster.residentMib(),
    ...(isOurs && { copies: copies[0]! / copies[1]! }),
  };
}

async function copiesOf(cluster: Cluster): Promise<[copies: number, events: number]> {
  return [await cluster.counter('segmentsReceived'), await cluster.counter('broadcastsDelivered')];
}

function ratioOf(figures: Partial<Record<TransportName, TransportFigures>>): Ratio | undefined {
  const ours = figures.gwyh;
  const brokers = BROKERS.flatMap(name => figures[name] ?? []);
  if (ours === undefined || brokers.length === 0) return undefined;
  const least = (figure: (of: TransportFigures) => number) => figure(ours) / Math.min(...brokers.map(figure));
  return roundedAll({
    throughput: ours.receivedPerSecond / Math.max(...brokers.map(({ receivedPerSecond }) => receivedPerSecond)),
    latencyP50: least(({ latencyMs }) => latencyMs.p50),
    latencyP99: least(({ latencyMs }) => latencyMs.p99),
    cpu: least(({ cpuSecondsPerMillion }) => cpuSecondsPerMillion),
  });
}

function describe(name: TransportName, { broker }: Cluster): string {
  const client = CLIENT_PACKAGES[name];
  const parts = [broker && `${name} ${broker.version}`, client && `${client} ${versionOf(client)}`];
  return (
    parts.filter(part => part !== undefined).join(', ') || `@nestjs/microservices ${versionOf('@nestjs/microservices')}`
  );
}
