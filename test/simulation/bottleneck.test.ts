import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { Bottleneck, Clock } from './bottleneck/bottleneck.js';
import { OurSender } from './bottleneck/our-sender.js';
import { TcpSender } from './bottleneck/tcp-sender.js';

interface Setting {
  readonly mbits: number;
  readonly bufferMs?: number;
  readonly latencyMs?: number;
  readonly jitterMs?: number;
  readonly loss?: number;
  /** When each of our senders starts, ms. */
  readonly ours?: readonly number[];
  readonly tcps?: readonly number[];
  readonly deafUntil?: number;
  readonly seed?: number;
  readonly warmUpMs?: number;
  readonly ms?: number;
}

/** Senders at one bottleneck. Shares are of the payload that arrives, by the rate of the link. */
function run(setting: Setting) {
  const { mbits, bufferMs = 50, latencyMs = 0.1, jitterMs = 0, loss = 0, ours = [0], tcps = [] } = setting;
  const { deafUntil = 0, seed = 1, warmUpMs = 0, ms = 10_000 } = setting;
  const clock = new Clock();
  const link = new Bottleneck(clock, mbits * 125, bufferMs);
  const random = new SeededRandom(seed);
  const path = { latencyMs, jitterMs, loss, deafUntil };
  const senders = ours.map(startAt => new OurSender(clock, link, random, { ...path, startAt }));
  const rivals = tcps.map(startAt => new TcpSender(clock, link, latencyMs, startAt));
  clock.run(warmUpMs);
  link.reset();
  const before = [...senders, ...rivals].map(sender => sender.delivered);
  clock.run(warmUpMs + ms);
  const shares = [...senders, ...rivals].map((sender, i) => (sender.delivered - before[i]!) / ms / link.rate);
  return { shares, share: shares[0]!, loss: link.lossShare, waitMs: link.waitPercentile(0.5) };
}

/** Jain's index: 1 when all have the same, 1/n when one has everything. */
function fairness(shares: readonly number[]): number {
  const sum = shares.reduce((a, b) => a + b, 0);
  return sum ** 2 / (shares.length * shares.reduce((a, b) => a + b ** 2, 0));
}

describe('one sender at a bottleneck', () => {
  // Headers take 3.4 % of the link.
  it.each([
    { mbits: 10, latencyMs: 0.1 },
    { mbits: 100, latencyMs: 0.1 },
    { mbits: 100, latencyMs: 20 },
  ])('fills it without filling its buffer: %o', setting => {
    const { share, loss, waitMs } = run(setting);
    expect(share).toBeGreaterThanOrEqual(0.9);
    expect(loss).toBeLessThanOrEqual(0.01);
    expect(waitMs).toBeLessThanOrEqual(20);
  });

  it('fills a slow one, too', () => {
    expect(run({ mbits: 1 }).share).toBeGreaterThanOrEqual(0.8);
  });

  it.each([{ latencyMs: 0.1 }, { latencyMs: 20 }])('leaves a deep buffer nearly empty: %o', setting => {
    expect(run({ mbits: 100, bufferMs: 500, ...setting }).waitMs).toBeLessThanOrEqual(20);
  });

  it('is not slowed down by a path on which delays vary', () => {
    expect(run({ mbits: 100, latencyMs: 20, jitterMs: 10 }).share).toBeGreaterThanOrEqual(0.85);
  });
});

/** Five seconds at 100 Mbit/s, and a little more, then so much. */
function slowedTo(mbits: number, laterMs = 0) {
  const clock = new Clock();
  const link = new Bottleneck(clock, 12_500, 50);
  const path = { latencyMs: 5, jitterMs: 0.2, loss: 0, startAt: 0 };
  const sender = new OurSender(clock, link, new SeededRandom(1), path);
  clock.run(5_000 + laterMs);
  link.rate = mbits * 125;
  clock.run(7_000 + laterMs);
  link.reset();
  const before = sender.delivered;
  clock.run(12_000 + laterMs);
  return {
    share: (sender.delivered - before) / 5_000 / link.rate,
    loss: link.lossShare,
    wait: link.waitPercentile(0.5),
  };
}

describe('a path that becomes slow', () => {
  it.each([70, 40, 20, 5])('is followed within two seconds: to %i Mbit/s', mbits => {
    const { share, loss, wait } = slowedTo(mbits);
    expect(share).toBeGreaterThanOrEqual(0.85);
    expect(loss).toBeLessThanOrEqual(0.01);
    expect(wait).toBeLessThanOrEqual(20);
  });
});

describe('a path that becomes twenty times as slow', () => {
  // While a queue drained nobody looked how much was lost: the path was flooded for many seconds.
  it.each([0, 50, 100, 150, 200, 250])('is not flooded, whatever the sender was about: %i ms later', laterMs => {
    expect(slowedTo(5, laterMs).loss).toBeLessThanOrEqual(0.02);
  });
});

describe('losses without congestion', () => {
  it.each([
    { mbits: 10, latencyMs: 0.1 },
    { mbits: 100, latencyMs: 0.1 },
    { mbits: 100, latencyMs: 20 },
  ])('of 30 % leave at least half of the lossless goodput: %o', setting => {
    expect(run({ ...setting, loss: 0.3 }).share).toBeGreaterThanOrEqual(0.5 * run(setting).share);
  });
});

describe('a path that loses 30 %', () => {
  // With seed 5 a round told of more losses than it had datagrams: the rate fell to the least, and stayed there.
  it.each([1, 5, 7])('keeps its rate for good: seed %i', seed => {
    const { share } = run({ mbits: 10, loss: 0.3, deafUntil: 10_000, seed, warmUpMs: 45_000, ms: 30_000 });
    expect(share).toBeGreaterThanOrEqual(0.6);
  });
});

describe('a receiver that was silent until the rate was the least', () => {
  it.each([{ loss: 0 }, { loss: 0.3 }])('is sent to as fast as before half a minute after it is back: %o', setting => {
    const healthy = run({ mbits: 10, ...setting }).share;
    const { share } = run({ mbits: 10, ...setting, deafUntil: 30_000, warmUpMs: 60_000 });
    expect(share).toBeGreaterThanOrEqual(0.8 * healthy);
  });
});

describe('several senders at a bottleneck', () => {
  const settings = [10, 100].flatMap(mbits => [1, 2, 3].map(seed => ({ mbits, seed })));

  it.each(settings)('of which one comes later share it evenly ten seconds after: %o', setting => {
    const { shares, loss } = run({ ...setting, jitterMs: 0.2, ours: [0, 3_000], warmUpMs: 13_000, ms: 8_000 });
    expect(fairness(shares)).toBeGreaterThanOrEqual(0.95);
    expect(shares[0]! + shares[1]!).toBeGreaterThanOrEqual(0.9);
    expect(loss).toBeLessThanOrEqual(0.01);
  });
});

describe('two senders of which one was a little quicker at the start', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('share evenly in the seconds after: seed %i', seed => {
    const { shares } = run({ mbits: 100, jitterMs: 0.2, seed, ours: [0, 150], warmUpMs: 3_000, ms: 10_000 });
    expect(fairness(shares)).toBeGreaterThanOrEqual(0.9);
  });
});

describe('beside a TCP, which fills the buffer', () => {
  it.each([
    { mbits: 10, ours: [0], tcps: [5_000] },
    { mbits: 10, ours: [5_000], tcps: [0] },
    { mbits: 10, latencyMs: 20, ours: [0], tcps: [0] },
    { mbits: 100, ours: [0], tcps: [0] },
    { mbits: 100, latencyMs: 20, ours: [0], tcps: [0] },
  ])('both have at least 30 %: %o', setting => {
    const { shares } = run({ ...setting, warmUpMs: 10_000, ms: 30_000 });
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.3);
  });

  // What arrives by a short buffer shrinks with the window: here a sender gave way to nothing, and stayed there.
  it.each([2, 3, 4, 5])('a sender holds its own at a buffer of 20 ms, too: seed %i', seed => {
    const setting = { mbits: 10, bufferMs: 20, latencyMs: 0.2, jitterMs: 0.2, seed, ours: [0], tcps: [0] };
    expect(run({ ...setting, warmUpMs: 10_000, ms: 20_000 }).share).toBeGreaterThanOrEqual(0.25);
  });

  it('a sender has the whole link again, and a short queue, soon after that has gone', () => {
    const clock = new Clock();
    const link = new Bottleneck(clock, 1_250, 50);
    const options = { latencyMs: 0.1, jitterMs: 0, loss: 0, startAt: 0 };
    const sender = new OurSender(clock, link, new SeededRandom(1), options);
    const rival = new TcpSender(clock, link, 0.1, 0);
    clock.run(20_000);
    rival.stop();
    clock.run(40_000);
    const before = sender.delivered;
    link.reset();
    clock.run(50_000);
    expect((sender.delivered - before) / 10_000 / link.rate).toBeGreaterThanOrEqual(0.9);
    expect(link.waitPercentile(0.5)).toBeLessThanOrEqual(20);
  });
});
