import { STRATEGIES } from '../../../lib/engine/overlay/strategy.js';
import type { Plot } from '../../report/plot.js';
import type { Chart, Line, Stroke } from '../../report/svg/chart.js';
import { BLUE, GREEN, GREY, ORANGE, PURPLE, YELLOW } from '../../report/svg/colours.js';
import { drawFigure } from '../../report/svg/figure.js';
import { roundEnd } from '../../report/svg/scale.js';
import { percentText } from '../../report/texts.js';
import { BASELINES } from '../baselines/baseline.js';
import type { SimulationResult } from '../result.js';
import { type SimulationOutcome, type ReportSize } from './runs.js';

const PROTOCOL_STROKES: ReadonlyMap<string, Stroke> = new Map([
  ['gwyh', { colour: BLUE }],
  ['flood', { colour: GREEN, dashes: '7 3' }],
  ['plumtree', { colour: ORANGE, dashes: '2 3' }],
]);

const LATENCY_STROKES: ReadonlyMap<string, Stroke> = new Map([
  ['direct', { colour: GREY, dashes: '10 4 2 4' }],
  ...PROTOCOL_STROKES,
]);

const STRATEGY_COLOURS = [GREY, GREEN, PURPLE, YELLOW, BLUE];

/** Shares of loss that the latency is plotted at. */
const PLOTTED_LOSSES = [0, 0.1];

/** All plots. A line of which there is no result is left out. */
export function drawPlots(outcomes: readonly SimulationOutcome[], size: ReportSize): Plot[] {
  const cluster = `${size.nodes.toLocaleString('en')} nodes, one busy origin`;
  return [
    {
      file: 'simulation-latency.svg',
      alternative: 'Distribution of the latency with and without loss',
      svg: drawFigure({
        title: `Latency from the origin to a node: ${cluster}`,
        charts: PLOTTED_LOSSES.map(loss => latencyChart(outcomes, loss)),
        strokes: LATENCY_STROKES,
      }),
    },
    {
      file: 'simulation-copies.svg',
      alternative: 'Copies of each message over time, from the first message on',
      svg: drawFigure({
        title: `Copies of each message while an origin becomes busy: ${cluster}`,
        charts: PLOTTED_LOSSES.map(loss => copiesChart(outcomes, loss)),
        strokes: PROTOCOL_STROKES,
      }),
    },
    {
      file: 'simulation-growth.svg',
      alternative: 'Copies, bytes and stretch over the number of nodes, for each strategy',
      svg: drawFigure({
        title: 'Cost over the size of the cluster: one busy origin, no loss',
        charts: growthCharts(outcomes),
        strokes: new Map(STRATEGIES.map((strategy, i) => [strategy, { colour: STRATEGY_COLOURS[i] ?? GREY }])),
      }),
    },
  ];
}

function latencyChart(outcomes: readonly SimulationOutcome[], loss: number): Chart {
  const results = comparedAt(outcomes, loss);
  const direct = results[0]?.curves?.directMs ?? [];
  const lines = [
    { name: 'direct', points: distribution(direct) },
    ...results.map(result => ({ name: result.protocol, points: distribution(result.curves?.latencyMs ?? []) })),
  ];
  // The last per cent is far out where much is repaired: the table tells of it.
  const most = Math.max(...results.map(result => result.latencyMs.p99), 1);
  return {
    title: `${percentText(loss)} loss`,
    x: { label: 'latency, ms', values: [0, roundEnd(most)] },
    y: { label: 'share of deliveries, %', values: [0, 100] },
    lines,
  };
}

function copiesChart(outcomes: readonly SimulationOutcome[], loss: number): Chart {
  const lines = comparedAt(outcomes, loss).map(result => ({
    name: result.protocol,
    points: (result.curves?.copiesByHalfSecond ?? []).map((copies, i) => [(i + 0.5) / 2, copies] as const),
  }));
  const points = lines.flatMap(line => line.points);
  return {
    title: `${percentText(loss)} loss`,
    x: { label: 'time after the first message, s', values: [0, Math.max(1, ...points.map(([x]) => Math.ceil(x)))] },
    y: { label: 'copies received per delivery', values: [0, roundEnd(Math.max(1, ...points.map(([, y]) => y)))] },
    lines,
  };
}

function growthCharts(outcomes: readonly SimulationOutcome[]): Chart[] {
  const results = outcomes.filter(({ run }) => run.part === 'growth').flatMap(({ result }) => result ?? []);
  const nodes = results.map(result => result.nodes);
  const ticks = [...new Set(nodes)];
  const chart = (title: string, label: string, figure: (result: SimulationResult) => number): Chart => ({
    title,
    x: { label: 'nodes', values: [Math.min(10, ...nodes), Math.max(100, ...nodes)], isLogarithmic: true, ticks },
    y: { label, values: [0, roundEnd(Math.max(1, ...results.map(figure)))] },
    lines: STRATEGIES.map((strategy): Line => ({
      name: strategy,
      points: results
        .filter(result => result.strategy === strategy)
        .sort((a, b) => a.nodes - b.nodes)
        .map(result => [result.nodes, figure(result)]),
    })),
    hasMarks: true,
  });
  return [
    chart('Copies of a message', 'copies received per node', result => result.copiesPerNode),
    chart('Traffic', 'bytes sent per node and message', result => result.bytesPerNodePerMessage),
    chart('Slowest per cent', 'p99 latency by direct', result => result.stretch.p99),
  ];
}

/** The first run of each protocol with this loss: all have the same seed. */
function comparedAt(outcomes: readonly SimulationOutcome[], loss: number): SimulationResult[] {
  return ['gwyh' as const, ...BASELINES].flatMap(protocol => {
    const baseline = protocol === 'gwyh' ? undefined : protocol;
    const part = baseline === undefined ? 'busy' : 'baseline';
    const outcome = outcomes.find(({ run }) => run.part === part && run.loss === loss && run.baseline === baseline);
    return outcome?.result ?? [];
  });
}

/** Points of a cumulative distribution from its percentiles. */
function distribution(quantiles: readonly number[]): [number, number][] {
  return quantiles.map((value, percent) => [value, percent]);
}
