import { beforeEach, describe, expect, it } from 'vitest';
import { LEAST_PATIENCE_MS, MOST_PATIENCE_MS } from '../../../../lib/engine/broadcast/lateness.js';
import { OriginStream, OriginTable } from '../../../../lib/engine/broadcast/origin-stream.js';
import {
  MOST_REPAIR_RETRY_MS,
  REPAIR_ATTEMPTS,
  REPAIR_HORIZON_MS,
  REPAIR_BACKOFF,
  REPAIR_RETRY_MS,
  REPAIR_RETRY_ROUND_TRIPS,
  REPAIR_SEGMENTS,
  Repair,
} from '../../../../lib/engine/broadcast/repair.js';
import { SegmentCache } from '../../../../lib/engine/broadcast/segment-cache.js';
import { Wish } from '../../../../lib/engine/broadcast/stream-link.js';
import { nodeIdToBytes } from '../../../../lib/engine/node-id.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { Priority } from '../../../../lib/engine/peers/outbox.js';
import { Frame } from '../../../../lib/engine/wire/frame.js';
import { MessagePackWriter } from '../../../../lib/engine/wire/message-pack-writer.js';
import { Segment, writeSegment } from '../../../../lib/engine/wire/segment-frame.js';
import { EngineLab, frameReader, framesTo, idOf } from '../engine-lab.js';

const BOOT = 5;
const ORIGIN = nodeIdToBytes(idOf(0x77));

let lab: EngineLab;
let origins: OriginTable;
let cache: SegmentCache;
let repair: Repair;
let stream: OriginStream;
let peer: Peer;

beforeEach(() => {
  lab = new EngineLab();
  origins = new OriginTable();
  cache = new SegmentCache();
  repair = new Repair(lab.context, lab.peers, origins, cache);
  stream = new OriginStream(ORIGIN, BOOT, 1, 0);
  origins.add(stream);
  peer = linkWith(1, 4);
});

/** A link with a measured round trip, ms. */
function linkWith(number: number, roundTripMs: number): Peer {
  const link = lab.meet(number, { isSubscriber: true });
  link.roundTrip.sample(roundTripMs, 0);
  return link;
}

/** Segments of the stream arrive from a peer. Returns which of them came only because we asked. */
function arrive(sequences: number[], now: number, from = peer): number[] {
  return sequences.filter(sequence => {
    stream.link(from).provedToHold(sequence);
    const wasKnown = sequence <= stream.window.highest;
    stream.window.add(sequence, now);
    stream.arrived(sequence, from, now);
    return repair.arrived(stream, from, sequence, wasKnown, now);
  });
}

function request(from: Peer, ranges: number[], boot = BOOT, origin = ORIGIN): void {
  const { reader, length } = frameReader([Frame.repairRequest, origin, boot, ...ranges]);
  repair.onRequest(from, reader, length);
}

/** Any frame of one byte of content. */
const frame = (content: number) => Uint8Array.of(0x92, 0x06, content);

const requestsTo = (to: Peer) => framesTo(to).filter(([type]) => type === Frame.repairRequest);

/** What was asked of a peer, as pairs of first and length. */
const askedOf = (to: Peer) => requestsTo(to).map(each => each.slice(3));

/** All from the first to the last. */
const sequences = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** Fires the next timer; its time. */
function step(): number {
  const now = lab.context.timers.deadline();
  lab.context.timers.fireDue(now);
  return now;
}

/** When the next requests leave, and to whom. */
function nextRequests(count: number, among: readonly Peer[]): { at: number; to: Peer }[] {
  const requests: { at: number; to: Peer }[] = [];
  while (requests.length < count) {
    const at = step();
    for (const to of among) for (const _ of requestsTo(to)) requests.push({ at, to });
  }
  return requests;
}

describe('asking for what is missing', () => {
  it('waits as long as the stream is used to be late, since other links may bring it', () => {
    const patience = stream.lateness.patienceMs;
    arrive([1, 3], 100);
    lab.advanceTo(100 + patience - 0.1);
    expect(requestsTo(peer)).toEqual([]);
    lab.advanceTo(100 + patience);
    expect(requestsTo(peer)).toEqual([[Frame.repairRequest, ORIGIN, BOOT, 2, 1]]);
  });

  it('is not done at all when the gap has closed by then', () => {
    arrive([1, 3], 100);
    arrive([2], 100 + LEAST_PATIENCE_MS / 2);
    lab.advanceTo(10_000);
    expect(requestsTo(peer)).toEqual([]);
    expect(lab.context.counters.repairsRequested).toBe(0);
  });

  it('does not name what became known only while it waited', () => {
    arrive([1, 3], 0);
    arrive([5], stream.lateness.patienceMs - 1);
    lab.advanceTo(stream.lateness.patienceMs);
    expect(askedOf(peer)).toEqual([[2, 1]]);
    lab.advanceTo(2 * stream.lateness.patienceMs);
    expect(askedOf(peer)).toContainEqual([4, 1]);
  });

  it('names ranges, lowest first, and at most so many segments', () => {
    arrive([2_000, 1, 3, 4, 7], 0);
    lab.advanceTo(stream.lateness.patienceMs);
    expect(askedOf(peer)).toEqual([[2, 1, 5, 2, 8, REPAIR_SEGMENTS - 3]]);
  });

  it('of more than that goes on as soon as the answer has come to its end', () => {
    arrive([2_000], 0);
    expect(nextRequests(1, [peer])).toHaveLength(1);
    const askedAt = lab.context.timers.deadline();
    arrive(sequences(1, 511), askedAt - 20);
    expect(lab.context.timers.deadline()).toBe(askedAt);
    arrive([512], askedAt - 10);
    expect(step()).toBe(askedAt - 10);
    expect(askedOf(peer)).toEqual([[513, REPAIR_SEGMENTS]]);
  });

  it('of more than that names again what was lost of an answer that has come to its end', () => {
    arrive([2_000], 0);
    nextRequests(1, [peer]);
    const answeredAt = lab.context.timers.deadline() - 10;
    arrive([...sequences(1, 99), ...sequences(103, 512)], answeredAt);
    expect(step()).toBe(answeredAt);
    expect(askedOf(peer)).toEqual([[100, 3, 513, REPAIR_SEGMENTS - 3]]);
  });

  it('waits for the round trip to whom it asked before it asks again', () => {
    peer.roundTrip.sample(400, 0);
    const roundTripMs = peer.roundTrip.smoothedMs!;
    arrive([1, 3], 0);
    const [first, second] = nextRequests(2, [peer]);
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(REPAIR_RETRY_ROUND_TRIPS * roundTripMs);
    expect(second!.at - first!.at).toBeLessThan(REPAIR_RETRY_ROUND_TRIPS * roundTripMs + REPAIR_RETRY_MS);
  });

  it('waits longer after each vain request, up to a limit', () => {
    arrive([1, 3], 0);
    const times = nextRequests(REPAIR_ATTEMPTS, [peer]).map(({ at }) => at);
    const pauses = times.slice(1).map((time, i) => time - times[i]!);
    const planned = pauses.map((_, i) => Math.min(MOST_REPAIR_RETRY_MS, REPAIR_RETRY_MS * REPAIR_BACKOFF ** i));
    for (const [i, pause] of pauses.entries()) expect(Math.abs(pause - planned[i]!)).toBeLessThan(1);
    expect(pauses.at(-1)).toBeGreaterThanOrEqual(MOST_REPAIR_RETRY_MS);
  });

  it('stops when the stream is forgotten', () => {
    arrive([1, 3], 0);
    repair.forget(stream);
    lab.advanceTo(60_000);
    expect(requestsTo(peer)).toEqual([]);
    repair.check();
  });

  it('has a time of its own for each request: a new loss does not wait for an old one, nor hurry it', () => {
    arrive([1, 3], 0);
    lab.advanceTo(2_000);
    framesTo(peer);
    arrive([5], 2_000);
    lab.advanceTo(2_000 + 2 * MOST_REPAIR_RETRY_MS);
    const asked = askedOf(peer).map(([first]) => first);
    expect(asked.filter(first => first === 4).length).toBeGreaterThan(3);
    expect(asked.filter(first => first === 2).length).toBeLessThanOrEqual(3);
  });

  it('makes one request of the two oldest when there are too many, and forgets none of them', () => {
    for (let i = 1; i <= 100; i++) {
      arrive([2 * i + 1], i * 4);
      lab.advanceTo(i * 4);
    }
    lab.advanceTo(1_000);
    expect(stream.gap!.requests.length).toBeLessThanOrEqual(32);
    const covered = (sequence: number) => stream.gap!.requests.some(each => each.covers(sequence));
    for (const [first, length] of pairs(stream.window.missingRanges(1_000))) {
      for (let i = 0; i < length; i++) expect(covered(first + i)).toBe(true);
    }
  });
});

const pairs = (ranges: number[]) =>
  Array.from({ length: ranges.length / 2 }, (_, i) => [ranges[2 * i]!, ranges[2 * i + 1]!] as const);

describe('whom is asked', () => {
  it('are the quickest links in turn', () => {
    const links = [peer, linkWith(2, 6), linkWith(3, 8), linkWith(4, 60)];
    for (const link of links) stream.link(link).provedToHold(3);
    arrive([1, 3], 0);
    const asked = nextRequests(6, links).map(({ to }) => links.indexOf(to));
    expect(asked).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('are all links when the quickest could not help', () => {
    const links = [peer, linkWith(2, 6), linkWith(3, 8), linkWith(4, 60)];
    for (const link of links) stream.link(link).provedToHold(3);
    arrive([1, 3], 0);
    const asked = nextRequests(REPAIR_ATTEMPTS, links).map(({ to }) => links.indexOf(to));
    expect(new Set(asked)).toEqual(new Set([0, 1, 2, 3]));
  });

  it('is rather a link that has proved to hold what is missing than one that is a little nearer', () => {
    const nearer = linkWith(2, 1);
    arrive([1, 3], 0);
    expect(nextRequests(1, [peer, nearer])[0]!.to).toBe(peer);
  });

  it('is rather a near link than a far one that has proved to hold it', () => {
    const far = linkWith(2, 300);
    stream.link(far).provedToHold(3);
    stream.window.add(3, 0);
    repair.watch(stream, 0);
    expect(nextRequests(1, [peer, far])[0]!.to).toBe(peer);
  });

  it('is a link that hears the stream from us after all others: it lacks what we lack', () => {
    const far = linkWith(2, 300);
    stream.link(peer).ours = Wish.lazy;
    stream.link(peer).theirs = Wish.eager;
    arrive([1, 3], 0, far);
    expect(nextRequests(1, [peer, far])[0]!.to).toBe(far);
  });

  it('is a choked link that choked us as well before others that are further away', () => {
    const far = linkWith(2, 300);
    stream.link(peer).ours = Wish.lazy;
    stream.link(peer).theirs = Wish.lazy;
    arrive([1, 3], 0, far);
    expect(nextRequests(1, [peer, far])[0]!.to).toBe(peer);
  });

  it('is any link when all who had it are gone, and nobody when there is none', () => {
    const other = linkWith(2, 30);
    arrive([1, 3], 0, peer);
    lab.peers.remove(peer);
    expect(nextRequests(1, [other])[0]!.to).toBe(other);
    lab.peers.remove(other);
    lab.advanceTo(60_000);
    expect(repair.pending).toBe(0);
    expect(lab.context.counters.drops.segment_lost).toBe(1);
  });
});

describe('giving up', () => {
  it('comes after so many vain requests, and is counted once', () => {
    arrive([6, 1, 3], 0);
    lab.advanceTo(120_000);
    expect(lab.context.counters.repairsRequested).toBe(REPAIR_ATTEMPTS);
    expect(lab.context.counters.drops.segment_lost).toBe(3);
    expect(repair.pending).toBe(0);
  });

  it('begins to count anew whenever something came of it', () => {
    arrive([5, 1, 3], 0);
    lab.advanceTo(5_000);
    const before = lab.context.counters.repairsRequested;
    arrive([2], 5_000);
    lab.advanceTo(120_000);
    expect(lab.context.counters.repairsRequested - before).toBe(REPAIR_ATTEMPTS);
    expect(lab.context.counters.drops.segment_lost).toBe(1);
  });

  it('of the oldest leaves what is newer wanted', () => {
    arrive([1, 3], 0);
    lab.advanceTo(8_000);
    arrive([5], 8_000);
    while (lab.context.counters.drops.segment_lost === 0) step();
    expect(stream.window.missingRanges(10)).toEqual([4, 1]);
    expect(repair.pending).toBe(1);
    lab.advanceTo(120_000);
    expect(lab.context.counters.drops.segment_lost).toBe(2);
    expect(repair.pending).toBe(0);
  });

  it('comes in the end though something comes now and then, of which the rest is not kept any more', () => {
    arrive([1, 100], 0);
    let came = 0;
    for (let now = 2_000; now < REPAIR_HORIZON_MS; now += 2_000) {
      lab.advanceTo(now);
      arrive([2 + came++], now);
    }
    expect(repair.pending).toBe(1);
    lab.advanceTo(REPAIR_HORIZON_MS + 2_000);
    expect(repair.pending).toBe(0);
    expect(lab.context.counters.drops.segment_lost).toBe(98 - came);
  });

  it('does not pass over an older request that still has hope', () => {
    arrive([1, 3], 0);
    lab.advanceTo(100);
    arrive([5], 100);
    // The older request begins anew again and again: its count must not be taken for that of the newer one.
    for (let now = 1_000; now <= REPAIR_HORIZON_MS; now += 1_000) {
      lab.advanceTo(now);
      stream.gap!.requests[0]!.attempts = 0;
    }
    expect(lab.context.counters.drops.segment_lost).toBe(0);
    expect(stream.window.missingRanges(10)).toEqual([2, 1, 4, 1]);
  });
});

describe('what came because we asked', () => {
  it('is told from what came by itself', () => {
    const other = linkWith(2, 30);
    arrive([5, 1, 3], 0, peer);
    const [asked] = nextRequests(1, [peer, other]);
    expect(asked!.to).toBe(peer);
    expect(arrive([2], asked!.at + 5, other)).toEqual([]);
    expect(arrive([4], asked!.at + 5, peer)).toEqual([4]);
  });

  it('cannot have come sooner than a round trip after the request', () => {
    arrive([1, 3], 0, peer);
    const [asked] = nextRequests(1, [peer]);
    expect(arrive([2], asked!.at + 1, peer)).toEqual([]);
  });

  it('makes the stream less patient; what came by itself so late makes it more patient', () => {
    const before = stream.lateness.patienceMs;
    arrive([1, 3], 0, peer);
    const [asked] = nextRequests(1, [peer]);
    arrive([2], asked!.at + 5, peer);
    const after = stream.lateness.patienceMs;
    expect(after).toBeLessThan(before);
    arrive([5], 1_000, peer);
    arrive([4], 1_000 + MOST_PATIENCE_MS, linkWith(2, 30));
    expect(stream.lateness.patienceMs).toBeGreaterThan(after);
  });

  it('makes the stream more patient when another copy was first: we asked too soon', () => {
    const other = linkWith(2, 30);
    arrive([1, 3], 0, peer);
    const [asked] = nextRequests(1, [peer, other]);
    arrive([2], asked!.at + 1, other);
    const before = stream.lateness.patienceMs;
    repair.copied(stream, peer, 2, asked!.at + 5);
    expect(stream.lateness.patienceMs).toBeGreaterThan(before);
  });

  it('is not what a link sends again that was not asked', () => {
    const other = linkWith(2, 30);
    arrive([1, 3], 0, peer);
    const [asked] = nextRequests(1, [peer, other]);
    arrive([2], asked!.at + 5, peer);
    const before = stream.lateness.patienceMs;
    repair.copied(stream, other, 2, asked!.at + 50);
    expect(stream.lateness.patienceMs).toBe(before);
  });
});

describe('what a loss costs', () => {
  it('is the patience and two ways to the nearest link and back', () => {
    linkWith(2, 300);
    expect(repair.costMs(stream)).toBe(stream.lateness.patienceMs + 2 * 4);
  });
});

describe('a request from a peer', () => {
  beforeEach(() => {
    for (let sequence = 1; sequence <= 100; sequence++) {
      stream.window.add(sequence, 0);
      cache.add(stream, sequence, 0, frame(sequence));
    }
  });

  it('is answered with the segments that are still held', () => {
    for (const sequence of [101, 102]) stream.window.add(sequence, 0);
    cache.add(stream, 102, 0, frame(102));
    request(peer, [100, 3, 50, 1]);
    expect(framesTo(peer)).toEqual([
      [6, 100],
      [6, 102],
      [6, 50],
    ]);
    expect(lab.context.counters.segmentsRepaired).toBe(3);
  });

  it('is not answered for another life of the origin, nor for an unknown one', () => {
    request(peer, [1, 5], BOOT + 1);
    request(peer, [1, 5], BOOT, nodeIdToBytes(idOf(0x78)));
    expect(framesTo(peer)).toEqual([]);
  });

  it('is not answered with what waits for the peer still as part of a long message, which small ones overtook', () => {
    const segment = new Segment();
    const writer = new MessagePackWriter(1_000);
    const write = (sequence: number, count: number) => {
      Object.assign(segment, { hops: 1, origin: ORIGIN, boot: BOOT, sequence, index: Math.min(5, count - 1), count });
      writer.reset();
      writeSegment(writer, segment);
      stream.window.add(sequence, 0);
      cache.add(stream, sequence, 0, writer.take());
      return cache.get(stream, sequence)!;
    };
    for (let sequence = 110; sequence <= 115; sequence++) {
      peer.outbox.push(Priority.bulk, write(sequence, 10), stream.lane);
    }
    write(116, 1);
    peer.outbox.shift(Infinity, true);
    request(peer, [110, 7]);
    expect(peer.outbox.waitingRepairs).toBe(2);
    const sent = framesTo(peer).map(each => each[4] as number);
    expect(sent.sort()).toEqual([110, 111, 112, 113, 114, 115, 116]);
  });

  it('is not answered with an empty range', () => {
    request(peer, [10, 0]);
    request(peer, []);
    expect(framesTo(peer)).toEqual([]);
  });

  it('adds no more to what waits for the peer than one may bring, however often it comes', () => {
    for (let i = 0; i < 20; i++) request(peer, [1, 100]);
    expect(framesTo(peer).length).toBe(REPAIR_SEGMENTS);
    request(peer, [1, 100]);
    expect(framesTo(peer).length).toBe(100);
  });

  it('brings at most so many segments, however many ranges it has', () => {
    for (let sequence = 101; sequence <= 2_000; sequence++) {
      stream.window.add(sequence, 0);
      cache.add(stream, sequence, 0, frame(1));
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
