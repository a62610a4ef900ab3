import { beforeEach, describe, expect, it } from 'vitest';
import { nodeIdToBytes } from '../../../../lib/engine/node-id.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { streamTag } from '../../../../lib/engine/wire/stream-tag.js';
import { idOf } from '../engine-lab.js';
import { BOOT, BroadcastLab, ORIGIN, takeFrom } from './broadcast-lab.js';

const OWN = nodeIdToBytes(idOf(0x80));

let lab: BroadcastLab;
let peer: Peer;

beforeEach(() => {
  lab = new BroadcastLab();
  peer = lab.link(1);
});

const drops = () => lab.context.counters.drops;

describe('an origin that was not heard of', () => {
  it('by a segment: is wanted from its message on', () => {
    lab.segment(peer, 500, 100, { index: 2, count: 4 });
    expect(lab.stream()!.window.missingRanges(1_000)).toEqual([498, 2]);
    expect(drops().segment_lost).toBe(0);
  });

  it('by a digest: its newest segment is wanted, and asked for', () => {
    lab.digest(peer, 8, 1_000, { ageMs: 100 });
    lab.advanceTo(1_100);
    expect(takeFrom(peer).requests).toContainEqual([8, 1]);
  });

  it('by a digest in the midst of a message: then the whole message is wanted', () => {
    lab.digest(peer, 540, 1_000);
    expect(lab.stream()!.window.missingRanges(1_000)).toEqual([540, 1]);
    lab.segment(peer, 530, 1_005, { index: 30, count: 60 });
    expect(lab.stream()!.window.missingRanges(1_000)).toEqual([500, 30, 531, 10]);
    for (let now = 1_005; now < 1_100; now++) lab.advanceTo(now);
    const asked = takeFrom(peer).requests.flatMap(ranges => ranges.filter((_, i) => i % 2 === 0));
    expect(asked).toContain(500);
  });

  it('by a digest: its message of 60 segments is complete when all of them came, in whatever order', () => {
    lab.digest(peer, 540, 1_000);
    lab.segments(peer, 500, 60, 1_001, 530);
    lab.segments(peer, 500, 60, 1_002, 500, 529);
    expect(lab.delivered).toBe(1);
    expect(lab.stream()!.window.hasGap).toBe(false);
  });

  it('by an offer: what is offered is wanted, and nothing before', () => {
    lab.offer(peer, 100_000, 60, 1_000);
    expect(takeFrom(peer).wishes).toEqual([[1, 100_000]]);
    lab.segments(peer, 100_000, 60, 1_010);
    lab.advanceTo(2_000);
    expect(lab.delivered).toBe(1);
    expect([drops().segment_lost, lab.context.counters.repairsRequested]).toEqual([0, 0]);
  });

  it('is none of our business when its news is older than our link with the teller', () => {
    const late = lab.meet(3, { now: 5_000, isSubscriber: true });
    lab.digest(late, 8, 5_500, { ageMs: 600 });
    expect(lab.stream()).toBeUndefined();
    lab.digest(late, 8, 5_500, { ageMs: 400 });
    expect(lab.stream()).toBeDefined();
  });

  it('is none of our business when it has sent nothing', () => {
    lab.digest(peer, 0, 1_000);
    expect(lab.stream()).toBeUndefined();
  });
});

describe('an origin that began anew', () => {
  beforeEach(() => {
    for (const sequence of [1, 2, 9]) lab.segment(peer, sequence, 100);
  });

  it('is told by a segment; what of its former life never came is lost', () => {
    lab.segment(peer, 1, 200, { boot: BOOT + 1 });
    expect(lab.stream()).toMatchObject({ boot: BOOT + 1, newest: 1 });
    expect(drops().segment_lost).toBe(6);
    expect(lab.delivered).toBe(4);
  });

  it('is told by a digest', () => {
    lab.digest(peer, 2, 200, { boot: BOOT + 1 });
    expect(lab.stream()!.boot).toBe(BOOT + 1);
    lab.advanceTo(300);
    expect(takeFrom(peer).requests).toContainEqual([2, 1]);
  });

  it('is told by an offer', () => {
    lab.offer(peer, 3, 60, 200, { boot: BOOT + 1 });
    expect(lab.stream()!.boot).toBe(BOOT + 1);
    expect(takeFrom(peer).wishes).toEqual([[1, 3]]);
  });

  it('is not asked for its former life any more, nor told of it', () => {
    lab.segment(peer, 1, 101, { boot: BOOT + 1 });
    const other = lab.link(2);
    takeFrom(peer);
    lab.advanceTo(60_000);
    expect(takeFrom(peer).requests).toEqual([]);
    expect(new Set(takeFrom(other).digests.map(({ newest }) => newest))).toEqual(new Set([1]));
  });

  it('is not what an older life tells: segments, digests and offers of it count for nothing', () => {
    lab.segment(peer, 1, 200, { boot: BOOT - 1 });
    lab.digest(peer, 99, 200, { boot: BOOT - 1 });
    lab.offer(peer, 99, 60, 200, { boot: BOOT - 1 });
    expect(lab.stream()).toMatchObject({ boot: BOOT, newest: 9, window: { highest: 9 } });
    expect(drops().stale_segment).toBe(1);
    expect(takeFrom(peer).wishes).toEqual([]);
  });

  it('is not ourselves: nobody can tell us of a new life of our own, nor send us our segments', () => {
    lab.digest(peer, 99, 200, { origin: OWN, boot: BOOT + 1 });
    lab.offer(peer, 99, 60, 200, { origin: OWN, boot: BOOT + 1 });
    lab.segment(peer, 99, 200, { origin: OWN, boot: BOOT + 1 });
    expect(lab.stream(OWN)).toMatchObject({ boot: BOOT, newest: 0 });
    expect(drops().own_segment).toBe(1);
  });
});

describe('a continuation', () => {
  const tag = streamTag(ORIGIN, BOOT);

  it('belongs to the stream that has its tag', () => {
    lab.segment(peer, 1, 100, { count: 2 });
    lab.continuation(peer, tag, 2, 101);
    expect(lab.delivered).toBe(1);
  });

  it('is dropped, and counted, when nobody told us of the stream', () => {
    lab.continuation(peer, tag, 2, 100);
    expect(drops().unknown_stream).toBe(1);
    expect(lab.stream()).toBeUndefined();
  });

  it('that came before its stream was known is asked for then', () => {
    lab.continuation(peer, tag, 2, 100);
    lab.segment(peer, 1, 101, { count: 2 });
    lab.digest(peer, 2, 110);
    lab.advanceTo(200);
    expect(takeFrom(peer).requests).toContainEqual([2, 1]);
  });

  it('of a former life is not taken for one of this', () => {
    lab.segment(peer, 1, 100, { count: 2 });
    lab.segment(peer, 1, 200, { boot: BOOT + 1, count: 2 });
    lab.continuation(peer, tag, 2, 201);
    expect(drops().unknown_stream).toBe(1);
    lab.continuation(peer, streamTag(ORIGIN, BOOT + 1), 2, 202);
    expect(lab.delivered).toBe(1);
  });

  it('of our own that comes back is dropped', () => {
    lab.continuation(peer, streamTag(OWN, BOOT), 2, 100);
    expect(drops().own_segment).toBe(1);
  });

  it('of a stream that was forgotten is of an unknown one', () => {
    lab.segment(peer, 1, 100, { count: 2 });
    lab.advanceTo(12 * 60_000);
    lab.continuation(peer, tag, 2, 12 * 60_000);
    expect(drops().unknown_stream).toBe(1);
  });
});

describe('an origin that was silent for long', () => {
  it('is forgotten with all that was under way for it', () => {
    lab.segment(peer, 1, 100);
    lab.offer(peer, 2, 60, 200);
    lab.segment(peer, 10, 300, { origin: new Uint8Array(16).fill(3) });
    lab.advanceTo(12 * 60_000);
    expect([lab.stream(), lab.stream(new Uint8Array(16).fill(3))]).toEqual([undefined, undefined]);
    // What is left is the sweep itself.
    expect(lab.context.timers.size).toBe(1);
    lab.dissemination.check();
  });

  it('is found again by its id', () => {
    lab.segment(peer, 1, 100);
    lab.advanceTo(12 * 60_000);
    lab.segment(peer, 2, 12 * 60_000);
    expect(lab.stream(ORIGIN)).toMatchObject({ newest: 2 });
    expect(lab.delivered).toBe(2);
  });
});
