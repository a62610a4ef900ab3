import { beforeEach, describe, expect, it } from 'vitest';
import { OriginStream } from '../../../../lib/engine/broadcast/origin-stream.js';
import { isWaiting, waitingOf } from '../../../../lib/engine/broadcast/waiting.js';
import { Priority } from '../../../../lib/engine/peers/outbox.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { Frame } from '../../../../lib/engine/wire/frame.js';
import { pack } from '../insider.js';
import { BOOT, BroadcastLab, ORIGIN } from './broadcast-lab.js';

const stream = new OriginStream(ORIGIN, BOOT, 1, 0);
const PAYLOAD = new Uint8Array(600);

/** The frame of a segment: one of many, or a small message by itself. */
function frame(sequence: number, isSmall = false): Uint8Array {
  if (isSmall) return pack([Frame.segment, 1, ORIGIN, BOOT, sequence, 0, 1, PAYLOAD]);
  return pack([Frame.continuation, 1, stream.tag, sequence, 1, 60, PAYLOAD]);
}

let peer: Peer;

beforeEach(() => {
  peer = new BroadcastLab().link(1);
});

const push = (bytes: Uint8Array) => peer.outbox.push(Priority.bulk, bytes, stream.lane);

describe('what waits for a peer', () => {
  it('reaches from the first to the last segment of longer messages in its outbox', () => {
    for (const sequence of [20, 21, 22]) push(frame(sequence));
    const waiting = waitingOf(stream, peer);
    expect([19, 20, 22, 23].map(sequence => isWaiting(frame(sequence), waiting))).toEqual([false, true, true, false]);
  });

  it('is not known where some were pushed out of their order', () => {
    for (const sequence of [20, 21, 4, 5]) push(frame(sequence));
    const waiting = waitingOf(stream, peer);
    expect([5, 20].map(sequence => isWaiting(frame(sequence), waiting))).toEqual([false, false]);
  });

  it('does not hold small messages, which overtake the others', () => {
    for (const sequence of [20, 22]) push(frame(sequence));
    expect(isWaiting(frame(21, true), waitingOf(stream, peer))).toBe(false);
  });

  it('is nothing when only others of the same lane wait', () => {
    const other = new OriginStream(ORIGIN, BOOT + 1, 1, 0);
    push(frame(20));
    expect(isWaiting(frame(20), waitingOf(other, peer))).toBe(false);
  });

  it('is nothing when nothing waits', () => {
    expect(isWaiting(frame(20), waitingOf(stream, peer))).toBe(false);
  });
});
