import { expect, it } from 'vitest';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { drawJitter, JITTER_SIGMA, normalQuantile } from '../../simulate/jitter.js';

it.each([
  [0.5, 0],
  [0.841344746, 1],
  [0.977249868, 2],
  [0.99865, 2.99998],
  [0.01, -2.326348],
])('the normal distribution reaches %d at %d standard deviations', (probability, deviations) => {
  expect(normalQuantile(probability)).toBeCloseTo(deviations, 4);
});

it('jitter has median 1 and a logarithm with the standard deviation that it should have', () => {
  const random = new SeededRandom(1);
  const logarithms = Array.from({ length: 100_000 }, () => Math.log(drawJitter(random)));
  const mean = logarithms.reduce((sum, value) => sum + value, 0) / logarithms.length;
  const variance = logarithms.reduce((sum, value) => sum + (value - mean) ** 2, 0) / logarithms.length;
  expect(Math.abs(mean)).toBeLessThan(0.001);
  expect(Math.abs(Math.sqrt(variance) - JITTER_SIGMA)).toBeLessThan(0.001);
});
