/** Maps values to places on one axis. */
export interface Scale {
  /** Place of a value, pixels. */
  place(value: number): number;
  /** Values that get a label and a line. */
  readonly ticks: readonly number[];
}

/** Values from one end to the other. */
export type Span = readonly [from: number, to: number];

/** Equal steps of value are equal steps of place. */
export function linearScale(values: Span, places: Span, mostTicks = 6): Scale {
  const [low, high] = values;
  const place = (value: number) => places[0] + ((value - low) / (high - low)) * (places[1] - places[0]);
  return { place, ticks: roundTicks(low, high, mostTicks) };
}

/** Equal factors of value are equal steps of place. The values are above 0. */
export function logarithmicScale(values: Span, places: Span): Scale {
  const [low, high] = [Math.log10(values[0]), Math.log10(values[1])];
  const place = (value: number) => places[0] + ((Math.log10(value) - low) / (high - low)) * (places[1] - places[0]);
  const ticks: number[] = [];
  for (let power = Math.ceil(low - TOLERANCE); power <= high + TOLERANCE; power++) ticks.push(10 ** power);
  return { place, ticks };
}

/** What two ends of a span may differ by rounding. */
const TOLERANCE = 1e-9;

/** Multiples of 1, 2 or 5 times a power of ten within the span, at most so many. */
export function roundTicks(low: number, high: number, most: number): number[] {
  const step = roundStep((high - low) / Math.max(1, most - 1));
  const first = Math.ceil(low / step - TOLERANCE);
  const last = Math.floor(high / step + TOLERANCE);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** The smallest of 1, 2 or 5 times a power of ten that is not below `least`. */
export function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5].find(each => each * power >= least * (1 - TOLERANCE)) ?? 10;
  return factor * power;
}

/** The end of an axis that has room for this value: a round one a little above. */
export function roundEnd(value: number): number {
  const step = roundStep(value / 5);
  return step * Math.ceil((value * 1.02) / step);
}

/** The label of a tick. */
export function tickText(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 2 });
}
