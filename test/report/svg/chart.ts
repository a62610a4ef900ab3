import { linearScale, logarithmicScale, type Scale, type Span, tickText } from './scale.js';

/** One line of a chart. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Axis {
  readonly label: string;
  readonly values: Span;
  readonly isLogarithmic?: boolean;
  /** Values that get a label; those that the scale chooses if left out. */
  readonly ticks?: readonly number[];
}

/** Lines over two axes. */
export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
  /** Each point is marked: for lines of few points. */
  readonly hasMarks?: boolean;
}

/** What a line looks like. */
export interface Stroke {
  readonly colour: string;
  /** Lengths of dashes and gaps, as in `stroke-dasharray`. */
  readonly dashes?: string;
}

/** Where a chart stands, with all its labels, pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export const INK = '#24292f';
const FAINT_INK = '#57606a';
const GRID = '#e4e8ec';

/** Room around the lines for the title and the labels, pixels. */
const MARGIN = { left: 58, right: 14, top: 30, bottom: 46 };

/** The elements of a chart. @param strokes by the names of the lines. */
export function drawChart(chart: Chart, box: Box, strokes: ReadonlyMap<string, Stroke>): string[] {
  const left = box.left + MARGIN.left;
  const right = box.left + box.width - MARGIN.right;
  const top = box.top + MARGIN.top;
  const bottom = box.top + box.height - MARGIN.bottom;
  const x = scaleOf(chart.x, [left, right]);
  const y = scaleOf(chart.y, [bottom, top]);
  const clip = `clip-${Math.round(box.left)}-${Math.round(box.top)}`;
  return [
    text(chart.title, (left + right) / 2, box.top + 16, { weight: 600 }),
    ...x.ticks.flatMap(tick => [
      rule(x.place(tick), top, x.place(tick), bottom, GRID),
      text(tickText(tick), x.place(tick), bottom + 17, { size: 11, colour: FAINT_INK }),
    ]),
    ...y.ticks.flatMap(tick => [
      rule(left, y.place(tick), right, y.place(tick), GRID),
      text(tickText(tick), left - 7, y.place(tick) + 4, { size: 11, colour: FAINT_INK, anchor: 'end' }),
    ]),
    rule(left, bottom, right, bottom, FAINT_INK),
    rule(left, top, left, bottom, FAINT_INK),
    text(chart.x.label, (left + right) / 2, bottom + 36, { size: 12 }),
    turnedText(chart.y.label, box.left + 14, (top + bottom) / 2),
    `<clipPath id="${clip}"><rect x="${left - 4}" y="${top - 4}" width="${right - left + 8}" height="${bottom - top + 8}"/></clipPath>`,
    `<g clip-path="url(#${clip})">`,
    ...chart.lines.flatMap(line => drawLine(line, x, y, strokes.get(line.name)!, chart.hasMarks ?? false)),
    '</g>',
  ];
}

/** A sample of a line, for the legend. */
export function drawSample(stroke: Stroke, left: number, y: number, width: number): string {
  return `<path d="M${place(left)} ${place(y)}H${place(left + width)}" ${strokeAttributes(stroke)}/>`;
}

export interface TextStyle {
  /** Height, pixels. Default: 13. */
  readonly size?: number;
  readonly weight?: number;
  readonly colour?: string;
  /** Which end of the text is at its place. Default: middle. */
  readonly anchor?: 'start' | 'middle' | 'end';
}

export function text(content: string, x: number, y: number, style: TextStyle = {}): string {
  const { size = 13, weight = 400, colour = INK, anchor = 'middle' } = style;
  const attributes = `font-size="${size}" font-weight="${weight}" fill="${colour}" text-anchor="${anchor}"`;
  return `<text x="${place(x)}" y="${place(y)}" ${attributes}>${escapeText(content)}</text>`;
}

function turnedText(content: string, x: number, y: number): string {
  const turn = `transform="rotate(-90 ${place(x)} ${place(y)})"`;
  return text(content, x, y, { size: 12 }).replace('<text ', `<text ${turn} `);
}

function drawLine({ points }: Line, x: Scale, y: Scale, stroke: Stroke, hasMarks: boolean): string[] {
  if (points.length === 0) return [];
  const places = points.map(point => [place(x.place(point[0])), place(y.place(point[1]))] as const);
  const path = places.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${px} ${py}`).join('');
  const marks = hasMarks
    ? places.map(([px, py]) => `<circle cx="${px}" cy="${py}" r="3" fill="${stroke.colour}"/>`)
    : [];
  return [`<path d="${path}" ${strokeAttributes(stroke)}/>`, ...marks];
}

function strokeAttributes({ colour, dashes }: Stroke): string {
  const pattern = dashes === undefined ? '' : ` stroke-dasharray="${dashes}"`;
  return `fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round"${pattern}`;
}

function scaleOf({ values, isLogarithmic, ticks }: Axis, places: Span): Scale {
  const scale = isLogarithmic === true ? logarithmicScale(values, places) : linearScale(values, places);
  return { ...scale, ticks: ticks ?? scale.ticks };
}

function rule(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<path d="M${place(x1)} ${place(y1)}L${place(x2)} ${place(y2)}" stroke="${colour}" fill="none"/>`;
}

/** A coordinate, to a tenth of a pixel. */
function place(value: number): number {
  return Math.round(10 * value) / 10;
}

function escapeText(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
