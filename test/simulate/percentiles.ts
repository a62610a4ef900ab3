/** Figures of a distribution, in the unit of its samples. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Sorts the samples. All figures are 0 when there are none. */
export function percentilesOf(samples: Float64Array): Percentiles {
  samples.sort();
  return { p50: atShare(samples, 0.5), p99: atShare(samples, 0.99), max: atShare(samples, 1) };
}

/** The smallest sample that at least this share of the sorted samples does not exceed (nearest rank). */
export function atShare(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return 0;
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

/** Rounded for people: five significant digits. */
export function rounded(value: number): number {
  return Number(value.toPrecision(5));
}

export function roundedPercentiles({ p50, p99, max }: Percentiles): Percentiles {
  return { p50: rounded(p50), p99: rounded(p99), max: rounded(max) };
}
