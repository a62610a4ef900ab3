import { beforeEach, describe, expect, it } from 'vitest';
import { Counters } from '../../../../lib/engine/counters.js';
import { LOOPBACK_DATAGRAM_BYTES, NETWORK_DATAGRAM_BYTES } from '../../../../lib/engine/engine-context.js';
import {
  BLACK_HOLE_DATAGRAMS,
  BLACK_HOLE_PAUSE_MS,
  DatagramSize,
  LEAST_SIZE_STEP,
  SIZE_PROBE_MS,
  SIZE_RAISE_MS,
} from '../../../../lib/engine/peers/datagram-size.js';
import { SeededRandom } from '../../../../lib/testing/seeded-random.js';

const MOST = 1_452;
const ROUND_TRIP_MS = 40;

let counters: Counters;
let size: DatagramSize;
let now: number;
const { fill } = new SeededRandom(1);

beforeEach(() => {
  counters = new Counters();
  size = sizeOf(MOST);
  now = 0;
});

function sizeOf(limit: number, isSameHost = false): DatagramSize {
  const made = new DatagramSize(limit, counters);
  made.begin(isSameHost);
  return made;
}

/** Full datagrams go for a while over a path that takes so many bytes. Returns the sizes of the probes. */
function busyFor(ms: number, pathBytes: number): number[] {
  const probes: number[] = [];
  for (const until = now + ms; now < until; now += 10) {
    size.wasFull();
    const bytes = size.probeDue(ROUND_TRIP_MS, now);
    if (bytes === 0) continue;
    probes.push(bytes);
    const token = size.probe(bytes, fill, now).slice();
    if (bytes <= pathBytes) size.answered(token);
  }
  return probes;
}

describe('datagrams to a peer', () => {
  it('have at first the size that gets through everywhere', () => {
    expect(size.bytes).toBe(NETWORK_DATAGRAM_BYTES);
  });

  it('have another one on the same host, where nothing is probed', () => {
    size = sizeOf(MOST, true);
    expect(busyFor(10_000, Infinity)).toEqual([]);
    expect(size.bytes).toBe(LOOPBACK_DATAGRAM_BYTES);
  });

  it('grow to the largest size with one probe where that gets through', () => {
    expect(busyFor(10_000, 1_500)).toEqual([MOST]);
    expect(size.bytes).toBe(MOST);
    expect(counters).toMatchObject({ sizeProbes: 1, sizeProbesLost: 0 });
  });

  it.each([1_200, 1_232, 1_300, 1_400, 1_451])('come near to what a path takes that takes %d bytes', pathBytes => {
    const probes = busyFor(60_000, pathBytes);
    expect(size.bytes).toBeLessThanOrEqual(pathBytes);
    expect(size.bytes).toBeGreaterThan(pathBytes - 2 * LEAST_SIZE_STEP);
    expect(probes.length).toBeLessThanOrEqual(5);
    expect(new Set(probes).size).toBe(probes.length);
  });

  it('find jumbo frames where there are some, and an ordinary path where there are none', () => {
    size = sizeOf(8_900);
    expect(busyFor(10_000, 9_000)).toEqual([8_900]);
    size = sizeOf(8_900);
    expect(busyFor(60_000, 1_472).length).toBeLessThanOrEqual(10);
    expect(size.bytes).toBeGreaterThan(1_452);
    expect(size.bytes).toBeLessThanOrEqual(1_472);
  });

  it('stay as they are when larger ones are not allowed', () => {
    size = sizeOf(NETWORK_DATAGRAM_BYTES);
    expect(busyFor(10_000, Infinity)).toEqual([]);
  });
});

describe('a probe', () => {
  it('is not sent while datagrams do not fill up', () => {
    expect(size.probeDue(ROUND_TRIP_MS, 0)).toBe(0);
  });

  it('is waited for for a second, or four round trips', () => {
    size.wasFull();
    size.probe(size.probeDue(1_000, 0), fill, 0);
    size.wasFull();
    expect(size.probeDue(1_000, SIZE_PROBE_MS + 1)).toBe(0);
    size.wasFull();
    expect(size.probeDue(1_000, 4_000)).toBe((NETWORK_DATAGRAM_BYTES + MOST) / 2);
  });

  it('is answered by its own token only, and once', () => {
    size.wasFull();
    const token = size.probe(size.probeDue(ROUND_TRIP_MS, 0), fill, 0).slice();
    expect(size.answered(new Uint8Array(8))).toBe(false);
    expect(size.answered(token)).toBe(true);
    expect(size.answered(token)).toBe(false);
  });

  it('of the same size comes again only after the system has forgotten what it may have learned', () => {
    expect(busyFor(SIZE_RAISE_MS, 1_200).filter(bytes => bytes === MOST)).toHaveLength(1);
    busyFor(60_000, 1_500);
    expect(size.bytes).toBe(MOST);
  });
});

/** So many full datagrams go, and so many are missing when the report comes. */
function report(datagrams: number, missing: number, counter: number): void {
  for (let i = 0; i < datagrams; i++) size.sent(size.bytes);
  size.asked(counter, now);
  size.reported(counter, missing, now);
}

describe('a path that takes larger datagrams no more', () => {
  beforeEach(() => {
    busyFor(100, 1_500);
    report(20, 3, 100);
  });

  it('gets those that get through everywhere again, and is left alone for a minute', () => {
    report(BLACK_HOLE_DATAGRAMS, 3 + BLACK_HOLE_DATAGRAMS, 200);
    expect(size.bytes).toBe(NETWORK_DATAGRAM_BYTES);
    expect(counters.blackHoles).toBe(1);
    expect(busyFor(BLACK_HOLE_PAUSE_MS - 100, 1_500)).toEqual([]);
    expect(busyFor(1_000, 1_500)).toEqual([MOST]);
  });

  it('is noticed in more than one report as well', () => {
    for (let i = 1; i <= BLACK_HOLE_DATAGRAMS; i++) report(1, 3 + i, 100 + i);
    expect(counters.blackHoles).toBe(1);
  });

  it('is not one that loses some of them', () => {
    for (let i = 1; i < 50; i++) report(10, 3 + 9 * i, 100 + 20 * i);
    expect(counters.blackHoles).toBe(0);
    expect(size.bytes).toBe(MOST);
  });

  it('is not one that loses small ones', () => {
    for (let i = 1; i < 50; i++) report(0, 3 + 10 * i, 100 + 20 * i);
    expect(counters.blackHoles).toBe(0);
  });
});

describe('another path', () => {
  it('is known as little as any', () => {
    busyFor(100, 1_500);
    size.begin(false);
    expect(size.bytes).toBe(NETWORK_DATAGRAM_BYTES);
    expect(busyFor(100, 1_500)).toEqual([MOST]);
  });
});
