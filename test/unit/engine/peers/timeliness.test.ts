import { describe, expect, it } from 'vitest';
import { Timeliness } from '../../../../lib/engine/peers/timeliness.js';

function timelinessOf(...samples: number[]): Timeliness {
  const timeliness = new Timeliness();
  for (const ms of samples) timeliness.sample(ms);
  return timeliness;
}

describe('the timeliness of a link', () => {
  it('is unknown before the first sample', () => {
    expect(timelinessOf()).toMatchObject({ behindMs: undefined, samples: 0 });
  });

  it('is the mean of the first samples', () => {
    expect(timelinessOf(30)).toMatchObject({ behindMs: 30, samples: 1 });
    expect(timelinessOf(30, 0, 0).behindMs).toBeCloseTo(10);
  });

  it('follows a change within some tens of samples, and one late copy hardly moves it', () => {
    const steady = Array.from({ length: 100 }, () => 10);
    expect(timelinessOf(...steady, 100).behindMs).toBeLessThan(16);
    expect(timelinessOf(...steady, ...steady.map(() => 50)).behindMs).toBeGreaterThan(49);
  });

  it('begins anew when it is reset', () => {
    const timeliness = timelinessOf(30, 50);
    timeliness.reset();
    expect(timeliness).toMatchObject({ behindMs: undefined, samples: 0 });
  });
});
