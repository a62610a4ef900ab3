import { beforeEach, describe, expect, it } from 'vitest';
import {
  EXCUSE_MS,
  LATE_TIMER_MS,
  LocalHealth,
  RECOVERY_MS,
  WORST_SCORE,
} from '../../../../lib/engine/membership/local-health.js';

let health: LocalHealth;

beforeEach(() => {
  health = new LocalHealth();
});

describe('a node without trouble', () => {
  it('takes no longer than needed until a verdict, and may judge at once', () => {
    expect([health.score(0), health.factor(0), health.silentUntil]).toEqual([0, 1, -Infinity]);
  });
});

describe('trouble', () => {
  it('stretches the time until a verdict by its whole length, each time', () => {
    for (let times = 1; times <= WORST_SCORE; times++) {
      health.trouble(0);
      expect(health.factor(0)).toBe(1 + times);
    }
  });

  it('does not make it worse than the worst score', () => {
    for (let times = 0; times < 100; times++) health.trouble(0);
    expect(health.score(0)).toBe(WORST_SCORE);
  });

  it.each([
    [RECOVERY_MS - 1, 3],
    [RECOVERY_MS, 2],
    [2 * RECOVERY_MS - 1, 2],
    [2 * RECOVERY_MS, 1],
    [3 * RECOVERY_MS, 0],
    [1e9, 0],
  ])('is forgiven point by point: %d ms later the score is %d', (later, score) => {
    for (let times = 0; times < 3; times++) health.trouble(1_000);
    expect(health.score(1_000 + later)).toBe(score);
  });

  it('adds to what is not forgiven yet, and the time to be forgiven begins anew', () => {
    health.trouble(0);
    health.trouble(0);
    health.trouble(RECOVERY_MS);
    expect(health.score(RECOVERY_MS)).toBe(2);
    expect(health.score(2 * RECOVERY_MS - 1)).toBe(2);
    expect(health.score(2 * RECOVERY_MS)).toBe(1);
  });
});

describe('a timer', () => {
  it('that is a little late says nothing', () => {
    health.woke(2_000, LATE_TIMER_MS - 1);
    expect([health.score(2_000), health.silentUntil]).toEqual([0, -Infinity]);
  });

  it('that is late says that the process did not run: it is trouble, and nobody is judged for a while', () => {
    health.woke(1_000 + LATE_TIMER_MS, LATE_TIMER_MS);
    expect(health.score(1_000 + LATE_TIMER_MS)).toBe(1);
    expect(health.silentUntil).toBe(1_000 + LATE_TIMER_MS + EXCUSE_MS);
  });

  it('that was not wanted at all is never late', () => {
    health.woke(1e9, -Infinity);
    expect([health.score(1e9), health.silentUntil]).toEqual([0, -Infinity]);
  });

  it('that is in time takes no excuse back', () => {
    health.woke(20_000, 20_000);
    health.woke(20_010, 0);
    expect(health.silentUntil).toBe(20_000 + EXCUSE_MS);
  });
});
