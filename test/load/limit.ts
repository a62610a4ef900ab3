/** One figure that was measured, and what it may be. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Left out: it is told only. */
  readonly most?: number;
}

export function isMissed({ value, most }: Figure): boolean {
  return most !== undefined && !(value <= most);
}

export function table(figures: readonly Figure[]): string {
  const rows = figures.map(figure => {
    const { name, value, unit, most } = figure;
    const limit = most === undefined ? '' : `at most ${textOf(most)}${isMissed(figure) ? '   MISSED' : ''}`;
    return `${name.padEnd(52)}${textOf(value).padStart(12)} ${unit.padEnd(10)}${limit}`.trimEnd();
  });
  return `${rows.join('\n')}\n`;
}

function textOf(value: number): string {
  return (Math.round(value * 100) / 100).toLocaleString('en-US');
}
