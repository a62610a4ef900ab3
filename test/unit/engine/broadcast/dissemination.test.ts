import { describe, expect, it } from 'vitest';
import { ORIGIN_IDLE_MS } from '../../../../lib/engine/broadcast/origin-stream.js';
import { Wish } from '../../../../lib/engine/broadcast/stream-link.js';
import type { DropReason } from '../../../../lib/engine/counters.js';
import { MAX_FRAME_BYTES } from '../../../../lib/engine/engine-context.js';
import { nodeIdToBytes } from '../../../../lib/engine/node-id.js';
import { Frame } from '../../../../lib/engine/wire/frame.js';
import { MAX_HOPS, MAX_SCOPE_ZONES } from '../../../../lib/engine/wire/segment-frame.js';
import { Priority } from '../../../../lib/engine/peers/outbox.js';
import type { VirtualHomie } from '../../../../lib/testing/virtual-cluster.js';
import { pack, sendRaw, startPair } from '../insider.js';
import { BroadcastLab, ORIGIN as BROADCAST_ORIGIN, takeFrom } from './broadcast-lab.js';

const ORIGIN = new Uint8Array(16).fill(9);
const OTHER = new Uint8Array(16).fill(10);

/** A message of one segment, of an origin far away. */
const segmentOf = (payload: Uint8Array, { hops = 1, boot = 5, sequence = 1, origin = ORIGIN as Uint8Array } = {}) =>
  pack([Frame.segment, hops, origin, boot, sequence, 0, 1, payload]);

/** Three homies that are all linked with each other. */
function startThree() {
  const { cluster, first, second } = startPair();
  const third = cluster.add();
  cluster.network.advanceUntil(() => cluster.homies.every(homie => homie.engine.links.length === 2), 10_000);
  return { cluster, first, second, third };
}

const drops = (homie: VirtualHomie, reason: DropReason) => homie.engine.metrics()[`drop.${reason}`];

describe('cutting a message into segments', () => {
  it('leaves room for sequence numbers that get longer within the message', () => {
    const { cluster, first, second } = startPair();
    // The first message of a node: its sequences begin with one byte and end with three.
    expect(first.broadcast(new Uint8Array(600_000))).toBe('accepted');
    cluster.network.advanceUntil(() => second.arrivals.length > 0, 5_000);
    expect(second.arrivals.map(arrival => arrival.payload.length)).toEqual([600_000]);
    expect(first.engine.metrics()['drop.too_long']).toBe(0);
  });

  it('makes no frame longer than a datagram carries, whatever the zones and the size', () => {
    const { cluster, first } = startPair();
    const zones = Array.from({ length: MAX_SCOPE_ZONES }, (_, i) => `${i}`.padEnd(64, 'z'));
    for (const bytes of [0, 1, 500, 1_000, 1_100, 1_176, 2_000, 70_000]) {
      expect(first.broadcast(new Uint8Array(bytes))).toBe('accepted');
      expect(first.broadcast(new Uint8Array(bytes), zones)).toBe('accepted');
      cluster.advance(200);
    }
    expect(first.engine.metrics()['drop.too_long']).toBe(0);
  });
});

describe('a large message that the pacer sends bit by bit', () => {
  it('is not asked for again while it is on its way', () => {
    const { cluster, first, second } = startPair({ checkEvery: 100 });
    first.broadcast(new Uint8Array(1_048_576));
    cluster.advance(3_000);
    expect(second.arrivals.length).toBe(1);
    expect(second.engine.metrics().repairsRequested).toBe(0);
    expect(first.engine.metrics().segmentsRepaired).toBe(0);
  });
});

describe('a message much larger than the default limit', () => {
  it('is accepted and arrives where the limit allows it', () => {
    const { cluster, first, second } = startPair({ engine: { maxMessageBytes: 16_777_216 }, checkEvery: 1_000 });
    expect(first.broadcast(new Uint8Array(6_000_000))).toBe('accepted');
    cluster.network.advanceUntil(() => second.arrivals.length > 0, 10_000);
    expect(second.arrivals[0]?.payload.length).toBe(6_000_000);
  });
});

describe('a segment from a peer', () => {
  it('is refused when it is too long to be passed on to a peer on another host', () => {
    const { cluster, first, second } = startPair();
    const overhead = segmentOf(new Uint8Array(1_000)).length - 1_000;
    sendRaw(first, second, segmentOf(new Uint8Array(MAX_FRAME_BYTES - overhead)));
    sendRaw(first, second, segmentOf(new Uint8Array(MAX_FRAME_BYTES - overhead + 1)));
    cluster.advance(100);
    expect(second.arrivals.length).toBe(1);
    expect(second.engine.metrics()).toMatchObject({ 'drop.malformed': 1, 'drop.too_long': 0 });
  });

  it('is passed on with one hop more, and otherwise in the same bytes', () => {
    const { cluster, first, second, third } = startThree();
    sendRaw(first, second, segmentOf(Uint8Array.of(7), { hops: 41 }));
    cluster.advance(10);
    expect(third.arrivals).toMatchObject([{ payload: Uint8Array.of(7), hops: 42, receivedFrom: second.id }]);
  });

  it('is handled but not passed on after the last hop', () => {
    const { cluster, first, second, third } = startThree();
    sendRaw(first, second, segmentOf(Uint8Array.of(7), { hops: MAX_HOPS }));
    cluster.advance(10);
    expect([second.arrivals.length, third.arrivals.length]).toEqual([1, 0]);
    expect(drops(second, 'hop_limit')).toBe(1);
  });

  it('is refused when its hops cannot be raised in place', () => {
    const { first, second } = startPair();
    const frame = segmentOf(Uint8Array.of(7), { hops: 5 });
    const inTwoBytes = Uint8Array.of(...frame.subarray(0, 2), 0xcc, 5, ...frame.subarray(3));
    sendRaw(first, second, inTwoBytes);
    expect(drops(second, 'malformed')).toBe(1);
  });

  it('is dropped when it is our own', () => {
    const { first, second } = startPair();
    sendRaw(first, second, segmentOf(Uint8Array.of(7), { origin: nodeIdToBytes(second.id) }));
    expect(drops(second, 'own_segment')).toBe(1);
  });

  it('is dropped when its origin has begun a new life since', () => {
    const { cluster, first, second } = startPair();
    for (const boot of [5, 6, 5]) sendRaw(first, second, segmentOf(Uint8Array.of(boot), { boot }));
    cluster.advance(10);
    expect(second.arrivals.map(arrival => arrival.payload[0])).toEqual([5, 6]);
    expect(drops(second, 'stale_segment')).toBe(1);
  });

  it('is counted as lost with an old life only if it never came', () => {
    const { first, second } = startPair();
    for (const sequence of [1, 2, 9]) sendRaw(first, second, segmentOf(Uint8Array.of(1), { sequence }));
    sendRaw(first, second, segmentOf(Uint8Array.of(1), { boot: 6 }));
    expect(drops(second, 'segment_lost')).toBe(6);
  });

  it('is not handed on when its message is larger than we accept', () => {
    const { cluster, first, second } = startPair({ engine: { maxMessageBytes: 1_024 } });
    sendRaw(first, second, segmentOf(new Uint8Array(1_024)));
    sendRaw(first, second, segmentOf(new Uint8Array(1_025), { sequence: 2 }));
    cluster.advance(10);
    expect(second.arrivals.length).toBe(1);
    expect(drops(second, 'message_refused')).toBe(1);
  });
});

/** A node with two links that passes a stream from the one on to the other. */
function relay() {
  const lab = new BroadcastLab();
  const feed = lab.link(1);
  const subscriber = lab.link(2);
  for (let sequence = 1; sequence <= 5; sequence++) lab.segment(feed, sequence, sequence);
  lab.segment(feed, 1, 6, { origin: OTHER });
  return { lab, subscriber };
}

describe('a link that chokes a stream', () => {
  it('gets nothing more of what waits for it, but the streams of others', () => {
    const { lab, subscriber } = relay();
    lab.wish(subscriber, Wish.silent, 0, 10);
    expect(lab.context.counters.segmentsRetracted).toBe(5);
    lab.advanceTo(30);
    expect(takeFrom(subscriber)).toMatchObject({ segments: [1], digests: [] });
  });

  it('is told what there is, if it wants that', () => {
    const { lab, subscriber } = relay();
    lab.wish(subscriber, Wish.lazy, 0, 10);
    lab.advanceTo(30);
    expect(takeFrom(subscriber)).toMatchObject({ segments: [1], digests: [{ newest: 5 }] });
  });

  it('gets what it asked for all the same', () => {
    const { lab, subscriber } = relay();
    lab.wish(subscriber, Wish.eager, 3, 10);
    takeFrom(subscriber);
    lab.peers.send(
      subscriber,
      Priority.repair,
      segmentOf(new Uint8Array(9), { origin: BROADCAST_ORIGIN, sequence: 2 }),
    );
    lab.wish(subscriber, Wish.silent, 0, 20);
    expect(takeFrom(subscriber).segments).toEqual([2]);
  });
});

describe('streams of others', () => {
  it('are forgotten when they are silent for long, even those of which nothing but a digest came', () => {
    const { cluster, first, second } = startPair({ checkEvery: 100 });
    sendRaw(first, second, pack([Frame.digest, ORIGIN, 5, 3, 0]));
    expect(second.engine.metrics().origins).toBe(2);
    cluster.advance(ORIGIN_IDLE_MS + 20_000);
    expect(second.engine.metrics()).toMatchObject({ origins: 1, streamsWithGaps: 0 });
  });
});
