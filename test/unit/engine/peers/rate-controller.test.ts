import { beforeEach, describe, expect, it } from 'vitest';
import {
  AFTER_DRAIN_SHARE,
  DRAIN_SHARE,
  growth,
  IDLE_HALVING_MS,
  LEAST_RATE,
  MOST_FALL,
  NO_REPORT_MS,
  RateController,
} from '../../../../lib/engine/peers/rate-controller.js';
import { EMPTY_QUEUE_MS, QUEUE_MS, type Round } from '../../../../lib/engine/peers/round.js';

const QUIET: Round = {
  ms: 25,
  roundTripMs: 10,
  queueMs: 0,
  noiseMs: 0,
  arrivalRate: 1_000,
  sent: 30,
  missing: 0,
  lost: 0,
  settled: 30,
  isLimited: true,
  isTelling: true,
  growthShare: 1,
};

let control: RateController;
let now: number;

/** One round after the other. */
function rounds(count: number, round: Partial<Round> = {}): void {
  for (let i = 0; i < count; i++) control.onRound({ ...QUIET, ...round }, (now += 25));
}

beforeEach(() => {
  control = new RateController();
  control.start(100);
  now = 0;
});

/** A link that has found 1,000 bytes per ms and is steady. */
function steady(): void {
  rounds(1, { queueMs: 20 });
  rounds(1);
  control.rate = 1_000;
}

describe('the start', () => {
  it('doubles the rate while more and more arrives', () => {
    for (let rate = 100; rate <= 800; rate *= 2) {
      expect(control.rate).toBe(rate);
      rounds(1, { arrivalRate: rate });
    }
  });

  it('does not when there was not that much to send', () => {
    rounds(5, { isLimited: false });
    expect(control.rate).toBe(100);
  });

  it('ends when a queue grows, at less than what arrives', () => {
    rounds(3, { arrivalRate: 300 });
    rounds(1, { arrivalRate: 500, queueMs: 9 });
    expect(control.mode).toBe('drain');
    expect(control.rate).toBeCloseTo(DRAIN_SHARE * 500, 6);
  });

  it('ends when no more arrives though more is sent', () => {
    for (let i = 0; i < 10 && control.mode === 'start'; i++) rounds(1, { arrivalRate: 300 });
    expect(control.mode).toBe('drain');
    expect(control.rate).toBeLessThanOrEqual(300);
  });

  it('ends when most is lost', () => {
    rounds(1, { missing: 20, isTelling: false });
    expect(control.mode).toBe('drain');
    expect(control.rate).toBeLessThan(50);
  });
});

describe('a steady link', () => {
  beforeEach(steady);

  it('grows by a datagram in a round, and faster while there is no queue at all', () => {
    rounds(1, { queueMs: 5 });
    expect(control.rate).toBeCloseTo(1_000 + growth(1_000), 6);
    const before = control.rate;
    rounds(40);
    expect(control.rate).toBeGreaterThan(before + 80 * growth(before));
  });

  it('grows by its part of that when other links grow as well', () => {
    rounds(1, { queueMs: 5, growthShare: 1 / 4 });
    expect(control.rate).toBeCloseTo(1_000 + growth(1_000) / 4, 6);
  });

  it('does not grow when it is not used up', () => {
    rounds(20, { isLimited: false });
    expect(control.rate).toBe(1_000);
  });

  it('gives way to a standing queue, drains it, and goes on at less than what arrived', () => {
    rounds(1, { queueMs: (QUEUE_MS + EMPTY_QUEUE_MS) / 2 + 1, arrivalRate: 980 });
    rounds(1, { queueMs: QUEUE_MS + 1, arrivalRate: 980 });
    expect(control.rate).toBeCloseTo(DRAIN_SHARE * 980, 6);
    rounds(1, { queueMs: EMPTY_QUEUE_MS, arrivalRate: 980 });
    expect(control.rate).toBeCloseTo(DRAIN_SHARE * 980, 6);
    rounds(1, { queueMs: EMPTY_QUEUE_MS - 1, arrivalRate: 833 });
    expect(control.mode).toBe('steady');
    expect(control.rate).toBeCloseTo(AFTER_DRAIN_SHARE * 980, 6);
  });

  it('goes on at even less when less arrives than the last time: somebody else is growing', () => {
    for (const arrivalRate of [900, 860]) {
      control.rate = 1_000;
      rounds(2, { queueMs: QUEUE_MS + 1, arrivalRate });
      rounds(1);
    }
    expect(control.mode).toBe('steady');
    expect(control.rate).toBeCloseTo(DRAIN_SHARE * 860, 6);
  });

  it('hardly grows while a queue does', () => {
    control.rate = 100;
    rounds(1, { queueMs: QUEUE_MS - 1, arrivalRate: 100 });
    expect(control.rate).toBeCloseTo(101, 6);
  });

  it('follows at once when half of what it sends is lost in a round, even while a queue drains', () => {
    const flood: Partial<Round> = {
      queueMs: EMPTY_QUEUE_MS + 2,
      arrivalRate: 50,
      sent: 400,
      missing: 380,
      isTelling: false,
    };
    rounds(1, flood);
    expect(control.rate).toBeCloseTo(DRAIN_SHARE * 50, 6);
    steady();
    rounds(2, { queueMs: QUEUE_MS + 1, arrivalRate: 900 });
    expect(control.mode).toBe('drain');
    rounds(1, flood);
    expect(control.rate).toBeCloseTo(DRAIN_SHARE * 50, 6);
  });

  it('does not mind a process that stands still for a moment: nothing is lost, and the queue is gone in the next round', () => {
    rounds(1, { queueMs: 30, arrivalRate: 300 });
    rounds(1, { queueMs: 0, arrivalRate: 1_700 });
    expect(control.mode).toBe('steady');
    expect(control.rate).toBeGreaterThan(1_000);
  });

  it('does not believe at once that the path has become slow, when that happens with a queue', () => {
    rounds(1, { queueMs: 11, arrivalRate: 1_000 });
    rounds(1, { queueMs: 20, arrivalRate: 200 });
    const cautious = DRAIN_SHARE * MOST_FALL * 1_000;
    expect(control.rate).toBeCloseTo(cautious, 6);
    rounds(1, { queueMs: 15, arrivalRate: cautious });
    expect(control.rate).toBeCloseTo(cautious, 6);
  });

  it('believes it when the next round says so, too', () => {
    rounds(1, { queueMs: 11, arrivalRate: 1_000 });
    rounds(2, { queueMs: 20, arrivalRate: 200 });
    expect(control.rate).toBeCloseTo(DRAIN_SHARE * 200, 6);
  });

  it('believes it at once when much is lost', () => {
    rounds(1, { queueMs: 20, arrivalRate: 200, missing: 50 });
    expect(control.rate).toBeCloseTo(DRAIN_SHARE * 200, 6);
  });

  it('falls to no less than half when more is found missing than was sent in the round: it is of rounds before', () => {
    rounds(1, { queueMs: 20, missing: 90, isTelling: false });
    expect(control.rate).toBe(0.5 * 1_000 * DRAIN_SHARE);
  });

  it('does not mind delays that vary by themselves', () => {
    rounds(20, { queueMs: 12, noiseMs: 3 });
    expect(control.mode).toBe('steady');
  });

  it('does not mind losses that the path has by itself', () => {
    rounds(400, { settled: 30, lost: 9, missing: 9, arrivalRate: 700 });
    expect(control.mode).toBe('steady');
    expect(control.rate).toBeGreaterThan(1_000);
  });

  it('gives way to losses that it has not', () => {
    rounds(100, { lost: 0 });
    const before = control.rate;
    rounds(40, { lost: 3, missing: 3, arrivalRate: before * 0.9 });
    expect(control.rate).toBeLessThan(before);
  });
});

describe('a queue that does not drain', () => {
  beforeEach(() => {
    steady();
    rounds(80, { queueMs: 40, arrivalRate: 500 });
  });

  it('is contested', () => {
    expect(control.mode).toBe('contest');
  });

  it('is contested as a TCP would, by losses alone', () => {
    rounds(20, { queueMs: 40, roundTripMs: 50, arrivalRate: 2_000 });
    const before = control.rate;
    rounds(1, { queueMs: 45, roundTripMs: 50, arrivalRate: 2_000, lost: 1 });
    expect(control.rate).toBeLessThanOrEqual(0.75 * before);
  });

  it('is no longer when it has drained', () => {
    rounds(1, { queueMs: 1 });
    expect(control.mode).toBe('steady');
  });

  it('is looked at now and then, after a loss: perhaps the other has gone', () => {
    rounds(400, { queueMs: 40, arrivalRate: 500 });
    rounds(1, { queueMs: 45, arrivalRate: 500, lost: 1 });
    expect(control.mode).toBe('look');
    const looking = control.rate;
    rounds(6, { queueMs: 30, arrivalRate: 500 });
    expect(control.mode).toBe('contest');
    expect(control.rate).toBeGreaterThan(2 * looking);
  });
});

describe('no report', () => {
  it('halves the rate each second, down to the least', () => {
    control.onSilence(10, 0, NO_REPORT_MS - 1);
    expect(control.rate).toBe(100);
    control.onSilence(10, 0, NO_REPORT_MS);
    control.onSilence(10, 0, NO_REPORT_MS + 1);
    expect(control.rate).toBe(50);
    for (let i = 2; i < 20; i++) control.onSilence(10, 0, i * NO_REPORT_MS);
    expect(control.rate).toBe(LEAST_RATE);
  });

  it('is not missed before some datagrams were sent, which on the slowest link takes seconds', () => {
    control.rate = 2 * LEAST_RATE;
    control.onSilence(10, 0, 1_999);
    expect(control.rate).toBe(2 * LEAST_RATE);
    control.onSilence(10, 0, 2_000);
    expect(control.rate).toBe(LEAST_RATE);
  });

  it('is not missed before four round trips', () => {
    control.onSilence(500, 0, 1_999);
    expect(control.rate).toBe(100);
    control.onSilence(500, 0, 2_000);
    expect(control.rate).toBe(50);
  });
});

describe('a rate that is not used', () => {
  it('falls to that of the start, and is found anew', () => {
    steady();
    control.onIdle(2 * IDLE_HALVING_MS, 1_000);
    expect([control.rate, control.mode]).toEqual([250, 'start']);
    control.onIdle(60 * IDLE_HALVING_MS, 1_000);
    expect(control.rate).toBe(100);
  });
});
