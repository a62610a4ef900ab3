import { describe, expect, it } from 'vitest';
import { greatCircleKm, latencyMicroseconds, LOCAL_LATENCY_MS, REGIONS } from '../../simulate/regions.js';

const region = (name: string) => REGIONS.find(each => each.name === name)!;

describe('regions', () => {
  it('are sixteen of different names', () => {
    expect(new Set(REGIONS.map(each => each.name)).size).toBe(16);
  });

  it.each([
    ['us-east-1', 'eu-west-1', 5_460],
    ['us-east-1', 'ap-northeast-1', 10_890],
    ['eu-central-1', 'ap-southeast-1', 10_270],
    ['sa-east-1', 'af-south-1', 6_350],
    ['ap-southeast-2', 'sa-east-1', 13_350],
  ])('%s and %s are as far apart as on a globe', (a, b, km) => {
    expect(Math.abs(greatCircleKm(region(a), region(b)) - km)).toBeLessThan(0.02 * km);
    expect(greatCircleKm(region(b), region(a))).toBeCloseTo(greatCircleKm(region(a), region(b)), 6);
  });

  it('take a local latency inside, and a millisecond more for each 150 km between them', () => {
    for (const a of REGIONS) {
      expect(latencyMicroseconds(a, a)).toBe(1_000 * LOCAL_LATENCY_MS);
      for (const b of REGIONS) {
        const expected = 1_000 * (0.35 + greatCircleKm(a, b) / 150);
        expect(Math.abs(latencyMicroseconds(a, b) - expected)).toBeLessThanOrEqual(0.5);
        expect(Number.isInteger(latencyMicroseconds(a, b))).toBe(true);
      }
    }
  });

  it('are half of the Earth apart at most', () => {
    const here = { name: 'here', latitude: 10, longitude: 20 };
    const antipode = { name: 'antipode', latitude: -10, longitude: -160 };
    expect(greatCircleKm(here, antipode)).toBeCloseTo(Math.PI * 6_371, 3);
  });
});
