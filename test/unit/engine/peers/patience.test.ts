import { describe, expect, it } from 'vitest';
import { MOST_PATIENCE_MS, Patience, PATIENCE_SHARE } from '../../../../lib/engine/peers/patience.js';

/** Asks each ms for so long; returns how often it was waited for. */
function spend(patience: Patience, from: number, ms: number): number {
  let waited = 0;
  for (let now = from; now < from + ms; now++) if (patience.spend(now)) waited++;
  return waited;
}

describe('the patience with a link', () => {
  it('is used up by the time that the link holds us up', () => {
    const waited = spend(new Patience(), 0, 10 * MOST_PATIENCE_MS);
    expect(waited).toBeGreaterThanOrEqual(MOST_PATIENCE_MS);
    expect(waited).toBeLessThan(MOST_PATIENCE_MS * (1 + 10 * PATIENCE_SHARE) + 10);
  });

  it('is in the long run a tenth of the time', () => {
    const waited = spend(new Patience(), 0, 100_000);
    expect(waited / 100_000).toBeGreaterThan(PATIENCE_SHARE);
    expect(waited / 100_000).toBeLessThan(1.1 * PATIENCE_SHARE + MOST_PATIENCE_MS / 100_000);
  });

  it('comes back while the link is at rest', () => {
    const patience = new Patience();
    spend(patience, 0, 1_000);
    expect(spend(patience, 1_000, 100)).toBeLessThan(20);
    patience.rest(1_100);
    const restedMs = MOST_PATIENCE_MS / PATIENCE_SHARE;
    expect(spend(patience, 1_100 + restedMs, MOST_PATIENCE_MS)).toBe(MOST_PATIENCE_MS);
  });
});
