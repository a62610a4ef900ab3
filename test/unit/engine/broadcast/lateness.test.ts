import { describe, expect, it } from 'vitest';
import { LEAST_PATIENCE_MS, Lateness, MOST_PATIENCE_MS } from '../../../../lib/engine/broadcast/lateness.js';

function latenessAfter(samples: number, ms: number): Lateness {
  const lateness = new Lateness();
  for (let i = 0; i < samples; i++) lateness.came(ms);
  return lateness;
}

describe('patience with a segment that is known and has not come', () => {
  it('is 30 ms before anything was seen', () => {
    expect(new Lateness().patienceMs).toBe(30);
  });

  it('settles near what segments take when they always take the same', () => {
    const { patienceMs } = latenessAfter(100, 40);
    expect(patienceMs).toBeGreaterThanOrEqual(40);
    expect(patienceMs).toBeLessThan(42);
  });

  it('covers nearly all of what varies', () => {
    const lateness = new Lateness();
    const delays = Array.from({ length: 400 }, (_, i) => 20 + ((i * 7) % 11) * 2);
    const late = delays.filter(ms => {
      const isLate = ms > lateness.patienceMs;
      lateness.came(ms);
      return isLate;
    });
    expect(late.length).toBeLessThan(delays.length / 50);
  });

  it('is less after segments that came only because we asked', () => {
    const lateness = latenessAfter(20, 40);
    const before = lateness.patienceMs;
    lateness.cameByAsking();
    expect(lateness.patienceMs).toBeLessThan(before);
  });

  it('is more after a segment came by itself that we had asked for', () => {
    const lateness = latenessAfter(20, 10);
    const before = lateness.patienceMs;
    lateness.askedTooSoon();
    expect(lateness.patienceMs).toBeGreaterThan(before);
  });

  it('is never less than a moment, however often asking was the only way', () => {
    const lateness = new Lateness();
    for (let i = 0; i < 1_000; i++) lateness.cameByAsking();
    expect(lateness.patienceMs).toBe(LEAST_PATIENCE_MS);
  });

  it('is never more than its bound, and a single stray sample cannot spoil it for long', () => {
    const lateness = latenessAfter(1, 1e9);
    expect(lateness.patienceMs).toBeLessThanOrEqual(MOST_PATIENCE_MS);
    for (let i = 0; i < 40; i++) lateness.came(5);
    expect(lateness.patienceMs).toBeLessThan(10);
    for (let i = 0; i < 100; i++) lateness.askedTooSoon();
    expect(lateness.patienceMs).toBe(MOST_PATIENCE_MS);
  });
});
