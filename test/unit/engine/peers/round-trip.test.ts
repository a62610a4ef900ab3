import { describe, expect, it } from 'vitest';
import { ROUND_TRIP_WINDOW_MS, RoundTrip } from '../../../../lib/engine/peers/round-trip.js';

describe('the round trip of a link', () => {
  it('is unknown before the first sample, and is the first sample after it', () => {
    const roundTrip = new RoundTrip();
    expect(roundTrip).toMatchObject({ smoothedMs: undefined, minimumMs: Infinity });
    roundTrip.sample(80, 0);
    expect(roundTrip).toMatchObject({ smoothedMs: 80, minimumMs: 80 });
  });

  it('moves by an eighth of the difference with each sample', () => {
    const roundTrip = new RoundTrip();
    for (const ms of [80, 160, 90]) roundTrip.sample(ms, 0);
    expect(roundTrip).toMatchObject({ smoothedMs: 90, minimumMs: 80 });
  });
});

describe('the least round trip', () => {
  it('is that of all samples of the window, in any order', () => {
    const roundTrip = new RoundTrip();
    for (const [i, ms] of [30, 10, 20].entries()) roundTrip.sample(ms, i);
    expect(roundTrip.minimumMs).toBe(10);
  });

  it('is remembered for at least one window, and forgotten after two', () => {
    const roundTrip = new RoundTrip();
    roundTrip.sample(10, 0);
    const seen: [number, number][] = [];
    for (let now = 5_000; now <= 3 * ROUND_TRIP_WINDOW_MS; now += 5_000) {
      roundTrip.sample(90, now);
      seen.push([now, roundTrip.minimumMs]);
    }
    const forgotten = seen.find(([, ms]) => ms === 90)![0];
    expect(forgotten).toBeGreaterThanOrEqual(ROUND_TRIP_WINDOW_MS);
    expect(forgotten).toBeLessThanOrEqual(2 * ROUND_TRIP_WINDOW_MS);
  });

  it('is that of the next sample after a long silence', () => {
    const roundTrip = new RoundTrip();
    roundTrip.sample(10, 0);
    roundTrip.sample(50, 10 * ROUND_TRIP_WINDOW_MS);
    expect(roundTrip.minimumMs).toBe(50);
  });
});
