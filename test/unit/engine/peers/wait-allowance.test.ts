import { describe, expect, it } from 'vitest';
import { WAIT_ALLOWANCE_MS, WaitAllowance, WAIT_ALLOWANCE_SHARE } from '../../../../lib/engine/peers/wait-allowance.js';

/** Asks each ms for so long; returns how often it was waited for. */
function spend(allowance: WaitAllowance, from: number, ms: number): number {
  let waited = 0;
  for (let now = from; now < from + ms; now++) if (allowance.spend(now)) waited++;
  return waited;
}

describe('the time that our messages may wait for a link', () => {
  it('is used up by the time that the link holds us up', () => {
    const waited = spend(new WaitAllowance(), 0, 10 * WAIT_ALLOWANCE_MS);
    expect(waited).toBeGreaterThanOrEqual(WAIT_ALLOWANCE_MS);
    expect(waited).toBeLessThan(WAIT_ALLOWANCE_MS * (1 + 10 * WAIT_ALLOWANCE_SHARE) + 10);
  });

  it('is in the long run a tenth of the time', () => {
    const waited = spend(new WaitAllowance(), 0, 100_000);
    expect(waited / 100_000).toBeGreaterThan(WAIT_ALLOWANCE_SHARE);
    expect(waited / 100_000).toBeLessThan(1.1 * WAIT_ALLOWANCE_SHARE + WAIT_ALLOWANCE_MS / 100_000);
  });

  it('comes back while the link is at rest', () => {
    const allowance = new WaitAllowance();
    spend(allowance, 0, 1_000);
    expect(spend(allowance, 1_000, 100)).toBeLessThan(20);
    allowance.rest(1_100);
    const restedMs = WAIT_ALLOWANCE_MS / WAIT_ALLOWANCE_SHARE;
    expect(spend(allowance, 1_100 + restedMs, WAIT_ALLOWANCE_MS)).toBe(WAIT_ALLOWANCE_MS);
  });
});
