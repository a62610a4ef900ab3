import { beforeEach, describe, expect, it } from 'vitest';
import { CLAIM_MS, FLOOD_SEGMENTS, IDLE_COPIES, STALL_MS } from '../../../../lib/engine/broadcast/large-messages.js';
import { LEAST_SERVICE_MS } from '../../../../lib/engine/broadcast/wish-service.js';
import { MOST_PATIENCE_MS } from '../../../../lib/engine/broadcast/lateness.js';
import { Wish } from '../../../../lib/engine/broadcast/stream-link.js';
import { nodeIdToBytes } from '../../../../lib/engine/node-id.js';
import { OUTBOX_BYTES } from '../../../../lib/engine/peers/outbox.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { idOf } from '../engine-lab.js';
import { BOOT, BroadcastLab, takeFrom } from './broadcast-lab.js';

const COUNT = 60;
const OWN = { origin: nodeIdToBytes(idOf(0x80)), boot: BOOT };

/** Longer than anybody waits for a large message that stalls. */
const STALLED_MS = STALL_MS + MOST_PATIENCE_MS + 1;

let lab: BroadcastLab;
let a: Peer;
let b: Peer;
let c: Peer;

beforeEach(() => {
  lab = new BroadcastLab();
  [a, b, c] = [lab.link(1), lab.link(2), lab.link(3)];
});

/** Bytes of a message of about so many segments. */
const bytesOf = (segments: number) => new Uint8Array((segments - 0.5) * 1_100);

describe('a message of our own', () => {
  it('is flooded when it is small', () => {
    lab.dissemination.broadcast(bytesOf(FLOOD_SEGMENTS), undefined, 100);
    for (const link of [a, b, c]) expect(takeFrom(link)).toMatchObject({ segments: [1, 2, 3, 4], offers: [] });
  });

  it('is offered once to all links when it is large, and not sent', () => {
    lab.dissemination.broadcast(bytesOf(COUNT), undefined, 100);
    for (const link of [a, b, c]) {
      const { segments, offers } = takeFrom(link);
      expect(segments).toEqual([]);
      expect(offers).toEqual([[1, lab.dissemination.lastSequence]]);
    }
  });

  it('is sent to a link that wants it, from where it wants it', () => {
    lab.dissemination.broadcast(bytesOf(COUNT), undefined, 100);
    lab.wish(a, Wish.eager, 1, 110, OWN);
    lab.wish(b, Wish.eager, 11, 110, OWN);
    const last = lab.dissemination.lastSequence;
    expect(takeFrom(a).segments).toEqual(Array.from({ length: last }, (_, i) => i + 1));
    expect(takeFrom(b).segments[0]).toBe(11);
    expect(takeFrom(c).segments).toEqual([]);
  });

  it('is sent at once to a link that wanted the last one, and offered to the others', () => {
    lab.dissemination.broadcast(bytesOf(COUNT), undefined, 100);
    lab.wish(a, Wish.eager, 1, 110, OWN);
    for (const link of [a, b, c]) takeFrom(link);
    const before = lab.dissemination.lastSequence;
    lab.dissemination.broadcast(bytesOf(COUNT), undefined, 5_000);
    expect(takeFrom(a)).toMatchObject({ offers: [], segments: { length: lab.dissemination.lastSequence - before } });
    expect(takeFrom(b)).toMatchObject({ offers: [[before + 1, expect.any(Number)]], segments: [] });
  });

  it('is sent once to a link that says in haste again and again that it wants it', () => {
    lab.dissemination.broadcast(bytesOf(COUNT), undefined, 100);
    for (let i = 0; i < 10; i++) lab.wish(a, Wish.eager, 1, 110 + i, OWN);
    expect(takeFrom(a).segments.length).toBe(lab.dissemination.lastSequence);
    lab.wish(a, Wish.eager, 1, 120 + LEAST_SERVICE_MS, OWN);
    expect(takeFrom(a).segments.length).toBe(lab.dissemination.lastSequence);
  });

  // The wish was forgotten with the first small message, while most of the large one waited still: the next one was offered first.
  it('goes on to a link that waits for the last one, though small ones come between', () => {
    const large = bytesOf(FLOOD_SEGMENTS + 2);
    lab.dissemination.broadcast(large, undefined, 100);
    lab.wish(a, Wish.eager, 1, 110, OWN);
    lab.dissemination.broadcast(bytesOf(1), undefined, 150);
    expect(lab.dissemination.broadcast(large, undefined, 200)).toBe('accepted');
    const { segments, offers } = takeFrom(a);
    expect(offers).toEqual([[1, FLOOD_SEGMENTS + 2]]);
    expect(segments.length).toBe(lab.dissemination.lastSequence);
  });

  it('is not sent again while it waits', () => {
    lab.dissemination.broadcast(bytesOf(COUNT), undefined, 100);
    lab.wish(a, Wish.eager, 11, 110, OWN);
    lab.wish(a, Wish.eager, 5, 120 + LEAST_SERVICE_MS, OWN);
    const { segments } = takeFrom(a);
    expect(segments.toSorted((x, y) => x - y)).toEqual(
      Array.from({ length: lab.dissemination.lastSequence - 4 }, (_, i) => i + 5),
    );
  });

  it('is refused while so much is offered that nobody took, until somebody does', () => {
    const message = new Uint8Array(1_000_000);
    const results = Array.from({ length: 12 }, () => lab.dissemination.broadcast(message, undefined, 100));
    const accepted = results.filter(result => result === 'accepted').length;
    expect(accepted).toBe(Math.floor(OUTBOX_BYTES / 1_100_000));
    expect(results.at(-1)).toBe('queue_full');
    lab.wish(a, Wish.eager, 1, 110, OWN);
    const more = [120, 121].map(now => lab.dissemination.broadcast(message, undefined, now));
    expect(more.at(-1)).toBe('queue_full');
    expect(lab.context.counters.drops.outbox_full).toBe(0);
    expect(takeFrom(a).segments.length).toBe(lab.dissemination.lastSequence);
    expect(lab.dissemination.broadcast(message, undefined, 130)).toBe('accepted');
  });

  it('is accepted again when nobody took the last ones for long', () => {
    const message = new Uint8Array(1_000_000);
    for (let i = 0; i < 12; i++) lab.dissemination.broadcast(message, undefined, 100);
    expect(lab.dissemination.broadcast(message, undefined, 100 + CLAIM_MS)).toBe('accepted');
  });

  it('is awaited until somebody took it, and the others had the time to say that they want it', () => {
    expect(lab.dissemination.isAwaited(0)).toBe(false);
    lab.dissemination.broadcast(bytesOf(COUNT), undefined, 100);
    expect(lab.dissemination.isAwaited(100 + CLAIM_MS - 1)).toBe(true);
    expect(lab.dissemination.isAwaited(100 + CLAIM_MS)).toBe(false);
    lab.wish(a, Wish.eager, 1, 110, OWN);
    expect(lab.dissemination.isAwaited(110)).toBe(true);
    expect(lab.dissemination.isAwaited(100 + STALL_MS)).toBe(false);
    for (const link of [b, c]) lab.wish(link, Wish.eager, 1, 112, OWN);
    expect(lab.dissemination.isAwaited(112)).toBe(false);
  });
});

describe('a large message of another', () => {
  it('is wanted of the first that offers it, from its first segment', () => {
    lab.offer(a, 1, COUNT, 100);
    lab.offer(b, 1, COUNT, 101);
    expect(takeFrom(a).wishes).toEqual([[Wish.eager, 1]]);
    expect(takeFrom(b).wishes).toEqual([]);
  });

  it('is offered to the others at its first segment, once, and not to whom it came from nor to who has it', () => {
    lab.offer(a, 1, COUNT, 100);
    lab.offer(b, 1, COUNT, 100);
    lab.segments(a, 1, COUNT, 110, 1, 1);
    expect(takeFrom(c).offers).toEqual([[1, COUNT]]);
    lab.segments(a, 1, COUNT, 111, 2);
    for (const link of [a, b, c]) expect(takeFrom(link).offers).toEqual([]);
  });

  it('is not offered to the node it comes from', () => {
    const origin = lab.link(0x77);
    lab.segments(a, 1, COUNT, 110);
    expect(takeFrom(origin).offers).toEqual([]);
  });

  it('goes on to those that want it segment by segment, as it comes', () => {
    lab.offer(a, 1, COUNT, 100);
    lab.segments(a, 1, COUNT, 110, 1, 10);
    lab.wish(b, Wish.eager, 1, 120);
    expect(takeFrom(b).segments).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    lab.segments(a, 1, COUNT, 130, 11, 12);
    expect(takeFrom(b).segments).toEqual([11, 12]);
    expect(takeFrom(c).segments).toEqual([]);
  });

  it('comes from the feed of the last one: another offer is not taken up', () => {
    lab.offer(a, 1, COUNT, 100);
    lab.segments(a, 1, COUNT, 110);
    takeFrom(a);
    lab.offer(b, COUNT + 1, COUNT, 5_000);
    expect(takeFrom(b).wishes).toEqual([]);
    lab.segments(a, COUNT + 1, COUNT, 5_010);
    expect(lab.delivered).toBe(2);
    expect(takeFrom(a).wishes).toEqual([]);
  });

  it('is wanted anew of the feed of the last one when that only offers it: it forgot our wish', () => {
    lab.offer(a, 1, COUNT, 100);
    lab.segments(a, 1, COUNT, 110);
    takeFrom(a);
    lab.offer(a, COUNT + 1, COUNT, 5_000);
    expect(takeFrom(a).wishes).toEqual([[Wish.eager, COUNT + 1]]);
  });

  it('that has begun to come is not wanted of others that offer it', () => {
    lab.segments(a, 1, COUNT, 100, 1, 5);
    takeFrom(b);
    lab.offer(b, 1, COUNT, 105);
    expect(takeFrom(b).wishes).toEqual([]);
  });

  it('that is over is not begun again by a late offer', () => {
    lab.offer(a, 1, COUNT, 100);
    lab.segments(a, 1, COUNT, 110);
    lab.offer(b, 1, COUNT, 200);
    lab.advanceTo(10_000);
    expect(takeFrom(b)).toMatchObject({ wishes: [], requests: [] });
  });

  it('goes on to whom it is wanted from when a small one of its origin comes between', () => {
    lab.offer(a, 1, COUNT, 100);
    lab.segments(a, 1, COUNT, 110, 1, 10);
    lab.wish(b, Wish.eager, 1, 120);
    lab.segment(a, COUNT + 1, 130);
    takeFrom(b);
    lab.segments(a, 1, COUNT, 140, 11);
    expect(takeFrom(b).segments).toEqual(Array.from({ length: COUNT - 10 }, (_, i) => i + 11));
    expect(lab.delivered).toBe(2);
  });
});

describe('two feeds of a large message', () => {
  beforeEach(() => {
    for (const link of [a, b]) {
      lab.offer(link, 1, COUNT, 100);
      lab.stream()!.link(link).ours = Wish.eager;
    }
    takeFrom(a);
  });

  it('are one too many: the one that brings copies in vain is choked', () => {
    for (let sequence = 1; sequence <= IDLE_COPIES; sequence++) {
      lab.segments(a, 1, COUNT, 110, sequence, sequence);
      lab.segments(b, 1, COUNT, 111, sequence, sequence);
    }
    expect(takeFrom(b).wishes).toEqual([[Wish.lazy, 0]]);
    expect(takeFrom(a).wishes).toEqual([]);
  });

  it('are kept while each brings what the other has not brought', () => {
    for (let sequence = 1; sequence <= COUNT; sequence += 2) {
      lab.segments(a, 1, COUNT, 110, sequence, sequence);
      lab.segments(b, 1, COUNT, 111, sequence, sequence + 1);
    }
    expect([...takeFrom(a).wishes, ...takeFrom(b).wishes]).toEqual([]);
  });

  it('are not reduced to none', () => {
    lab.segments(a, 1, COUNT, 110);
    lab.stream()!.link(a).ours = Wish.lazy;
    for (let i = 0; i < 5; i++) lab.segments(b, 1, COUNT, 111);
    expect(takeFrom(b).wishes).toEqual([]);
  });
});

/** It comes at a segment each two milliseconds; from its tenth on, small ones of its origin are there already. */
function comes(upTo: number, small: readonly number[]): void {
  for (let sequence = 1; sequence <= upTo; sequence++) {
    const now = 100 + 2 * sequence;
    lab.advanceTo(now);
    lab.segment(a, sequence, now, { index: sequence - 1, count: COUNT });
    if (sequence === 10) for (const other of small) lab.segment(a, other, now);
  }
}

const requests = () => [a, b, c].flatMap(link => takeFrom(link).requests);

describe('a large message that small ones overtake', () => {
  it('is not asked for while it comes by itself', () => {
    comes(COUNT, [COUNT + 1]);
    expect(requests()).toEqual([]);
    expect(lab.stream()!.window.hasGap).toBe(false);
  });

  it('is asked for from where it stopped', () => {
    comes(30, [COUNT + 1]);
    lab.advanceTo(160 + STALLED_MS);
    expect(requests()[0]).toEqual([31, COUNT - 30]);
  });

  it('is asked for where segments of it were lost on the way', () => {
    comes(20, [COUNT + 1]);
    for (let sequence = 23; sequence <= COUNT; sequence++) {
      const now = 100 + 2 * sequence;
      lab.advanceTo(now);
      lab.segment(a, sequence, now, { index: sequence - 1, count: COUNT });
    }
    expect(requests()[0]).toEqual([21, 2]);
  });

  it('may be followed by another, which is not asked for either, other than what is too short for one', () => {
    const next = COUNT + 2;
    comes(COUNT - 1, [COUNT + 1, next + 20, next + 20 + FLOOD_SEGMENTS + 1]);
    expect(requests()[0]).toEqual([next + 21, FLOOD_SEGMENTS]);
  });
});

describe('a large message that stalls', () => {
  it('before it began is wanted of the next that offered it', () => {
    for (const link of [a, b, c]) lab.offer(link, 1, COUNT, 100);
    takeFrom(a);
    lab.advanceTo(100 + STALLED_MS);
    const wishes = [a, b, c].map(link => takeFrom(link).wishes);
    expect(wishes.flat()).toEqual([[Wish.eager, 1]]);
    expect(wishes[0]).toEqual([]);
  });

  it('is asked for to its last segment, however many there are, and however quiet its origin was', () => {
    lab.segment(a, 1, 100);
    lab.offer(a, 2, 2_000, 10_000);
    lab.segments(a, 2, 2_000, 10_010, 2, 10);
    lab.advanceTo(10_010 + STALLED_MS);
    expect(lab.stream()!.window.missingRanges(10_000)).toEqual([11, 1_991]);
    expect(lab.context.counters.drops.segment_lost).toBe(0);
  });

  it('before it began is asked for segment by segment when no offer kept its promise', () => {
    for (const link of [a, b, c]) lab.offer(link, 1, COUNT, 100);
    lab.advanceTo(100 + 6 * STALLED_MS);
    const requests = [a, b, c].flatMap(link => takeFrom(link).requests);
    expect(requests[0]).toEqual([1, COUNT]);
  });

  it('half way is asked for segment by segment, to its end', () => {
    lab.offer(a, 1, COUNT, 100);
    lab.segments(a, 1, COUNT, 110, 1, 20);
    takeFrom(a);
    lab.advanceTo(110 + 2 * STALLED_MS);
    expect(takeFrom(a).requests[0]).toEqual([21, COUNT - 20]);
  });

  it('has not stalled while segments come', () => {
    lab.offer(a, 1, COUNT, 100);
    for (let sequence = 1; sequence <= COUNT; sequence++) {
      lab.advanceTo(100 + sequence * (STALL_MS / 2));
      lab.segments(a, 1, COUNT, 100 + sequence * (STALL_MS / 2), sequence, sequence);
    }
    expect(lab.context.counters.repairsRequested).toBe(0);
    expect(lab.delivered).toBe(1);
  });

  it('is waited for as long as the round trip to its feed takes', () => {
    const far = lab.link(9, 300);
    lab.offer(far, 1, COUNT, 100);
    lab.advanceTo(100 + 600);
    expect(takeFrom(far)).toMatchObject({ wishes: [[Wish.eager, 1]], requests: [] });
  });

  it('ends well when the offerers are gone', () => {
    lab.offer(a, 1, COUNT, 100);
    lab.peers.remove(a);
    lab.dissemination.linkEnded(a, true, 150);
    lab.advanceTo(120_000);
    expect(lab.context.counters.drops.segment_lost).toBe(COUNT);
    lab.dissemination.check();
  });
});

describe('an offer that cannot be', () => {
  it.each([
    ['of no segments', 1, 0],
    ['of too many segments', 1, 2 ** 16 + 1],
    ['from before the stream', 0, COUNT],
    ['beyond what can be counted', Number.MAX_SAFE_INTEGER - 1, COUNT],
    ['with all that is largest', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ])('%s changes nothing', (_, first, count) => {
    lab.offer(a, first, count, 100);
    lab.advanceTo(60_000);
    expect(takeFrom(a)).toMatchObject({ wishes: [], requests: [] });
    expect(lab.stream()?.large).toBeUndefined();
  });

  it('but is the last that can be counted comes to an end', () => {
    lab.offer(a, Number.MAX_SAFE_INTEGER - 2 ** 16, 2 ** 16, 100);
    lab.advanceTo(120_000);
    expect(lab.context.counters.drops.segment_lost).toBe(2 ** 16);
  });

  it('of an own message is ignored', () => {
    lab.dissemination.broadcast(bytesOf(COUNT), undefined, 100);
    lab.offer(a, 1_000, COUNT, 110, OWN);
    expect(takeFrom(a).wishes).toEqual([]);
  });
});
