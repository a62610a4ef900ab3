import type { Plot } from '../../../report/plot.js';
import type { Chart, Stroke } from '../../../report/svg/chart.js';
import { BLUE, GREEN, GREY, ORANGE, PURPLE } from '../../../report/svg/colours.js';
import { drawFigure } from '../../../report/svg/figure.js';
import { roundEnd } from '../../../report/svg/scale.js';
import { mostListeners, type TransportName, TRANSPORTS } from '../../transports/transport.js';
import type { TransportFigures, TransportsResult } from '../../transports/transports.js';

const STROKES: Readonly<Record<TransportName, Stroke>> = {
  gwyh: { colour: BLUE },
  redis: { colour: ORANGE, dashes: '7 3' },
  nats: { colour: GREEN, dashes: '2 3' },
  mqtt: { colour: PURPLE, dashes: '10 4 2 4' },
  tcp: { colour: GREY, dashes: '4 4' },
};

/** Throughput and latency of the transports over the number of listeners. What was not measured is left out. */
export function transportsPlot(result: TransportsResult): Plot {
  const names = TRANSPORTS.filter(name =>
    result.byListeners.some(
      ({ listeners, transports }) => transports[name] !== undefined && isPossible(name, listeners),
    ),
  );
  return {
    file: 'benchmarks-transports.svg',
    alternative: 'Throughput and unloaded latency of each transport over the number of listeners',
    svg: drawFigure({
      title: 'One emitter and its listeners, all Nest processes of one machine',
      charts: [
        chart(result, names, 'Throughput', 'events/s at the slowest listener', figures => figures.receivedPerSecond),
        chart(result, names, 'Unloaded latency, median', 'emit() to handler, ms', figures => figures.latencyMs.p50),
        chart(result, names, 'Unloaded latency, p99', 'emit() to handler, ms', figures => figures.latencyMs.p99),
      ],
      strokes: new Map(names.map(name => [name, STROKES[name]])),
    }),
  };
}

/** More listeners than a transport can have were not there: its figures are of less. */
function isPossible(name: TransportName, listeners: number): boolean {
  return listeners <= mostListeners(name);
}

function chart(
  { byListeners }: TransportsResult,
  names: readonly TransportName[],
  title: string,
  label: string,
  of: (figures: TransportFigures) => number,
): Chart {
  const lines = names.map(name => ({
    name,
    points: byListeners.flatMap(({ listeners, transports }) => {
      const value = transports[name] === undefined ? NaN : of(transports[name]);
      return isPossible(name, listeners) && !Number.isNaN(value) ? [[listeners, value] as const] : [];
    }),
  }));
  const counts = byListeners.map(({ listeners }) => listeners);
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
  return {
    title,
    x: { label: 'listeners', values: [0, Math.max(1, ...counts) + 1], ticks: counts },
    y: { label, values: [0, roundEnd(Math.max(0.1, ...values))] },
    lines,
    hasMarks: true,
  };
}
