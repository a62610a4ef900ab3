import type { EngineContext } from '../engine-context.js';
import { NODE_ID_BYTES } from '../node-id.js';
import { Priority } from '../peers/outbox.js';
import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import { Timer } from '../timer-heap.js';
import { Frame } from '../wire/frame.js';
import type { MessagePackReader } from '../wire/message-pack-reader.js';
import type { OriginStream, OriginTable } from './origin-stream.js';

/**
 * A repair request is repeated, with another peer, when it brings nothing for this long or for one and a half round trips,
 * whichever is longer; each time half as long again, up to the most; ms.
 */
export const REPAIR_RETRY_MS = 15;
export const REPAIR_RETRY_ROUND_TRIPS = 1.5;
export const REPAIR_BACKOFF = 1.5;
export const MOST_REPAIR_RETRY_MS = 2_000;

/** Requests without progress after which segments are given up: 15 s or more in all, well inside the cache's horizon. */
export const REPAIR_ATTEMPTS = 16;

/** Most segments asked for at once, and most that wait for one peer: half a megabyte, an eighth of a second at the pacer. */
export const REPAIR_SEGMENTS = 512;

/** How often each of those that proved to hold what is missing is asked before the other links are. */
const ROUNDS_OF_HOLDERS = 2;

/** Round trip of a link before it was measured, ms. */
const UNKNOWN_ROUND_TRIP_MS = 100;

/** What is missing of a stream, and what was done about it. */
export class Gap {
  /** What was known at the last look, and when that was: only what was known then is asked for at the next. */
  knownAt: number;
  knownUpTo: number;
  /** What has been asked for, whom, and when. */
  askedUpTo = 0;
  askedPeer: Peer | undefined;
  askedAt = -Infinity;
  /** When to ask again, and up to where: what was asked for later than that gets its own time. */
  retryAt = Infinity;
  retryUpTo = 0;
  attempts = 0;
  /** What was settled at the last request: progress is more. */
  settledAtRequest = 0;

  constructor(
    readonly timer: Timer,
    knownUpTo: number,
    now: number,
  ) {
    this.knownUpTo = knownUpTo;
    this.knownAt = now;
  }
}

/** Closes gaps: asks those that hold what is missing, and answers those that ask. */
export class Repair {
  /** The streams with a gap. */
  private readonly open = new Set<OriginStream>();

  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly origins: OriginTable,
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
    if (gap !== undefined && wasKnown && sequence <= gap.knownUpTo) {
      isAnswer = this.isAnswer(gap, peer, sequence, now);
      if (isAnswer) stream.lateness.cameByAsking();
      else stream.lateness.came(now - gap.knownAt);
    }
    if (stream.window.hasGap) this.watch(stream, now);
    else this.forget(stream);
    return isAnswer;
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
    for (let i = 3; i + 1 < length && !reader.failed; i += 2) {
      const first = reader.uint();
      const wanted = Math.min(reader.uint(), room);
      if (stream === undefined || stream.boot !== boot) continue;
      room -= Math.max(0, wanted);
      // Not beyond the stream: near 2^53 a sequence plus one is itself, and the loop would not end.
      const end = Math.min(first + wanted, stream.window.highest + 1);
      for (let sequence = first; sequence < end; sequence++) {
        const frame = stream.frames.get(sequence);
        if (frame === undefined || !this.peers.send(peer, Priority.repair, frame)) continue;
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

  /** Whether a segment came from the peer we asked for it, and could not have come sooner. */
  private isAnswer(gap: Gap, peer: Peer, sequence: number, now: number): boolean {
    if (sequence > gap.askedUpTo || peer !== gap.askedPeer) return false;
    return now - gap.askedAt >= 0.9 * peer.roundTrip.minimumMs;
  }

  private look(stream: OriginStream, now: number): void {
    const { window, lateness } = stream;
    const gap = stream.gap!;
    if (window.settled > gap.settledAtRequest) gap.attempts = 0;
    if (now >= gap.retryAt && gap.attempts >= REPAIR_ATTEMPTS) this.giveUp(stream, gap);
    if (!window.hasGap) return this.forget(stream);
    if (now >= gap.retryAt) {
      gap.retryAt = Infinity;
      if (window.settled < gap.retryUpTo) this.ask(stream, gap, window.settled, gap.retryUpTo, now);
    }
    if (gap.knownUpTo > gap.askedUpTo) this.ask(stream, gap, gap.askedUpTo, gap.knownUpTo, now);
    if (gap.retryAt === Infinity && window.settled < gap.askedUpTo) this.retryLater(gap, gap.askedPeer, now);
    gap.knownAt = now;
    gap.knownUpTo = window.highest;
    const isMoreKnown = gap.knownUpTo > gap.askedUpTo;
    const next = isMoreKnown ? Math.min(now + lateness.patienceMs, gap.retryAt) : gap.retryAt;
    this.context.timers.set(gap.timer, next === Infinity ? now + lateness.patienceMs : next);
  }

  private ask(stream: OriginStream, gap: Gap, above: number, upTo: number, now: number): void {
    const ranges = stream.window.missingRanges(REPAIR_SEGMENTS, above, upTo);
    if (ranges.length === 0) {
      gap.askedUpTo = Math.max(gap.askedUpTo, upTo);
      return;
    }
    const asked = ranges[ranges.length - 2]! + ranges[ranges.length - 1]! - 1;
    const peer = this.holderFor(stream, asked, gap.attempts);
    if (peer !== undefined) {
      this.peers.send(peer, Priority.control, this.encodeRequest(stream, ranges));
      this.context.counters.repairsRequested++;
    }
    gap.askedUpTo = Math.max(gap.askedUpTo, asked);
    gap.askedPeer = peer;
    gap.askedAt = now;
    gap.settledAtRequest = stream.window.settled;
    if (gap.retryAt === Infinity) this.retryLater(gap, peer, now);
  }

  private retryLater(gap: Gap, peer: Peer | undefined, now: number): void {
    const roundTrips = peer === undefined ? 0 : REPAIR_RETRY_ROUND_TRIPS * roundTripMs(peer);
    const patience = Math.max(REPAIR_RETRY_MS, roundTrips) * REPAIR_BACKOFF ** gap.attempts;
    gap.retryAt = now + Math.min(MOST_REPAIR_RETRY_MS, patience);
    gap.retryUpTo = gap.askedUpTo;
    gap.attempts++;
  }

  private giveUp(stream: OriginStream, gap: Gap): void {
    const { window } = stream;
    const { lost } = window;
    window.giveUp(Math.min(gap.askedUpTo, window.highest));
    this.context.counters.drop('segment_lost', window.lost - lost);
    gap.attempts = 0;
  }

  /**
   * Whom to ask. First those in turn that proved to hold it and do not hear the stream from us, nearest first; then all
   * links in turn.
   */
  private holderFor(stream: OriginStream, upTo: number, attempt: number): Peer | undefined {
    const holders: Peer[] = [];
    const others: Peer[] = [];
    for (const peer of this.peers.links) {
      const link = stream.links.get(peer);
      const isHolder = link !== undefined && link.held >= upTo && (link.isFeed || link.isIndependent);
      (isHolder ? holders : others).push(peer);
    }
    const byRoundTrip = (a: Peer, b: Peer) => roundTripMs(a) - roundTripMs(b);
    holders.sort(byRoundTrip);
    if (attempt < ROUNDS_OF_HOLDERS * holders.length) return holders[attempt % holders.length];
    const all = [...holders, ...others.sort(byRoundTrip)];
    return all[attempt % all.length];
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

function roundTripMs(peer: Peer): number {
  return peer.roundTrip.smoothedMs ?? UNKNOWN_ROUND_TRIP_MS;
}
