import { beforeEach, describe, expect, it } from 'vitest';
import { OriginStream, OriginTable } from '../../../../lib/engine/broadcast/origin-stream.js';
import {
  DIGEST_DELAYS_MS,
  REORDER_MS,
  REPAIR_ATTEMPTS,
  REPAIR_BACKOFF,
  REPAIR_RETRY_MS,
  REPAIR_SEGMENTS,
  Repair,
} from '../../../../lib/engine/broadcast/repair.js';
import { nodeIdToBytes } from '../../../../lib/engine/node-id.js';
import { Priority } from '../../../../lib/engine/peers/outbox.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { Frame } from '../../../../lib/engine/wire/frame.js';
import { EngineLab, frameReader, framesTo, idOf } from '../engine-lab.js';

const BOOT = 5;
const ORIGIN = nodeIdToBytes(idOf(0x77));

let lab: EngineLab;
let origins: OriginTable;
let repair: Repair;
let stream: OriginStream;
let peer: Peer;

beforeEach(() => {
  lab = new EngineLab();
  origins = new OriginTable();
  repair = new Repair(lab.context, lab.peers, origins);
  stream = new OriginStream(ORIGIN, BOOT, 1, 0);
  origins.add(stream);
  peer = lab.meet(1, { isSubscriber: true });
});

/** Segments of the stream arrive from a peer. */
function arrive(sequences: number[], now: number, from = peer): void {
  for (const sequence of sequences) {
    stream.heldBy(from, sequence);
    stream.window.add(sequence, now);
    stream.activeAt = now;
    repair.arrived(stream, now);
  }
}

function digest(from: Peer, entries: unknown[], now: number): void {
  const { reader, length } = frameReader([Frame.digest, ...entries]);
  repair.onDigest(from, reader, length, now);
}

function request(from: Peer, ranges: number[], boot = BOOT, origin = ORIGIN): void {
  const { reader, length } = frameReader([Frame.repairRequest, origin, boot, ...ranges]);
  repair.onRequest(from, reader, length);
}

/** Any frame of one byte of content. */
const frame = (content: number) => Uint8Array.of(0x92, 0x06, content);

const requestsTo = (to: Peer) => framesTo(to).filter(([type]) => type === Frame.repairRequest);
const digestsTo = (to: Peer) => framesTo(to).filter(([type]) => type === Frame.digest);

describe('asking for what is missing', () => {
  it('waits a moment first, since other links may bring it', () => {
    arrive([1, 3], 100);
    lab.advanceTo(100 + REORDER_MS - 1);
    expect(requestsTo(peer)).toEqual([]);
    lab.advanceTo(100 + REORDER_MS);
    expect(requestsTo(peer)).toEqual([[Frame.repairRequest, ORIGIN, BOOT, 2, 1]]);
  });

  it('is not done at all when the gap has closed by then', () => {
    arrive([1, 3], 100);
    arrive([2], 110);
    lab.advanceTo(10_000);
    expect(requestsTo(peer)).toEqual([]);
    expect(lab.context.counters.repairsRequested).toBe(0);
  });

  it('names ranges, lowest first, and at most so many segments', () => {
    arrive([1, 3, 4, 7, 2_000], 0);
    lab.advanceTo(REORDER_MS);
    expect(requestsTo(peer)).toEqual([[Frame.repairRequest, ORIGIN, BOOT, 2, 1, 5, 2, 8, REPAIR_SEGMENTS - 3]]);
  });

  it('turns to another holder each time, and to no one who has not got it', () => {
    const other = lab.meet(2, { isSubscriber: true });
    const behind = lab.meet(3, { isSubscriber: true });
    arrive([1], 0, behind);
    arrive([3], 0, peer);
    arrive([3], 0, other);
    lab.advanceTo(REORDER_MS + REPAIR_RETRY_MS);
    expect([peer, other, behind].map(each => requestsTo(each).length)).toEqual([1, 1, 0]);
  });

  it('turns to any link when all who had it are gone', () => {
    const other = lab.meet(2, { isSubscriber: true });
    arrive([1, 3], 0, peer);
    lab.peers.remove(peer, 0);
    lab.advanceTo(REORDER_MS);
    expect(requestsTo(other).length).toBe(1);
  });

  it('waits longer after each vain request', () => {
    arrive([1, 3], 0);
    const times: number[] = [];
    while (times.length < 7) {
      const now = lab.context.timers.deadline();
      lab.advanceTo(now);
      if (lab.context.counters.repairsRequested > times.length) times.push(now);
    }
    const gaps = times.slice(1).map((time, i) => time - times[i]!);
    expect(gaps).toEqual([0, 1, 2, 3, 4, 5].map(i => expect.closeTo(REPAIR_RETRY_MS * REPAIR_BACKOFF ** i)));
  });

  it('ends after so many vain requests, and what is given up is counted', () => {
    arrive([1, 3, 6], 0);
    lab.advanceTo(60_000);
    expect(lab.context.counters.repairsRequested).toBe(REPAIR_ATTEMPTS);
    expect(lab.context.counters.drops.segment_lost).toBe(3);
    expect(repair.pending).toBe(0);
  });

  it('begins to count anew whenever something came of it', () => {
    arrive([1, 3, 5], 0);
    lab.advanceTo(5_000);
    const before = lab.context.counters.repairsRequested;
    arrive([2], 5_000);
    lab.advanceTo(60_000);
    expect(lab.context.counters.repairsRequested - before).toBe(REPAIR_ATTEMPTS);
    expect(lab.context.counters.drops.segment_lost).toBe(1);
  });

  it('goes on for what is newer when the oldest is given up', () => {
    arrive([1, 3], 0);
    lab.advanceTo(8_000);
    arrive([5], 8_000);
    lab.advanceTo(13_000);
    expect(lab.context.counters.drops.segment_lost).toBe(1);
    expect(repair.pending).toBe(1);
    lab.advanceTo(60_000);
    expect(lab.context.counters.drops.segment_lost).toBe(2);
    expect(repair.pending).toBe(0);
  });

  it('stops when the stream is forgotten', () => {
    arrive([1, 3], 0);
    repair.forget(stream);
    lab.advanceTo(60_000);
    expect(requestsTo(peer)).toEqual([]);
    repair.check();
  });
});

describe('a request from a peer', () => {
  beforeEach(() => {
    for (let sequence = 1; sequence <= 100; sequence++) {
      stream.window.add(sequence, 0);
      stream.frames.set(sequence, frame(sequence));
    }
  });

  it('is answered with the segments that are still held', () => {
    stream.frames.delete(11);
    request(peer, [10, 3, 50, 1]);
    expect(framesTo(peer)).toEqual([
      [6, 10],
      [6, 12],
      [6, 50],
    ]);
    expect(lab.context.counters.segmentsRepaired).toBe(3);
  });

  it('is not answered for another life of the origin, nor for an unknown one', () => {
    request(peer, [1, 5], BOOT + 1);
    request(peer, [1, 5], BOOT, nodeIdToBytes(idOf(0x78)));
    expect(framesTo(peer)).toEqual([]);
  });

  it('is not answered with an empty range', () => {
    request(peer, [10, 0]);
    request(peer, []);
    expect(framesTo(peer)).toEqual([]);
  });

  it('is not answered twice while the answer is still waiting', () => {
    request(peer, [1, 5]);
    request(peer, [1, 5]);
    expect(framesTo(peer).length).toBe(5);
  });

  it('brings at most so many segments, however many ranges it has', () => {
    for (let sequence = 101; sequence <= 2_000; sequence++) {
      stream.window.add(sequence, 0);
      stream.frames.set(sequence, frame(1));
    }
    request(peer, [1, 400, 1_000, 400]);
    expect(framesTo(peer).length).toBe(REPAIR_SEGMENTS);
  });

  it('comes to an end for numbers at the limit of what can be counted', () => {
    request(peer, [Number.MAX_SAFE_INTEGER, 10, 99, Number.MAX_SAFE_INTEGER]);
    expect(framesTo(peer)).toEqual([
      [6, 99],
      [6, 100],
    ]);
  });

  it('is malformed without an id', () => {
    const { reader, length } = frameReader([Frame.repairRequest, 'text', BOOT, 1, 1]);
    repair.onRequest(peer, reader, length);
    expect(reader.failed).toBe(true);
  });
});

describe('telling how far a stream is', () => {
  it('is done several times after the last segment, with its age', () => {
    const listener = lab.meet(2, { isSubscriber: true });
    arrive([1], 1_000);
    lab.advanceTo(60_000);
    expect(digestsTo(listener)).toEqual(DIGEST_DELAYS_MS.map(age => [Frame.digest, ORIGIN, BOOT, 1, age]));
  });

  it('begins anew with each segment', () => {
    const listener = lab.meet(2, { isSubscriber: true });
    for (let i = 0; i < 20; i++) arrive([i + 1], i * 40);
    expect(digestsTo(listener)).toEqual([]);
    lab.advanceTo(20 * 40 + DIGEST_DELAYS_MS[0]);
    expect(digestsTo(listener)).toEqual([[Frame.digest, ORIGIN, BOOT, 20, DIGEST_DELAYS_MS[0]]]);
  });

  it('spares the links that have proved to hold the newest segment', () => {
    arrive([1], 0, peer);
    lab.advanceTo(60_000);
    expect(digestsTo(peer)).toEqual([]);
  });

  it('leaves out a large message that is still waiting for the link, but for the last time', () => {
    const [idle, busy] = [lab.meet(2, { isSubscriber: true }), lab.meet(3, { isSubscriber: true })];
    arrive([1], 0);
    stream.isBulk = true;
    const ages: unknown[] = [];
    for (const age of DIGEST_DELAYS_MS) {
      lab.peers.send(busy, Priority.bulk, frame(1));
      lab.advanceTo(age);
      ages.push(...digestsTo(busy).map(digest => digest[4]));
    }
    expect(ages).toEqual([DIGEST_DELAYS_MS.at(-1)]);
    expect(digestsTo(idle).length).toBe(DIGEST_DELAYS_MS.length);
  });

  it('does not leave out small broadcasts because a large message is waiting', () => {
    const busy = lab.meet(2, { isSubscriber: true });
    arrive([1], 0);
    lab.peers.send(busy, Priority.bulk, frame(1));
    lab.advanceTo(DIGEST_DELAYS_MS[0]);
    expect(digestsTo(busy).length).toBe(1);
  });

  it('puts many origins into few frames, none longer than a datagram carries', () => {
    const listener = lab.meet(2, { isSubscriber: true });
    for (let i = 0; i < 100; i++) {
      const other = new OriginStream(nodeIdToBytes(idOf(0x1000 + i)), Number.MAX_SAFE_INTEGER, 1, 0);
      origins.add(other);
      other.window.add(i + 1, 0);
      repair.arrived(other, 0);
    }
    lab.advanceTo(DIGEST_DELAYS_MS[0]);
    const digests = digestsTo(listener);
    expect(digests.length).toBe(4);
    expect(digests.flatMap(frame => frame.filter(value => value instanceof Uint8Array)).length).toBe(100);
    expect(lab.context.counters.drops.too_long).toBe(0);
  });
});

describe('being told how far a stream is', () => {
  it('shows a loss at the end of a burst, and the teller is asked', () => {
    const teller = lab.meet(2);
    arrive([1], 0);
    digest(teller, [ORIGIN, BOOT, 3, 50], 50);
    lab.advanceTo(50 + REORDER_MS);
    expect(requestsTo(teller)).toEqual([[Frame.repairRequest, ORIGIN, BOOT, 2, 2]]);
  });

  it('changes nothing when it is no news', () => {
    arrive([1, 2, 3], 0);
    digest(peer, [ORIGIN, BOOT, 2, 0], 0);
    digest(peer, [ORIGIN, BOOT - 1, 9, 0], 0);
    lab.advanceTo(1_000);
    expect(repair.pending).toBe(0);
    expect(requestsTo(peer)).toEqual([]);
  });

  it('makes an unheard origin known, and its newest segment wanted', () => {
    const unheard = nodeIdToBytes(idOf(0x99));
    digest(peer, [unheard, BOOT, 8, 100], 1_000);
    lab.advanceTo(1_000 + REORDER_MS);
    expect(origins.find(unheard)?.window.highest).toBe(8);
    expect(requestsTo(peer)).toEqual([[Frame.repairRequest, unheard, BOOT, 8, 1]]);
  });

  it('does not call for segments from before we knew the teller', () => {
    const unheard = nodeIdToBytes(idOf(0x99));
    const late = lab.meet(3, { now: 5_000 });
    digest(late, [unheard, BOOT, 8, 600], 5_500);
    expect(origins.find(unheard)).toBeUndefined();
  });

  it('of a new life of the origin begins the stream anew', () => {
    arrive([1, 2, 3], 0);
    digest(peer, [ORIGIN, BOOT + 1, 2, 0], 1_000);
    expect(stream.boot).toBe(BOOT + 1);
    lab.advanceTo(1_000 + REORDER_MS);
    expect(requestsTo(peer)).toEqual([[Frame.repairRequest, ORIGIN, BOOT + 1, 2, 1]]);
  });

  it('takes all entries before the one that is malformed', () => {
    const unheard = nodeIdToBytes(idOf(0x99));
    digest(peer, [unheard, BOOT, 8, 0, 'text', BOOT, 8, 0], 1_000);
    expect(origins.size).toBe(2);
  });
});
