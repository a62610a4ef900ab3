import type { EngineContext } from '../engine-context.js';
import { NODE_ID_BYTES } from '../node-id.js';
import { Priority } from '../peers/outbox.js';
import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import { Timer } from '../timer-heap.js';
import { Frame } from '../wire/frame.js';
import type { MessagePackReader } from '../wire/message-pack-reader.js';
import { Gap, Request } from './gap.js';
import { FLOOD_SEGMENTS, type LargeMessage } from './large-messages.js';
import type { OriginStream, OriginTable } from './origin-stream.js';
import type { SegmentCache } from './segment-cache.js';
import { isWaiting, waitingOf } from './waiting.js';

/**
 * A repair request is repeated, with another peer, when it brings nothing for this long, each time half as long again up
 * to the most, ms; and not before one and a half round trips to the peer that was asked.
 */
export const REPAIR_RETRY_MS = 15;
export const REPAIR_RETRY_ROUND_TRIPS = 1.5;
export const REPAIR_BACKOFF = 1.5;
export const MOST_REPAIR_RETRY_MS = 1_000;

/**
 * Requests without progress after which segments are given up: 17 s or more in all, well inside the cache's horizon. At
 * 30 % loss half of all requests bring nothing; so many in a row do not happen.
 */
export const REPAIR_ATTEMPTS = 26;

/**
 * What is missing for this long is given up though some of it still comes now and then, ms: others keep segments for half of it.
 * Shorter, and a slow node misses what it would get; longer, and it asks in vain, and its losses are counted late.
 */
export const REPAIR_HORIZON_MS = 60_000;

/** Most segments asked for at once, and most that wait for one peer: half a megabyte. What else is missing is asked for next. */
export const REPAIR_SEGMENTS = 512;

/** Of a request that is being answered, fewer segments than these are asked for again: they may have been lost. */
const COMING_SEGMENTS = 8;

/** The first attempts go to this many of the quickest links in turn, the later ones to all. */
const FIRST_HOLDERS = 3;
const FIRST_ATTEMPTS = 6;

/** What speaks against asking a link that has not proved to hold what is missing, or one that hears it from us, ms. */
const UNPROVED_COST_MS = 20;
const DEPENDENT_COST_MS = 10_000;

/** How long a peer needs to send one segment, ms: at the pace of a link and full segments. */
const REPAIR_SEGMENT_MS = 0.3;

/** Round trip of a link before it was measured, ms. */
const UNKNOWN_ROUND_TRIP_MS = 100;

/** Closes gaps: asks those that hold what is missing, and answers those that ask. */
export class Repair {
  /** The streams with a gap. */
  private readonly open = new Set<OriginStream>();

  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly origins: OriginTable,
    private readonly cache: SegmentCache,
  ) {}

  /** How many streams have a gap. */
  get pending(): number {
    return this.open.size;
  }

  /**
   * A segment came for the first time.
   * @param wasKnown whether we knew of it already. Returns whether it came only because we asked.
   */
  arrived(stream: OriginStream, peer: Peer, sequence: number, wasKnown: boolean, now: number): boolean {
    const { gap } = stream;
    let isAnswer = false;
    if (gap !== undefined && wasKnown && sequence <= Math.max(gap.knownUpTo, gap.askedUpTo)) {
      const request = requestFor(stream, sequence);
      isAnswer = request !== undefined && couldAnswer(request, peer, now);
      if (isAnswer) this.answered(stream, request!, sequence, now);
      else stream.lateness.came(now - (request?.knownAt ?? gap.knownAt));
    }
    if (stream.window.hasGap) this.watch(stream, now);
    else this.forget(stream);
    return isAnswer;
  }

  /** A segment came again. If that is the answer to a request, it was asked for too soon. */
  copied(stream: OriginStream, peer: Peer, sequence: number, now: number): void {
    const request = requestFor(stream, sequence);
    if (request !== undefined && couldAnswer(request, peer, now)) stream.lateness.askedTooSoon();
  }

  /** Looks after the gaps of a stream, from when they become known. */
  watch(stream: OriginStream, now: number): void {
    if (stream.gap !== undefined) return;
    const timer = new Timer(at => this.look(stream, at));
    stream.gap = new Gap(timer, stream.window.highest, now);
    this.open.add(stream);
    this.context.timers.set(timer, now + stream.lateness.patienceMs);
  }

  /** Stops looking after a stream. */
  forget(stream: OriginStream): void {
    if (stream.gap === undefined) return;
    this.context.timers.cancel(stream.gap.timer);
    stream.gap = undefined;
    this.open.delete(stream);
  }

  /** `[8, origin, boot, first, length, ...]` */
  onRequest(peer: Peer, reader: MessagePackReader, length: number): void {
    const stream = this.origins.find(reader.bytesOf(NODE_ID_BYTES));
    const boot = reader.uint();
    // What waits for the peer bounds what a request can add, however many come.
    let room = REPAIR_SEGMENTS - peer.outbox.waitingRepairs;
    const waiting = stream === undefined ? undefined : waitingOf(stream, peer);
    for (let i = 3; i + 1 < length && !reader.failed; i += 2) {
      const first = reader.uint();
      const wanted = Math.min(reader.uint(), room);
      if (stream === undefined || stream.boot !== boot) continue;
      room -= Math.max(0, wanted);
      // Not beyond the stream: near 2^53 a sequence plus one is itself, and the loop would not end.
      const end = Math.min(first + wanted, stream.window.highest + 1);
      for (let sequence = first; sequence < end; sequence++) {
        const frame = this.cache.get(stream, sequence);
        if (frame === undefined || isWaiting(frame, waiting!)) continue;
        if (!this.peers.send(peer, Priority.repair, frame, stream.lane)) continue;
        this.context.counters.segmentsRepaired++;
      }
    }
    if (length > 3 && length % 2 === 0) reader.skip();
  }

  /** What a lost segment costs, ms: patience, and the round trip to the nearest link. */
  costMs(stream: OriginStream): number {
    let nearest = UNKNOWN_ROUND_TRIP_MS;
    for (const link of this.peers.links) nearest = Math.min(nearest, roundTripMs(link));
    return stream.lateness.patienceMs + 2 * nearest;
  }

  check(): void {
    for (const stream of this.open) {
      if (stream.gap === undefined || !stream.gap.timer.isSet) throw new Error('a gap is watched without a timer');
      if (!stream.window.hasGap) throw new Error('a gap is watched that has closed');
    }
  }

  /** A segment came because we asked. If more is missing than one request may name, the next follows the end of its answer. */
  private answered(stream: OriginStream, request: Request, sequence: number, now: number): void {
    stream.lateness.cameByAsking();
    if (sequence !== request.last || request.missing < REPAIR_SEGMENTS || stream.gap === undefined) return;
    request.isAnswered = true;
    request.retryAt = now;
    this.context.timers.setEarlier(stream.gap.timer, now);
  }

  private look(stream: OriginStream, now: number): void {
    const gap = stream.gap!;
    const { window, lateness } = stream;
    const { requests } = gap;
    if (gap.knownUpTo > gap.askedUpTo) {
      stream.lastRequest = new Request(Math.max(window.settled, gap.askedUpTo), gap.knownUpTo, gap.knownAt);
      gap.add(stream.lastRequest);
    }
    let next = window.highest > gap.askedUpTo ? now + lateness.patienceMs : Infinity;
    let kept = 0;
    for (const request of requests) {
      if (request.retryAt <= now) this.ask(stream, request, request === requests[0], now);
      if (request.upTo <= window.settled || request.missing === 0) continue;
      requests[kept++] = request;
      next = Math.min(next, request.retryAt);
    }
    requests.length = kept;
    if (!window.hasGap) return this.forget(stream);
    gap.knownAt = now;
    gap.knownUpTo = window.highest;
    this.context.timers.set(gap.timer, next === Infinity ? now + lateness.patienceMs : next);
  }

  /** Asks for what is still missing of a request, or gives it up; what lies behind others has to wait for them. */
  private ask(stream: OriginStream, request: Request, isOldest: boolean, now: number): void {
    const { window, large } = stream;
    const ranges = window.missingRanges(REPAIR_SEGMENTS, request.above, request.upTo);
    const first = ranges[0] ?? Infinity;
    const missing = countOf(ranges);
    const hasComeOn = missing < request.missing || first > request.first;
    if (hasComeOn) request.attempts = 0;
    // The peer sends them at the rate of the link, which may be slow: what comes is not asked for again.
    const isComing = hasComeOn && !request.isAnswered && missing >= COMING_SEGMENTS && request.peer !== undefined;
    request.missing = missing;
    request.first = first;
    if (missing === 0) return;
    const patience = Math.min(MOST_REPAIR_RETRY_MS, REPAIR_RETRY_MS * REPAIR_BACKOFF ** request.attempts);
    const wanted = large === undefined ? ranges : notComing(ranges, large, now);
    if (wanted.length === 0) {
      // A small message has overtaken a large one that is on its way.
      request.retryAt = now + patience;
      return;
    }
    const isHopeless = request.attempts >= REPAIR_ATTEMPTS || now - request.knownAt >= REPAIR_HORIZON_MS;
    if (isHopeless && isOldest) {
      const { lost } = window;
      window.giveUp(Math.min(request.upTo, window.highest));
      this.context.counters.drop('segment_lost', window.lost - lost);
      return;
    }
    const peer = isComing ? request.peer : this.holderFor(stream, first + ranges[1]! - 1, request.attempts);
    if (peer !== undefined && !isComing) {
      this.peers.send(peer, Priority.control, this.encodeRequest(stream, wanted));
      this.context.counters.repairsRequested++;
    }
    const roundTrips = peer === undefined ? 0 : REPAIR_RETRY_ROUND_TRIPS * roundTripMs(peer);
    request.retryAt = now + Math.max(patience, roundTrips) + missing * REPAIR_SEGMENT_MS;
    request.peer = peer;
    if (isComing) return;
    request.askedAt = now;
    request.last = wanted.at(-2)! + wanted.at(-1)! - 1;
    request.isAnswered = false;
    request.attempts++;
  }

  /**
   * Whom to ask: the quickest few in turn, then all links. One that has not proved to hold it may do so all the same, and
   * be near; one that hears the stream from us lacks what we lack.
   */
  private holderFor(stream: OriginStream, upTo: number, attempt: number): Peer | undefined {
    const cost = (peer: Peer) => {
      const link = stream.links.get(peer);
      const isProved = link !== undefined && link.held >= upTo;
      const isDependent = link !== undefined && !link.isFeed && !link.isIndependent;
      return roundTripMs(peer) + (isProved ? 0 : UNPROVED_COST_MS) + (isDependent ? DEPENDENT_COST_MS : 0);
    };
    const links = [...this.peers.links].sort((a, b) => cost(a) - cost(b));
    const most = attempt < FIRST_ATTEMPTS ? Math.min(FIRST_HOLDERS, links.length) : links.length;
    return links[attempt % most];
  }

  private encodeRequest(stream: OriginStream, ranges: readonly number[]): Uint8Array {
    const { writer } = this.context;
    writer.reset();
    writer.array(3 + ranges.length);
    writer.uint(Frame.repairRequest);
    writer.bytes(stream.idBytes);
    writer.uint(stream.boot);
    for (const value of ranges) writer.uint(value);
    return writer.take();
  }
}

/** The request that a sequence was part of; the last one is remembered when its gap has closed. */
function requestFor(stream: OriginStream, sequence: number): Request | undefined {
  const { gap, lastRequest } = stream;
  const request = gap?.requests.find(each => each.covers(sequence));
  return request ?? (lastRequest?.covers(sequence) === true ? lastRequest : undefined);
}

/** Whether what came now from the peer can be what it was asked for. */
function couldAnswer(request: Request, peer: Peer, now: number): boolean {
  return peer === request.peer && now - request.askedAt >= 0.9 * peer.roundTrip.minimumMs;
}

/** How many sequences there are in pairs of first and length. */
function countOf(ranges: readonly number[]): number {
  let count = 0;
  for (let i = 1; i < ranges.length; i += 2) count += ranges[i]!;
  return count;
}

/**
 * The same pairs but for what is on its way: the rest of a large message, and behind it whatever is long enough to be the
 * next one, which small messages have overtaken.
 */
function notComing(ranges: readonly number[], large: LargeMessage, now: number): readonly number[] {
  const from = large.comingFrom(now);
  if (from === Infinity) return ranges;
  const left: number[] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    const first = ranges[i]!;
    const end = first + ranges[i + 1]!;
    const before = Math.min(end, from) - first;
    if (before > 0) left.push(first, before);
    const behind = end - Math.max(first, large.last + 1);
    if (behind > 0 && behind <= FLOOD_SEGMENTS) left.push(end - behind, behind);
  }
  return left;
}

function roundTripMs(peer: Peer): number {
  return peer.roundTrip.smoothedMs ?? UNKNOWN_ROUND_TRIP_MS;
}
