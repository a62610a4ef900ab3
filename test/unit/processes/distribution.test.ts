import { expect, it } from 'vitest';
import { distributionOf, mean, median, shareOf } from '../../processes/distribution.js';

it('a distribution has the least value that enough of the samples do not exceed', () => {
  const values = Array.from({ length: 200 }, (_, i) => 200 - i);
  expect(distributionOf(values)).toEqual({ p50: 100, p99: 198, max: 200 });
  expect(distributionOf([7.123])).toEqual({ p50: 7.12, p99: 7.12, max: 7.12 });
  expect(distributionOf([])).toBeUndefined();
});

it('a median is one of the values, a mean need not be', () => {
  expect([median([9, 1, 5]), mean([9, 1, 6])]).toEqual([5, 16 / 3]);
});

it('a share is told to a hundredth of a percent, and is 0 of nothing', () => {
  expect([shareOf(1, 3), shareOf(1, 0)]).toEqual([0.3333, 0]);
});
