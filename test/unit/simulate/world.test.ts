import { beforeEach, describe, expect, it } from 'vitest';
import { JITTER_SIGMA } from '../../simulate/jitter.js';
import { REGIONS } from '../../simulate/regions.js';
import { RECEIVING_MICROSECONDS, SENDING_MICROSECONDS, World, type WorldOptions } from '../../simulate/world.js';

let world: World;

function makeWorld(options: Partial<WorldOptions> = {}): World {
  return new World({ regions: REGIONS.slice(0, 4), nodes: 16, loss: 0, uplinkMbits: 1_000, seed: 1, ...options });
}

beforeEach(() => (world = makeWorld()));

/** Widest that the jitter spreads a latency, as a share of it. */
const MOST_JITTER = 4 * JITTER_SIGMA;

describe('a datagram', () => {
  it('takes sealing, its time on the uplink, the latency with its jitter, and receiving', () => {
    for (let to = 1; to < 16; to++) {
      const latency = world.latencyBetween(0, to);
      const arrival = 1_000 * world.arrival(0, to, 972, 10 * to) - 10_000 * to;
      const fixed = SENDING_MICROSECONDS + 8 + RECEIVING_MICROSECONDS;
      expect(Math.abs(arrival - fixed - latency)).toBeLessThan(MOST_JITTER * latency + 1);
    }
  });

  it('arrives at a whole microsecond', () => {
    for (let i = 0; i < 100; i++) {
      const arrival = world.arrival(0, 1, 200, i * Math.PI);
      expect(arrival).toBe(Math.round(1_000 * arrival) / 1_000);
    }
  });

  it('is lost as often as the world has it', () => {
    world = makeWorld({ loss: 0.3 });
    const lost = Array.from({ length: 10_000 }, (_, i) => world.arrival(0, 1, 200, i)).filter(at => at === Infinity);
    expect(Math.abs(lost.length / 10_000 - 0.3)).toBeLessThan(0.02);
  });

  it('waits for those before it to be sealed', () => {
    const arrivals = Array.from({ length: 50 }, () => world.arrival(0, 4, 100, 0));
    // The 50th is sealed after 350 us; the latency inside a region is 350 us and varies by a fifth at most.
    expect(1_000 * arrivals[49]!).toBeGreaterThan(50 * SENDING_MICROSECONDS + (1 - MOST_JITTER) * 350);
  });

  it('waits for those before it on a slow uplink', () => {
    world = makeWorld({ uplinkMbits: 1 });
    world.arrival(0, 4, 972, 0);
    // A kilobyte takes 8 ms at 1 Mbit/s.
    expect(world.arrival(0, 4, 972, 0)).toBeGreaterThan(16);
  });
});

describe('a receiver', () => {
  it('that is idle is done when the datagram arrives, which includes the time of receiving', () => {
    expect(world.received(3, 100, 1)).toBe(1);
    expect(world.received(3, 100, 2)).toBe(2);
  });

  it('that is busy takes one after the other', () => {
    expect(world.received(3, 100, 1)).toBe(1);
    expect(world.received(3, 100, 1)).toBe(1.015);
    expect(world.received(3, 100, 1.001)).toBe(1.03);
    expect(world.received(3, 100, 1.045)).toBe(1.045);
  });

  it('that receives cannot send at the same time', () => {
    for (let i = 0; i < 100; i++) world.received(0, 100, 1);
    expect(1_000 * world.arrival(0, 4, 200, 1)).toBeGreaterThan(1_000 + 99 * RECEIVING_MICROSECONDS);
  });
});

it('nodes are spread evenly over the zones', () => {
  const counts = [0, 0, 0, 0];
  for (let node = 0; node < 16; node++) counts[world.zoneOf(node)]!++;
  expect(counts).toEqual([4, 4, 4, 4]);
  expect(world.latencyBetween(0, 4)).toBe(350);
  expect(world.latencyBetween(0, 1)).toBe(world.latencyBetween(5, 8));
});
