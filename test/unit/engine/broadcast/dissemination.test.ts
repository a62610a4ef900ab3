import { describe, expect, it } from 'vitest';
import { MAX_FRAME_BYTES } from '../../../../lib/engine/engine-context.js';
import { MAX_SCOPE_ZONES } from '../../../../lib/engine/wire/segment-frame.js';
import { pack, sendRaw, startPair } from '../insider.js';

const ORIGIN = new Uint8Array(16).fill(9);

const segmentOf = (payload: Uint8Array) => pack([6, 1, ORIGIN, 5, 1, 0, 1, payload]);

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
});
