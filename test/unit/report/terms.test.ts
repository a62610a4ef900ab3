import { describe, expect, it } from 'vitest';
import { boundText, isKept, type Terms, valueText } from '../../report/terms.js';

const terms = (bound: Terms['bound'], limit: number, unit: Terms['unit'] = ''): Terms => ({
  item: 'Engine',
  conditions: 'none',
  figure: 'time',
  bound,
  limit,
  unit,
});

describe('terms', () => {
  it.each([
    ['at most' as const, [true, true, false]],
    ['at least' as const, [false, true, true]],
    ['below' as const, [true, false, false]],
  ])('of "%s" say on which side of the limit a figure has to be', (bound, kept) => {
    expect([1.9, 2, 2.1].map(measured => isKept(terms(bound, 2), measured))).toEqual(kept);
  });

  it('are not kept by what is not a number', () => {
    for (const bound of ['at most', 'at least', 'below'] as const) expect(isKept(terms(bound, 2), NaN)).toBe(false);
  });

  it('are told with their unit, and a figure that misses them never looks like them', () => {
    expect(boundText(terms('at least', 0.7, 'x'))).toBe('at least 0.7x');
    expect(boundText(terms('below', 60, 's'))).toBe('below 60 s');
    expect(boundText(terms('at most', 0.05, '%'))).toBe('at most 5 %');
    expect(valueText(0.6999, 'x')).toBe('0.6999x');
    expect(valueText(NaN, 'ms')).toBe('–');
  });
});
