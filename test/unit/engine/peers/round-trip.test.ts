import { describe, expect, it } from 'vitest';
import { RoundTrip } from '../../../../lib/engine/peers/round-trip.js';

describe('the round trip of a link', () => {
  it('is unknown before the first sample, and is the first sample after it', () => {
    const roundTrip = new RoundTrip();
    expect(roundTrip.smoothedMs).toBeUndefined();
    roundTrip.sample(80);
    expect(roundTrip).toMatchObject({ smoothedMs: 80, minimumMs: 80 });
  });

  it('moves by an eighth of the difference with each sample', () => {
    const roundTrip = new RoundTrip();
    for (const ms of [80, 160, 90]) roundTrip.sample(ms);
    expect(roundTrip).toMatchObject({ smoothedMs: 90, minimumMs: 80 });
  });

  it('keeps the least of all samples', () => {
    const roundTrip = new RoundTrip();
    for (const ms of [30, 10, 20]) roundTrip.sample(ms);
    expect(roundTrip.minimumMs).toBe(10);
  });
});
