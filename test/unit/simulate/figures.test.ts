import { describe, expect, it } from 'vitest';
import { atShare, percentilesOf, rounded } from '../../simulate/percentiles.js';
import { RunDigest } from '../../simulate/run-digest.js';

describe('percentiles', () => {
  it('are the nearest ranks', () => {
    const samples = Float64Array.from({ length: 200 }, (_, i) => 200 - i);
    expect(percentilesOf(samples)).toEqual({ p50: 100, p99: 198, max: 200 });
    expect(atShare(samples, 0)).toBe(1);
  });

  it('of one sample are that sample, and of none are 0', () => {
    expect(percentilesOf(Float64Array.of(7))).toEqual({ p50: 7, p99: 7, max: 7 });
    expect(percentilesOf(new Float64Array(0))).toEqual({ p50: 0, p99: 0, max: 0 });
  });

  it('are rounded to five digits', () => {
    expect(rounded(123.45678)).toBe(123.46);
    expect(rounded(0.000123456789)).toBe(0.00012346);
  });
});

function digestOf(fill: (digest: RunDigest) => void): string {
  const digest = new RunDigest();
  fill(digest);
  return digest.hex();
}

function fillBoth(digest: RunDigest): void {
  digest.number(1_234_567_890_123);
  digest.datagram(Uint8Array.from({ length: 33 }, (_, i) => i));
}

describe('the digest of a run', () => {
  it('is the same for the same run, on any machine', () => {
    expect(digestOf(fillBoth)).toBe(digestOf(fillBoth));
    expect(digestOf(fillBoth)).toBe('c22df9c0691fb503');
  });

  it('tells numbers apart in all their 53 bits', () => {
    const digests = [0, 1, 2 ** 31, 2 ** 32, 2 ** 33 + 1, 2 ** 52].map(value => digestOf(each => each.number(value)));
    expect(new Set(digests).size).toBe(6);
  });

  it('tells the order of things', () => {
    const forward = digestOf(digest => [1, 2, 3].forEach(value => digest.number(value)));
    expect(forward).not.toBe(digestOf(digest => [3, 2, 1].forEach(value => digest.number(value))));
  });

  it('tells datagrams apart by their length and each of their first 32 bytes', () => {
    const datagrams = [new Uint8Array(40), new Uint8Array(41)];
    for (let i = 0; i < 32; i++) datagrams.push(Uint8Array.from({ length: 40 }, (_, j) => (i === j ? 1 : 0)));
    expect(new Set(datagrams.map(bytes => digestOf(digest => digest.datagram(bytes)))).size).toBe(34);
  });
});
