import { beforeEach, describe, expect, it } from 'vitest';
import { costOf, Flow, INITIAL_WINDOW_BYTES, LEAST_BURST_BYTES } from '../../../../lib/engine/peers/flow.js';
import { RoundTrip } from '../../../../lib/engine/peers/round-trip.js';

const SESSION = 7;
const WINDOW = 1_000_000;

let heartbeats: RoundTrip;
let flow: Flow;
let counter: number;

beforeEach(() => {
  heartbeats = new RoundTrip();
  heartbeats.sample(40, 0);
  flow = new Flow(true, heartbeats);
  counter = 0;
});

/** Sends full datagrams as long as they may go at this time. Returns how many that were. */
function sendAll(now: number, most = Infinity): number {
  let datagrams = 0;
  while (datagrams < most && flow.readyAt(now) <= now) {
    flow.sent(SESSION, counter++, 1_200, true, now);
    datagrams++;
  }
  return datagrams;
}

function report(received: number, now: number, window = WINDOW, of = counter - 1): boolean {
  return flow.onReport(SESSION, { counter: of, received, arrivedAt: now - 20, window }, 1, now);
}

describe('data', () => {
  it('goes at once in a burst, then at ten datagrams in a round trip', () => {
    expect(sendAll(0) * 1_200).toBe(LEAST_BURST_BYTES);
    let datagrams = 0;
    for (let now = 1; now <= 40; now++) datagrams += sendAll(now);
    expect(datagrams).toBe(10);
  });

  it('stops when no report comes, and goes on when one does', () => {
    for (let now = 0; now < 2_000; now++) sendAll(now);
    const before = counter;
    expect(sendAll(2_000)).toBe(0);
    expect(flow.underWay).toBeGreaterThan(INITIAL_WINDOW_BYTES / 2);
    report(before, 2_000);
    expect(flow.underWay).toBe(0);
    expect(sendAll(2_001)).toBeGreaterThan(0);
  });

  it('may be under way as far as the peer takes it', () => {
    sendAll(0, 1);
    report(1, 40, 40_000);
    flow.control.rate = 100_000;
    for (let now = 41; now < 60; now++) sendAll(now);
    // What the path holds by itself comes on top: here it is the least round trip at the rate.
    expect(flow.underWay).toBeGreaterThanOrEqual(40_000);
    const local = new Flow(false, heartbeats);
    let sent = 0;
    while (local.readyAt(0) <= 0) local.sent(SESSION, sent++, 1_200, true, 0);
    expect(local.underWay).toBeLessThanOrEqual(INITIAL_WINDOW_BYTES + costOf(1_200, 1));
  });
});

describe('data to the same host', () => {
  it('goes one datagram at a time to a peer that is behind', () => {
    const local = new Flow(false, heartbeats);
    let sent = 0;
    const send = () => {
      const before = sent;
      while (local.readyAt(1) <= 1) local.sent(SESSION, sent++, 16_384, true, 1);
      return sent - before;
    };
    expect(send()).toBeGreaterThan(1);
    local.onReport(SESSION, { counter: sent - 1, received: sent, arrivedAt: 1, window: 100 }, 1, 1);
    expect(send()).toBe(1);
  });
});

describe('a report', () => {
  it('is asked for when enough data has gone, once in a round trip', () => {
    const asked: number[] = [];
    const due: { at: number; counter: number }[] = [];
    // The rate doubles with each round trip: after more of them, each 64 KiB is reason enough.
    for (let now = 0; now < 160; now++) {
      while (due.length > 0 && due[0]!.at <= now) {
        const { counter } = due.shift()!;
        report(counter + 1, now, WINDOW, counter);
      }
      if (sendAll(now) === 0 || !flow.shouldAsk(now)) continue;
      asked.push(now);
      due.push({ at: now + 40, counter: counter - 1 });
    }
    expect(asked.length).toBeGreaterThanOrEqual(4);
    expect(asked.length).toBeLessThanOrEqual(16);
  });

  it('is not asked for by a link that carries next to nothing', () => {
    for (let now = 0; now < 60_000; now += 10_000) {
      flow.readyAt(now);
      flow.sent(SESSION, counter++, 200, true, now);
      expect(flow.shouldAsk(now)).toBe(false);
    }
  });

  it('is not asked for by control, however much', () => {
    for (let now = 0; now < 10_000; now++) {
      flow.sent(SESSION, counter++, 1_200, false, now);
      expect(flow.shouldAsk(now)).toBe(false);
    }
  });

  it('is asked for again when nothing may go without one', () => {
    for (let now = 0; now < 1_000; now++) sendAll(now);
    const asked: number[] = [];
    for (let now = 1_000; now < 3_000; now++) {
      if (flow.readyAt(now) > now && flow.shouldAsk(now)) asked.push(now);
    }
    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(asked.length).toBeLessThanOrEqual(20);
  });

  it('that cannot be true changes nothing', () => {
    sendAll(0, 5);
    expect(report(6, 40)).toBe(false);
    expect(report(5, 40, WINDOW, 5)).toBe(false);
    expect(flow.onReport(SESSION + 1, { counter: 4, received: 5, arrivedAt: 0, window: WINDOW }, 1, 40)).toBe(false);
    expect(report(5, 40)).toBe(true);
    expect(report(5, 41)).toBe(false);
    expect(report(4, 41, WINDOW, 3)).toBe(false);
  });

  it('of a session that is over is ignored, and the new one begins with nothing under way', () => {
    sendAll(0, 5);
    flow.sent(SESSION + 1, 0, 1_200, true, 1);
    expect(flow.underWay).toBe(costOf(1_200, 1));
    expect(report(5, 40)).toBe(false);
  });
});

/** Rounds of 40 ms with ten datagrams each. */
function rounds(count: number, lost: number, arrivesAfter: (round: number) => number): void {
  let received = 0;
  for (let round = 0; round < count; round++) {
    const now = 100 * round;
    for (let i = 0; i < 10; i++) flow.sent(SESSION, counter++, 1_200, true, now);
    received += 10 - lost;
    const arrivedAt = now + arrivesAfter(round);
    flow.onReport(
      SESSION,
      { counter: counter - 1, received, arrivedAt, window: WINDOW },
      1,
      now + 2 * arrivesAfter(round),
    );
  }
}

describe('what is measured of the path', () => {
  it('is the round trip, and how fast what was sent arrives', () => {
    rounds(20, 0, () => 20);
    expect(flow.path.smoothedMs).toBeCloseTo(40, 6);
    expect(flow.path.arrivalRate).toBeCloseTo(120, 6);
    expect([flow.path.queueMs, flow.path.lossShare]).toEqual([0, 0]);
  });

  it('is the share that is lost', () => {
    rounds(60, 3, () => 20);
    expect(flow.path.lossShare).toBeCloseTo(0.3, 2);
    expect(flow.path.arrivalRate).toBeCloseTo(84, 6);
  });

  it('is how long it has to wait on the way', () => {
    rounds(20, 0, round => (round < 10 ? 20 : 32));
    expect(flow.path.queueMs).toBeCloseTo(12, 6);
  });

  it('does not take what is late for lost', () => {
    let received = 0;
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 10; i++) flow.sent(SESSION, counter++, 1_200, true, 100 * round);
      // Every other report comes before three datagrams that it overtook.
      received = counter - (round % 2 === 0 ? 3 : 0);
      flow.onReport(
        SESSION,
        { counter: counter - 1, received, arrivedAt: 100 * round, window: WINDOW },
        1,
        100 * round + 40,
      );
    }
    expect(flow.path.datagramsLost).toBe(0);
  });
});
