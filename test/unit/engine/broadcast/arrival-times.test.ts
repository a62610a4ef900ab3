import { describe, expect, it } from 'vitest';
import {
  ArrivalTimes,
  REMEMBERED_ARRIVALS,
  TIMED_SEGMENTS,
  TIMING_PAUSE_MS,
} from '../../../../lib/engine/broadcast/arrival-times.js';
import { OriginStream } from '../../../../lib/engine/broadcast/origin-stream.js';
import { EngineLab } from '../engine-lab.js';

const linkOf = (number: number) => new OriginStream(new Uint8Array(16), 1, 1, 0).link(new EngineLab().meet(number));

/** Times after segments that came so many ms apart. */
function timesAfter(segments: number, intervalMs: number): ArrivalTimes {
  const times = new ArrivalTimes();
  for (let sequence = 1; sequence <= segments; sequence++) times.first(sequence, new Map(), sequence * intervalMs);
  return times;
}

describe('the arrival of segments', () => {
  it('is remembered for the last ones, and forgotten for those before', () => {
    const times = timesAfter(REMEMBERED_ARRIVALS + 10, 5);
    expect(times.arrivalOf(REMEMBERED_ARRIVALS + 10)).toBe(5 * (REMEMBERED_ARRIVALS + 10));
    expect(times.arrivalOf(11)).toBe(55);
    expect(times.arrivalOf(10)).toBeUndefined();
  });

  it('is unknown of those that never came', () => {
    const times = new ArrivalTimes();
    times.first(3, new Map(), 0);
    expect([1, 2, 4, 3 + REMEMBERED_ARRIVALS].map(sequence => times.arrivalOf(sequence))).toEqual(
      Array(4).fill(undefined),
    );
  });
});

describe('the timed segments', () => {
  it('are all of a stream that takes its time', () => {
    const times = timesAfter(10, TIMING_PAUSE_MS);
    expect(times.opened).toBe(10);
    expect(times.slotOf(1)).toBe(0);
    expect(times.slotOf(10)).toBe(9);
  });

  it('of a fast stream are some of the last third of a second, not the last instant', () => {
    const times = timesAfter(1_000, 1);
    expect(times.opened).toBe(1_000 / TIMING_PAUSE_MS);
    const timed = Array.from({ length: 1_000 }, (_, i) => i + 1).filter(sequence => times.slotOf(sequence) >= 0);
    expect(timed).toHaveLength(TIMED_SEGMENTS);
    expect(timed.at(-1)! - timed[0]!).toBe((TIMED_SEGMENTS - 1) * TIMING_PAUSE_MS);
  });

  it('take the place of the oldest, and what links noted of it is void', () => {
    const times = new ArrivalTimes();
    const [noting, idle] = [linkOf(1), linkOf(2)];
    const links = new Map([noting, idle].map(link => [link.peer, link]));
    for (let sequence = 1; sequence <= TIMED_SEGMENTS; sequence++) {
      times.first(sequence, links, sequence * TIMING_PAUSE_MS);
      noting.time(times.slotOf(sequence), sequence * TIMING_PAUSE_MS);
    }
    times.first(TIMED_SEGMENTS + 1, links, (TIMED_SEGMENTS + 1) * TIMING_PAUSE_MS);
    expect(times.slotOf(1)).toBe(-1);
    expect(times.slotOf(TIMED_SEGMENTS + 1)).toBe(0);
    expect(noting.times![0]).toBeNaN();
    expect(noting.times![1]).toBe(2 * TIMING_PAUSE_MS);
    expect(idle.times).toBeUndefined();
  });

  it('are settled when they are old enough for all their copies to have come', () => {
    const times = timesAfter(5, 100);
    expect(times.settledSlots(150, 500)).toEqual([0, 1, 2]);
    expect(times.settledSlots(150, 549)).toEqual([0, 1, 2]);
    expect(times.settledSlots(150, 550)).toEqual([0, 1, 2, 3]);
    expect(new ArrivalTimes().settledSlots(0, 1e9)).toEqual([]);
  });
});
