import type { Measurement } from './measure.js';

/**
 * How many times as slow as the baseline says an operation may be, or as wasteful: beyond the noise that is left in the least
 * of some processes, which is up to a tenth on a machine that others keep busy.
 */
const TOLERATED = 1.15;

/** Garbage that is forgiven in any case, bytes: a word, less than the smallest object has. */
const FORGIVEN_BYTES = 8;

/** What is kept of an operation. */
export type Figures = Omit<Measurement, 'name'>;

/** `new`: the baseline does not know the operation. */
export type Verdict = 'passed' | 'slower' | 'more garbage' | 'slower, more garbage' | 'new';

export interface Comparison extends Measurement {
  /** What the baseline says; undefined of a new operation. */
  readonly baseline: Figures | undefined;
  readonly verdict: Verdict;
}

/** The least of each figure over several processes, in the order of the first: noise only ever adds. */
export function leastOf(attempts: readonly (readonly Measurement[])[]): Measurement[] {
  return attempts[0]!.map(({ name }) => {
    const own = attempts.flatMap(attempt => attempt.filter(each => each.name === name));
    return {
      name,
      ratio: Math.min(...own.map(({ ratio }) => ratio)),
      bytes: Math.min(...own.map(({ bytes }) => bytes)),
    };
  });
}

/** @param isTimed whether times are judged: those of another processor say nothing. Garbage always is. */
export function compare(
  measurements: readonly Measurement[],
  baseline: Readonly<Record<string, Figures>>,
  isTimed: boolean,
): Comparison[] {
  return measurements.map(measurement => {
    const own = baseline[measurement.name];
    return { ...measurement, baseline: own, verdict: verdictOf(measurement, own, isTimed) };
  });
}

function verdictOf({ ratio, bytes }: Measurement, baseline: Figures | undefined, isTimed: boolean): Verdict {
  if (baseline === undefined) return 'new';
  const isSlower = isTimed && !(ratio <= baseline.ratio * TOLERATED);
  const isWasteful = !(bytes <= mostBytes(baseline.bytes));
  if (isSlower) return isWasteful ? 'slower, more garbage' : 'slower';
  return isWasteful ? 'more garbage' : 'passed';
}

function mostBytes(baseline: number): number {
  return Math.max(Math.round(baseline * TOLERATED), baseline + FORGIVEN_BYTES);
}

export function isAlarm({ verdict }: Comparison): boolean {
  return verdict !== 'passed' && verdict !== 'new';
}

/** Whether a baseline that was written anew would be stricter by more than what is tolerated. */
export function isBetter({ ratio, bytes, baseline }: Comparison, isTimed: boolean): boolean {
  if (baseline === undefined) return false;
  const isQuicker = isTimed && ratio * TOLERATED < baseline.ratio;
  return isQuicker || mostBytes(bytes) < baseline.bytes;
}
