import { textTable } from '../text-table.js';
import { mostListeners, type TransportName } from './transport.js';
import type { ListenersFigures, TransportFigures, TransportsResult } from './transports.js';

/** The result for people. */
export function transportsTable(result: TransportsResult): string {
  const { rounds, events, versions, missing, byListeners } = result;
  const lines = [
    `Medians of ${rounds} rounds of ${events} events. Latency is that of an unloaded transport, then at half load.`,
    ...Object.entries(versions).map(([name, version]) => `${name}: ${version}`),
    ...missing,
  ];
  return `${lines.join('\n')}\n${byListeners.map(listenersTable).join('')}`;
}

function listenersTable({ listeners, transports, ratio }: ListenersFigures): string {
  const rows = Object.entries(transports).map(([name, figures]) => {
    const isLess = listeners > mostListeners(name as TransportName);
    return [isLess ? `${name} (${mostListeners(name as TransportName)} listener)` : name, ...cells(figures)];
  });
  const lines = [`\n${listeners} listeners\n`, textTable(HEAD, rows)];
  if (ratio !== undefined) {
    const { throughput, latencyP50, latencyP99, cpu } = ratio;
    lines.push(
      `gwyh to the best broker of each: throughput ${throughput}, latency p50 ${latencyP50}, p99 ${latencyP99}, CPU ${cpu}\n`,
    );
  }
  return lines.join('');
}

const HEAD = [
  '',
  'emitted/s',
  'handled/s',
  'lost',
  'p50 ms',
  'p99 ms',
  'p50 half',
  'p99 half',
  'CPU s/M',
  'MiB emitter',
  'listener',
  'broker',
  'copies',
];

function cells(figures: TransportFigures): string[] {
  const { latencyMs, halfLoadLatencyMs, residentMib } = figures;
  return [
    Math.round(figures.emitPerSecond),
    Math.round(figures.receivedPerSecond),
    figures.lost,
    latencyMs.p50.toFixed(2),
    latencyMs.p99.toFixed(2),
    halfLoadLatencyMs.p50.toFixed(2),
    halfLoadLatencyMs.p99.toFixed(2),
    figures.cpuSecondsPerMillion.toFixed(1),
    Math.round(residentMib.emitter),
    Math.round(residentMib.listener),
    Math.round(residentMib.broker),
    figures.copies?.toFixed(2) ?? '',
  ].map(String);
}
