import { expect, it } from 'vitest';
import { DirectDelivery } from '../../simulate/direct-delivery.js';
import { REGIONS } from '../../simulate/regions.js';
import { World } from '../../simulate/world.js';

const world = new World({ regions: REGIONS.slice(0, 2), nodes: 4, loss: 0.5, uplinkMbits: 100, seed: 1 });

/** The same draws of jitter for each question. */
const direct = () => new DirectDelivery(world, 7);

it('one datagram takes what the world takes for it, without loss', () => {
  const expected = (7 + (200 + 24 + 28) * 0.08 + world.latencyBetween(0, 1) + 15) / 1_000;
  expect(Math.abs(direct().delayMs(0, 1, [200]) / expected - 1)).toBeLessThan(0.2);
});

it('many datagrams follow each other as fast as the slowest stage takes them', () => {
  const one = direct().delayMs(0, 1, [1_148]);
  // 1,200 bytes take 96 us at 100 Mbit/s, which is slower than sender and receiver.
  expect(direct().delayMs(0, 1, Array<number>(101).fill(1_148)) - one).toBeCloseTo(9.6, 2);
  const small = direct().delayMs(0, 1, [4]);
  // 56 bytes take 4.5 us: now the receiver with its 15 us is the slowest.
  expect(direct().delayMs(0, 1, Array<number>(101).fill(4)) - small).toBeCloseTo(1.5, 2);
});

it('sending to all takes the uplink for each of them', () => {
  expect(direct().fanOutMs(1_000, [1_148, 1_148])).toBeCloseTo(192, 6);
});
