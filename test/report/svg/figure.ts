import { type Chart, drawChart, drawSample, INK, type Stroke, text } from './chart.js';

/** Charts side by side with one legend. */
export interface Figure {
  readonly title: string;
  readonly charts: readonly Chart[];
  /** The lines of the legend, in its order, and what they look like in all charts. */
  readonly strokes: ReadonlyMap<string, Stroke>;
}

const CHART_WIDTH = 420;
const CHART_HEIGHT = 320;
/** Room at the top for title and legend, and around everything, pixels. */
const HEAD_HEIGHT = 66;
const MARGIN = 12;

const SAMPLE_WIDTH = 26;
/** Mean width of a character of the legend and what is between its entries, pixels. */
const CHARACTER_WIDTH = 6.7;
const ENTRY_GAP = 22;

const FONTS = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif";

/** An SVG document with a light background of its own, so that it can be read on a dark page as well. */
export function drawFigure({ title, charts, strokes }: Figure): string {
  const width = 2 * MARGIN + charts.length * CHART_WIDTH;
  const height = HEAD_HEIGHT + CHART_HEIGHT + MARGIN;
  const elements = [
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6" fill="#ffffff" stroke="#d0d7de"/>`,
    text(title, width / 2, 26, { size: 15, weight: 600 }),
    ...drawLegend(strokes, width / 2),
    ...charts.flatMap((chart, i) => {
      const box = { left: MARGIN + i * CHART_WIDTH, top: HEAD_HEIGHT, width: CHART_WIDTH, height: CHART_HEIGHT };
      return drawChart(chart, box, strokes);
    }),
  ];
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  return [`${head} font-family="${FONTS}" role="img">`, `<title>${title}</title>`, ...elements, '</svg>', ''].join(
    '\n',
  );
}

function drawLegend(strokes: ReadonlyMap<string, Stroke>, centre: number): string[] {
  const names = [...strokes.keys()];
  const widths = names.map(name => SAMPLE_WIDTH + 6 + name.length * CHARACTER_WIDTH);
  let left = centre - (widths.reduce((sum, width) => sum + width, 0) + (names.length - 1) * ENTRY_GAP) / 2;
  return names.flatMap((name, i) => {
    const at = left;
    left += widths[i]! + ENTRY_GAP;
    return [
      drawSample(strokes.get(name)!, at, 46, SAMPLE_WIDTH),
      text(name, at + SAMPLE_WIDTH + 6, 50, { size: 12, anchor: 'start', colour: INK }),
    ];
  });
}
