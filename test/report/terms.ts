import { MISSING, numberText, percentText } from './texts.js';

/** What a figure has to keep. */
export interface Terms {
  /** Heading that it stands under. */
  readonly item: string;
  readonly conditions: string;
  readonly figure: string;
  readonly bound: 'at most' | 'at least' | 'below';
  readonly limit: number;
  /** What is behind a value: `x` for a multiple of another figure, `%` for a share. */
  readonly unit: '' | 'x' | '%' | 'ms' | 's' | 'µs' | 'B' | 'MB' | 'cores';
}

/** Whether a figure keeps its terms; one that is not a number does not. */
export function isKept({ bound, limit }: Terms, measured: number): boolean {
  if (bound === 'at least') return measured >= limit;
  return bound === 'at most' ? measured <= limit : measured < limit;
}

/** What was asked for: `at most 2x`. */
export function boundText({ bound, limit, unit }: Terms): string {
  return `${bound} ${valueText(limit, unit)}`;
}

/** All digits that results have, so that a figure that misses its limit never looks like it. */
export function valueText(value: number, unit: Terms['unit']): string {
  if (unit === '%') return percentText(value);
  if (Number.isNaN(value)) return MISSING;
  return `${numberText(value, 4)}${unit === '' || unit === 'x' ? unit : ` ${unit}`}`;
}
