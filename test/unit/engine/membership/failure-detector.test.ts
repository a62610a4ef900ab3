import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HEARTBEAT_JITTER } from '../../../../lib/engine/peers/heartbeats.js';
import {
  DOUBTFUL_INTERVALS,
  GRACE_INTERVALS,
  judgeSilence,
  nextJudgementMs,
} from '../../../../lib/engine/membership/failure-detector.js';

const HEARTBEAT = { intervalMs: 1_000, missed: 3 };

describe('the silence of a link', () => {
  it.each([
    [0, 'alive'],
    [1_999, 'alive'],
    [2_000, 'doubtful'],
    [3_499, 'doubtful'],
    [3_500, 'dead'],
    [1e9, 'dead'],
  ])('of %d ms at an interval of a second and three missed means %s', (silence, verdict) => {
    expect(judgeSilence(silence, HEARTBEAT)).toBe(verdict);
  });

  it.each([
    [999, 'alive'],
    [1_000, 'doubtful'],
    [1_500, 'dead'],
  ])('of %d ms means %s when a single one may be missed', (silence, verdict) => {
    expect(judgeSilence(silence, { intervalMs: 1_000, missed: 1 })).toBe(verdict);
  });

  it('does not mean death before the last heartbeat that may be missed is late by all its jitter', () => {
    const late = HEARTBEAT.missed * HEARTBEAT.intervalMs * (1 + HEARTBEAT_JITTER);
    expect(judgeSilence(late, HEARTBEAT)).toBe('doubtful');
  });

  it('only ever gets worse', () => {
    const order = ['alive', 'doubtful', 'dead'];
    const heartbeat = fc.record({
      intervalMs: fc.integer({ min: 50, max: 60_000 }),
      missed: fc.integer({ min: 1, max: 100 }),
    });
    fc.assert(
      fc.property(heartbeat, fc.nat(1e7), fc.nat(1e7), (options, a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        expect(order.indexOf(judgeSilence(less, options))).toBeLessThanOrEqual(
          order.indexOf(judgeSilence(more, options)),
        );
      }),
      { seed: 1 },
    );
  });

  it('is judged next exactly when the verdict changes', () => {
    const heartbeat = fc.record({
      intervalMs: fc.integer({ min: 50, max: 60_000 }),
      missed: fc.integer({ min: 1, max: 100 }),
    });
    fc.assert(
      fc.property(heartbeat, fc.nat(1e7), (options, silence) => {
        fc.pre(judgeSilence(silence, options) !== 'dead');
        const next = nextJudgementMs(silence, options);
        expect(next).toBeGreaterThan(silence);
        expect(judgeSilence(next - 1e-6, options)).toBe(judgeSilence(silence, options));
        expect(judgeSilence(next, options)).not.toBe(judgeSilence(silence, options));
      }),
      { seed: 2 },
    );
  });

  it('makes us say Hello again before it means death', () => {
    expect(DOUBTFUL_INTERVALS).toBeLessThan(HEARTBEAT.missed + GRACE_INTERVALS);
  });
});
