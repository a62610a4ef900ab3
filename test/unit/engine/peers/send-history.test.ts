import { beforeEach, describe, expect, it } from 'vitest';
import { SendHistory } from '../../../../lib/engine/peers/send-history.js';

let history: SendHistory;
const found = { sentAt: 0, bytes: 0 };

beforeEach(() => {
  history = new SendHistory();
});

describe('the history of what was sent', () => {
  it('tells when a datagram left, and how many bytes had gone by then', () => {
    for (let counter = 0; counter < 10; counter++) history.add(counter, 100, 10 * counter);
    expect(history.find(4, found)).toBe(true);
    expect(found).toEqual({ sentAt: 40, bytes: 500 });
    expect([history.next, history.bytes]).toEqual([10, 1_000]);
  });

  it('takes the datagrams of one instant together', () => {
    for (let counter = 0; counter < 1_000; counter++) history.add(counter, 100, 5);
    expect(history.find(499, found)).toBe(true);
    expect(found).toEqual({ sentAt: 5, bytes: 50_000 });
    expect(history.find(999, found)).toBe(true);
    expect(found.bytes).toBe(100_000);
  });

  it('knows nothing of what was not sent, nor of what lies before what was asked for', () => {
    expect(history.find(0, found)).toBe(false);
    for (let counter = 0; counter < 10; counter++) history.add(counter, 100, counter);
    expect(history.find(10, found)).toBe(false);
    expect(history.find(5, found)).toBe(true);
    expect(history.find(3, found)).toBe(false);
    expect(history.find(5, found)).toBe(true);
  });

  it('forgets the oldest when a report does not come, and keeps a bound', () => {
    for (let counter = 0; counter < 5_000; counter++) history.add(counter, 100, counter);
    expect(history.find(100, found)).toBe(false);
    expect(history.find(4_990, found)).toBe(true);
    expect(found).toEqual({ sentAt: 4_990, bytes: 499_100 });
  });

  it('of a link that is hardly used forgets what is older than ten seconds, and takes no more room', () => {
    for (let counter = 0; counter < 17; counter++) history.add(counter, 100, 1_000 * counter);
    expect(history.find(5, found)).toBe(false);
    expect(history.find(6, found)).toBe(true);
    expect(found).toEqual({ sentAt: 6_000, bytes: 700 });
  });

  it('that is younger takes as much room as it needs', () => {
    for (let counter = 0; counter < 17; counter++) history.add(counter, 100, 600 * counter);
    expect(history.find(0, found)).toBe(true);
  });

  it('begins anew with a session', () => {
    history.add(0, 100, 1);
    history.reset();
    expect(history.find(0, found)).toBe(false);
    history.add(0, 70, 2);
    expect(history.find(0, found)).toBe(true);
    expect(found).toEqual({ sentAt: 2, bytes: 70 });
  });
});
