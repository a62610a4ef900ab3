import { describe, expect, it } from 'vitest';
import { drawFigure } from '../../report/svg/figure.js';
import type { Chart } from '../../report/svg/chart.js';
import { linearScale, logarithmicScale, roundStep, roundTicks, tickText } from '../../report/svg/scale.js';

describe('a scale', () => {
  it('places values in proportion, in either direction', () => {
    const right = linearScale([0, 200], [50, 450]);
    expect([0, 50, 200].map(right.place)).toEqual([50, 150, 450]);
    const up = linearScale([0, 10], [300, 100]);
    expect([0, 5, 10].map(up.place)).toEqual([300, 200, 100]);
  });

  it('that is logarithmic places equal factors at equal distances', () => {
    const { place, ticks } = logarithmicScale([10, 10_000], [0, 300]);
    expect([10, 100, 1_000, 10_000].map(value => Math.round(place(value)))).toEqual([0, 100, 200, 300]);
    expect(ticks).toEqual([10, 100, 1_000, 10_000]);
    expect(logarithmicScale([20, 5_000], [0, 300]).ticks).toEqual([100, 1_000]);
  });

  it('has round ticks within its values', () => {
    expect(roundTicks(0, 100, 6)).toEqual([0, 20, 40, 60, 80, 100]);
    expect(roundTicks(0, 1.5, 6)).toEqual([0, 0.5, 1, 1.5]);
    expect(roundTicks(3, 11, 6)).toEqual([4, 6, 8, 10]);
    expect(roundTicks(0, 0.3, 4)).toEqual([0, 0.1, 0.2, 0.3]);
    for (const high of [0.07, 0.9, 1.01, 3, 7, 12, 99, 1_234]) {
      const ticks = roundTicks(0, high, 6);
      expect(ticks.length).toBeGreaterThanOrEqual(2);
      expect(ticks.length).toBeLessThanOrEqual(6);
      expect(ticks.at(-1)).toBeLessThanOrEqual(high);
    }
  });

  it('has steps of 1, 2 and 5 times a power of ten', () => {
    expect([0.011, 0.2, 0.21, 1, 1.1, 4.9, 5.1, 70].map(roundStep)).toEqual([0.02, 0.2, 0.5, 1, 2, 5, 10, 100]);
  });

  it('labels its ticks for people', () => {
    expect([0, 0.5, 1_000, 5_000].map(tickText)).toEqual(['0', '0.5', '1,000', '5,000']);
  });
});

describe('a figure', () => {
  const chart: Chart = {
    title: 'loss < 10 %',
    x: { label: 'nodes', values: [10, 1_000], isLogarithmic: true, ticks: [10, 500] },
    y: { label: 'copies', values: [0, 4] },
    lines: [
      {
        name: 'one',
        points: [
          [10, 1],
          [1_000, 4],
        ],
      },
      { name: 'empty', points: [] },
    ],
    hasMarks: true,
  };
  const strokes = new Map([
    ['one', { colour: '#0072b2' }],
    ['empty', { colour: '#d55e00', dashes: '2 3' }],
  ]);
  const svg = drawFigure({ title: 'Growth', charts: [chart, { ...chart, hasMarks: false }], strokes });

  it('has a title, axes with labels, ticks and a legend', () => {
    for (const content of ['Growth', 'loss &lt; 10 %', 'nodes', 'copies', '10', '500', '4', 'one', 'empty']) {
      expect(svg).toContain(`>${content}</text>`);
    }
    expect(svg).not.toContain('>100</text>');
  });

  it('draws each line from its first point to its last', () => {
    // Left and bottom of the first chart: margin 12 and 58 for the labels; head 66 and 320 less 46.
    const path = /<path d="M70 (\S+)L(\S+) (\S+)" fill="none" stroke="#0072b2"/.exec(svg)!;
    expect(path.slice(1).map(Number)).toEqual([279, 418, 96]);
  });

  it('marks points only where it is asked to', () => {
    expect(svg.match(/<circle /g)).toHaveLength(2);
  });

  it('has a light background of its own and closes all that it opens', () => {
    expect(svg).toContain('fill="#ffffff"');
    const opened = svg.match(/<[a-zA-Z][^>]*[^/]>/g)!.map(tag => /[a-zA-Z]+/.exec(tag)![0]);
    const closed = svg.match(/<\/[a-zA-Z]+>/g)!.map(tag => /[a-zA-Z]+/.exec(tag)![0]);
    expect(opened.sort()).toEqual(closed.sort());
  });
});
