/** The middle one, or the upper of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** The median of each figure over several runs. */
export function medians<Figures extends object>(runs: readonly Figures[]): Figures {
  const first = runs[0]!;
  const names = Object.keys(first) as (keyof Figures)[];
  return Object.fromEntries(
    names.map(name => {
      const values = runs.map(run => run[name]);
      return [name, typeof values[0] === 'number' ? median(values as number[]) : medians(values as object[])];
    }),
  ) as Figures;
}

/** The smallest sample that at least this share of all samples does not exceed; 0 of none. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** Rounded for people: four significant digits, or whole numbers. */
export function rounded(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(4));
}

/** Every figure of an object rounded, and of the objects in it. */
export function roundedAll<Figures extends object>(figures: Figures): Figures {
  const entries = Object.entries(figures).map(([name, value]: [string, number | object]) => [
    name,
    typeof value === 'number' ? rounded(value) : roundedAll(value),
  ]);
  return Object.fromEntries(entries) as Figures;
}
