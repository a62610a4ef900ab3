import { describe, expect, it } from 'vitest';
import { Counters, DROP_REASONS } from '../../../lib/engine/counters.js';

describe('counters', () => {
  it('begin at zero, with every reason for a drop', () => {
    const record = new Counters().record();
    for (const reason of DROP_REASONS) expect(record[`drop.${reason}`]).toBe(0);
    expect(Object.values(record).every(value => value === 0)).toBe(true);
  });

  it('count drops one by one or many at once', () => {
    const counters = new Counters();
    counters.drop('malformed');
    counters.drop('segment_lost', 5);
    counters.drop('segment_lost', 0);
    expect(counters.record()).toMatchObject({ 'drop.malformed': 1, 'drop.segment_lost': 5 });
  });

  it('count what sessions refuse by what it means to an operator', () => {
    const counters = new Counters();
    const refusals = ['too_short', 'closed', 'expired', 'counter_limit', 'replayed', 'too_old', 'forged'] as const;
    for (const refusal of refusals) counters.dropDatagram(refusal);
    expect(counters.drops).toMatchObject({ short: 1, expired: 3, replayed: 2, forged: 1 });
  });

  it('are recorded as plain numbers under flat names', () => {
    const counters = new Counters();
    counters.datagramsSent = 3;
    const record = counters.record();
    expect(record.datagramsSent).toBe(3);
    expect(Object.values(record).every(value => typeof value === 'number')).toBe(true);
  });
});
