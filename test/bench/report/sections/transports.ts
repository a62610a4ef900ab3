import type { Terms } from '../../../report/terms.js';
import { countText, markdownTable, numberText } from '../../../report/texts.js';
import { BROKERS, mostListeners, type TransportName } from '../../transports/transport.js';
import {
  type ListenersFigures,
  type TransportFigures,
  transports,
  type TransportsResult,
} from '../../transports/transports.js';
import type { BenchTarget, Section } from '../section.js';
import { transportsPlot } from './transports-plot.js';

/** Listeners that most targets and the README are about. */
const MAIN_LISTENERS = 3;
const MANY_LISTENERS = 8;

export const transportsSection: Section<TransportsResult> = {
  name: 'transports',
  title: 'Transports',
  bench: transports,
  targets: [
    ours(MAIN_LISTENERS, 'lost', 'at most', 0, '', ({ lost }) => lost),
    byBest(MAIN_LISTENERS, 'throughput by the best broker', 'at least', 4, ratio => ratio.throughput),
    byBest(MAIN_LISTENERS, 'CPU per event by the best broker', 'at most', 0.35, ratio => ratio.cpu),
    byBest(MAIN_LISTENERS, 'unloaded latency p50 by the best broker', 'at most', 0.6, ratio => ratio.latencyP50),
    byBest(MAIN_LISTENERS, 'unloaded latency p99 by the best broker', 'at most', 1, ratio => ratio.latencyP99),
    byBest(MANY_LISTENERS, 'throughput by the best broker', 'at least', 3, ratio => ratio.throughput),
  ],
  body,
  readme,
  plots: result => [transportsPlot(result)],
};

type Ratio = NonNullable<ListenersFigures['ratio']>;

/** A target of our own figures. */
function ours(
  listeners: number,
  figure: string,
  bound: Terms['bound'],
  limit: number,
  unit: Terms['unit'],
  of: (figures: TransportFigures) => number,
): BenchTarget<TransportsResult> {
  const measure = (result: TransportsResult) => {
    const figures = at(result, listeners)?.transports.gwyh;
    return figures === undefined ? NaN : of(figures);
  };
  return { item: 'Transports', conditions: `${listeners} listeners`, figure, bound, limit, unit, measure };
}

/** A target of our figures by those of the best broker. Without one of the brokers nobody knows whether it is the best. */
function byBest(
  listeners: number,
  figure: string,
  bound: Terms['bound'],
  limit: number,
  of: (ratio: Ratio) => number,
): BenchTarget<TransportsResult> {
  const measure = (result: TransportsResult) => {
    const ratio = at(result, listeners)?.ratio;
    return ratio === undefined ? NaN : of(ratio);
  };
  const doubt = (result: TransportsResult) => {
    const absent = BROKERS.filter(name => at(result, listeners)?.transports[name] === undefined);
    return absent.length === 0 ? undefined : `without ${absent.join(', ')}`;
  };
  return { item: 'Transports', conditions: `${listeners} listeners`, figure, bound, limit, unit: 'x', measure, doubt };
}

function at({ byListeners }: TransportsResult, listeners: number): ListenersFigures | undefined {
  return byListeners.find(each => each.listeners === listeners);
}

function body(result: TransportsResult): string[] {
  const { rounds, events, versions, byListeners } = result;
  return [
    `One emitting Nest application and its listeners, each a process: medians of ${countText(rounds, 'round')} of ${numberText(events)} events as fast as it goes, after some that do not count; then a steady run at half of that rate, and one that is
far below what any transport notices. "Handled" is at the slowest listener. "Lost" and "twice" are the sums of all rounds and
listeners. CPU is that of all processes together, broker included, for an event that was emitted once. Latency is from
\`emit()\` to the handler. A TCP client of Nest talks to one server, and has that one in all tables.`,
    Object.entries(versions)
      .map(([name, version]) => `- ${name}: ${version}`)
      .join('\n'),
    ...missingText(result),
    ...byListeners.flatMap(figures => [`### ${countText(figures.listeners, 'listener')}`, figuresTable(figures)]),
    '### gwyh by the best broker',
    ratioTable(byListeners),
  ];
}

function readme(result: TransportsResult): string[] {
  const main = at(result, MAIN_LISTENERS) ?? result.byListeners[0]!;
  return [
    `One emitting Nest process and ${countText(main.listeners, 'listener')}, each a process, over this transport and Nest's own:`,
    shortTable(main),
    ...missingText(result),
    'gwyh by the best broker of each figure:',
    ratioTable(result.byListeners),
  ];
}

/** Brokers that are not among the results are named, and how to get them. */
function missingText({ missing, byListeners }: TransportsResult): string[] {
  const lines = BROKERS.filter(name => byListeners.every(({ transports }) => transports[name] === undefined)).map(
    name => missing.find(line => line.includes(name)) ?? `${name} was left out`,
  );
  return lines.length === 0 ? [] : [lines.map(line => `- **Missing:** ${line}`).join('\n')];
}

function nameText(name: string, listeners: number): string {
  const most = mostListeners(name as TransportName);
  return listeners > most ? `${name} (${countText(most, 'listener')})` : name;
}

function figuresTable({ listeners, transports }: ListenersFigures): string {
  const rows = Object.entries(transports).map(([name, figures]) => [
    nameText(name, listeners),
    rateText(figures.emitPerSecond),
    rateText(figures.receivedPerSecond),
    numberText(figures.lost),
    numberText(figures.duplicates),
    latencyText(figures.latencyMs),
    latencyText(figures.halfLoadLatencyMs),
    cpuText(figures),
    [figures.residentMib.emitter, figures.residentMib.listener, figures.residentMib.broker]
      .map(mib => numberText(mib, 0))
      .join(' / '),
    figures.copies === undefined ? '' : numberText(figures.copies, 2),
  ]);
  const head = ['', 'Emitted /s', 'Handled /s', 'Lost', 'Twice', 'p50 / p99 unloaded, ms', 'p50 / p99 half load, ms'];
  return markdownTable([...head, 'CPU µs/event', 'MiB emitter / listener / broker', 'Copies'], rows);
}

function shortTable({ listeners, transports }: ListenersFigures): string {
  const rows = Object.entries(transports).map(([name, figures]) => [
    nameText(name, listeners),
    rateText(figures.receivedPerSecond),
    numberText(figures.lost),
    numberText(figures.latencyMs.p50, 2),
    numberText(figures.latencyMs.p99, 2),
    cpuText(figures),
  ]);
  return markdownTable(['', 'handled /s', 'lost', 'p50 unloaded, ms', 'p99 unloaded, ms', 'CPU µs/event'], rows);
}

function ratioTable(byListeners: readonly ListenersFigures[]): string {
  const rows = byListeners.flatMap(({ listeners, ratio }) => {
    if (ratio === undefined) return [];
    const { throughput, cpu, latencyP50, latencyP99 } = ratio;
    return [
      [
        countText(listeners, 'listener'),
        ...[throughput, cpu, latencyP50, latencyP99].map(each => `${numberText(each)}x`),
      ],
    ];
  });
  if (rows.length === 0) return 'No broker was measured.';
  return markdownTable(['', 'throughput', 'CPU per event', 'p50 unloaded', 'p99 unloaded'], rows);
}

function rateText(perSecond: number): string {
  return numberText(perSecond, 0);
}

function latencyText({ p50, p99 }: { readonly p50: number; readonly p99: number }): string {
  return `${numberText(p50, 2)} / ${numberText(p99, 2)}`;
}

/** Seconds for a million are microseconds for one. */
function cpuText({ cpuSecondsPerMillion }: TransportFigures): string {
  return numberText(cpuSecondsPerMillion, 1);
}
