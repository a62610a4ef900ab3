import type { SeededRandom } from '../../lib/testing/seeded-random.js';

/** Standard deviation of the logarithm of the jitter: a delay varies by about 5 %. */
export const JITTER_SIGMA = 0.05;

/** Steps in which the distribution is drawn. The outermost are 3.7 standard deviations out: a factor of 0.83 or 1.20. */
const STEPS = 4_096;

/** Factors are rounded to this part, so that they are the same on any machine, whatever its exponential function. */
const GRAIN = 2 ** 20;

/** What the latency of one datagram is multiplied with. Median 1. */
export function drawJitter(random: SeededRandom): number {
  return FACTORS[random.below(STEPS)]!;
}

/**
 * How many standard deviations above the mean the normal distribution reaches this probability (Acklam's rational
 * approximation, relative error below 1.2e-9).
 */
export function normalQuantile(probability: number): number {
  if (probability > 0.5) return -normalQuantile(1 - probability);
  if (probability < LOW_TAIL) {
    const q = Math.sqrt(-2 * Math.log(probability));
    return polynomial(TAIL_NUMERATOR, q) / (polynomial(TAIL_DENOMINATOR, q) * q + 1);
  }
  const q = probability - 0.5;
  const r = q * q;
  return (polynomial(MIDDLE_NUMERATOR, r) * q) / (polynomial(MIDDLE_DENOMINATOR, r) * r + 1);
}

/** Below this probability the approximation for the tail is used. */
const LOW_TAIL = 0.02425;

const MIDDLE_NUMERATOR = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
  2.506628277459239,
];
const MIDDLE_DENOMINATOR = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1,
];
const TAIL_NUMERATOR = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const TAIL_DENOMINATOR = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416];

/** Coefficients of the highest power first. */
function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((value, coefficient) => value * x + coefficient, 0);
}

/** The factors of a log-normal distribution with median 1, one for each step of its probability. */
const FACTORS = Float64Array.from({ length: STEPS }, (_, step) => {
  const deviations = normalQuantile((step + 0.5) / STEPS);
  return Math.round(GRAIN * Math.exp(JITTER_SIGMA * deviations)) / GRAIN;
});
