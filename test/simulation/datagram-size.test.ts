import { describe, expect, it } from 'vitest';
import { NETWORK_DATAGRAM_BYTES } from '../../lib/engine/engine-context.js';
import { BLACK_HOLE_PAUSE_MS, LEAST_SIZE_STEP } from '../../lib/engine/peers/datagram-size.js';
import type { PathModel } from '../../lib/testing/path-model.js';
import { VirtualCluster, type VirtualHomie } from '../../lib/testing/virtual-cluster.js';

const LATENCY_MS = 5;
const MESSAGE_BYTES = 100;

/** All ways drop what is larger than this without a word. */
class NarrowPaths implements PathModel {
  mtu = Infinity;
  /** Sizes of what was sent. */
  readonly sent: number[] = [];

  arrival(_from: number, _to: number, bytes: number, now: number): number {
    this.sent.push(bytes);
    return bytes > this.mtu ? Infinity : now + LATENCY_MS;
  }

  received(_host: number, _bytes: number, now: number): number {
    return now;
  }
}

function pair(maxDatagramBytes: number, mtu: number) {
  const paths = new NarrowPaths();
  paths.mtu = mtu;
  const cluster = new VirtualCluster({ paths, checkEvery: 50, engine: { maxDatagramBytes } });
  const [origin, other] = [cluster.add(), cluster.add()];
  expect(cluster.join()).toBe(true);
  return { paths, cluster, origin, other };
}

/** Many small messages, so that datagrams fill up. Returns how many. */
function burstsFor(cluster: VirtualCluster, origin: VirtualHomie, ms: number): number {
  let messages = 0;
  for (let at = 0; at < ms; at += 100, cluster.advance(100)) {
    for (let i = 0; i < 60; i++, messages++) expect(origin.broadcast(new Uint8Array(MESSAGE_BYTES))).toBe('accepted');
  }
  return messages;
}

/** Datagrams that three seconds of it take where they may have so many bytes. */
function datagramsWith(most: number): number {
  const { cluster, origin, paths } = pair(most, Infinity);
  burstsFor(cluster, origin, 500);
  const before = paths.sent.length;
  burstsFor(cluster, origin, 3_000);
  return paths.sent.length - before;
}

const sizeTo = (origin: VirtualHomie, other: VirtualHomie) => origin.engine.peer(other.id)!.datagramSize.bytes;

describe('a homie that may send larger datagrams', () => {
  it.each([
    [1_452, 1_472],
    [1_452, 1_300],
    [1_452, 1_200],
    [8_900, 8_972],
    [8_900, 1_472],
  ])('of up to %d bytes finds what a path takes that drops all above %d', (most, mtu) => {
    const { cluster, origin, other, paths } = pair(most, mtu);
    const messages = burstsFor(cluster, origin, 15_000);
    cluster.advance(5_000);
    const size = sizeTo(origin, other);
    expect(size).toBeLessThanOrEqual(mtu);
    expect(size).toBeGreaterThan(Math.min(most, mtu) - 2 * LEAST_SIZE_STEP);
    expect(Math.max(...paths.sent)).toBeLessThanOrEqual(most);
    expect(other.arrivals.length).toBe(messages);
    expect(other.engine.metrics()['drop.segment_lost']).toBe(0);
  });

  it('needs fewer of them for small messages', () => {
    const [usual, larger, jumbo] = [1_200, 1_452, 8_900].map(datagramsWith);
    console.log(`datagrams: ${usual} of 1,200 bytes, ${larger} of 1,452, ${jumbo} of 8,900`);
    expect(larger).toBeLessThan(0.95 * usual!);
    expect(jumbo).toBeLessThan(0.5 * usual!);
  });

  it('goes back to those that get through everywhere when the path changes, and loses no message', () => {
    const { cluster, origin, other, paths } = pair(1_452, 1_500);
    let messages = burstsFor(cluster, origin, 1_000);
    expect(sizeTo(origin, other)).toBe(1_452);
    paths.mtu = 1_280;
    messages += burstsFor(cluster, origin, 3_000);
    expect(sizeTo(origin, other)).toBe(NETWORK_DATAGRAM_BYTES);
    expect(origin.engine.metrics().blackHoles).toBe(1);
    cluster.advance(5_000);
    expect(other.arrivals.length).toBe(messages);
    // After a while it looks for what the path takes now.
    cluster.advance(BLACK_HOLE_PAUSE_MS);
    burstsFor(cluster, origin, 8_000);
    expect(sizeTo(origin, other)).toBeGreaterThan(1_280 - 2 * LEAST_SIZE_STEP);
    expect(sizeTo(origin, other)).toBeLessThanOrEqual(1_280);
  });

  it('sends no probe while it has little to say', () => {
    const { cluster, origin, paths } = pair(8_900, 1_500);
    for (let i = 0; i < 20; i++, cluster.advance(1_000)) origin.broadcast(new Uint8Array(MESSAGE_BYTES));
    expect(Math.max(...paths.sent)).toBeLessThanOrEqual(NETWORK_DATAGRAM_BYTES);
    expect(origin.engine.metrics().sizeProbes).toBe(0);
  });
});

describe('a homie with the defaults', () => {
  it('sends nothing larger than what gets through everywhere', () => {
    const { cluster, origin, other, paths } = pair(NETWORK_DATAGRAM_BYTES, 1_200);
    const messages = burstsFor(cluster, origin, 1_000);
    cluster.advance(2_000);
    expect(Math.max(...paths.sent)).toBeLessThanOrEqual(NETWORK_DATAGRAM_BYTES);
    expect(other.arrivals.length).toBe(messages);
  });
});
