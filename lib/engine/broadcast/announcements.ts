import { type EngineContext, MAX_FRAME_BYTES } from '../engine-context.js';
import { NODE_ID_BYTES } from '../node-id.js';
import { Priority } from '../peers/outbox.js';
import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import { randomUnit } from '../random.js';
import { Timer } from '../timer-heap.js';
import { Frame } from '../wire/frame.js';
import type { OriginStream } from './origin-stream.js';
import type { StreamLink } from './stream-link.js';

/**
 * How long an announcement waits, ms: about the round trip of its link between these bounds, varied by half to both
 * sides, so that of two nodes that would tell each other the same the first one saves the other's announcement. Shorter,
 * and both speak; longer, and a lost segment is noticed that much later.
 */
export const LEAST_ANNOUNCE_DELAY_MS = 1;
export const MOST_ANNOUNCE_DELAY_MS = 10;

/**
 * Least time between two announcements on one link, ms. Of a fast stream each tells of many segments; a gap in it shows
 * by the next segment anyway.
 */
export const ANNOUNCE_PAUSE_MS = 20;

/**
 * When a stream pauses, links are told how far it is, so long after its last segment, ms. Without it a loss at the end of
 * a burst would go unnoticed, for there is no later segment to show the gap. The last ones come at the pace of heartbeats,
 * as long as segments are kept: a link that was cut for some seconds hears of it when it is whole again.
 */
export const PAUSE_DELAYS_MS = [50, 200, 1_000, 5_000, 10_000, 15_000, 20_000, 25_000] as const;

/** A stream pauses when this many of its usual intervals pass without a message. */
const PAUSE_INTERVALS = 3;

/** News of a pause is spread over this time, ms, so that of two nodes the first one saves the other's. */
const PAUSE_SPREAD_MS = 5;

/** Most origins in one digest frame; an entry is at most 45 bytes. */
const DIGEST_ENTRIES = Math.floor((MAX_FRAME_BYTES - 4) / (2 + NODE_ID_BYTES + 9 + 9 + 9));

/** What is to be told to one peer. */
class Announcer {
  readonly due: StreamLink[] = [];
  lastAt = -Infinity;

  constructor(readonly timer: Timer) {}
}

/** Tells links what we hold: soon, where they take announcements in place of segments; to all of them when a stream pauses. */
export class Announcements {
  private readonly announcers = new Map<Peer, Announcer>();

  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    /** A stream pauses, for us at least. */
    private readonly paused: (stream: OriginStream, now: number) => void,
  ) {}

  /** Tells the peer soon, unless it proves to know before. */
  soon(link: StreamLink, now: number): void {
    if (link.isAnnounced) return;
    const roundTripMs = link.peer.roundTrip.smoothedMs ?? MOST_ANNOUNCE_DELAY_MS;
    const delay = Math.min(MOST_ANNOUNCE_DELAY_MS, Math.max(LEAST_ANNOUNCE_DELAY_MS, roundTripMs));
    this.queue(link, now + delay * (0.5 + randomUnit(this.context.options.random)));
  }

  /** A new segment came, or was made: when no more come, all links are told. */
  arrived(stream: OriginStream, now: number): void {
    stream.pauseRound = firstRound(stream);
    stream.pauseTimer ??= this.pauseTimerOf(stream);
    // Of a busy stream it is not moved for each segment: it looks again when it fires.
    this.context.timers.setEarlier(stream.pauseTimer, now + PAUSE_DELAYS_MS[stream.pauseRound]!);
  }

  forget(stream: OriginStream): void {
    if (stream.pauseTimer !== undefined) this.context.timers.cancel(stream.pauseTimer);
    for (const link of stream.links.values()) link.isAnnounced = false;
  }

  peerGone(peer: Peer): void {
    const announcer = this.announcers.get(peer);
    if (announcer === undefined) return;
    this.context.timers.cancel(announcer.timer);
    this.announcers.delete(peer);
  }

  /** Apart from its caller: there the closure would cost its context for each segment, made or not. */
  private pauseTimerOf(stream: OriginStream): Timer {
    return new Timer(at => this.pause(stream, at));
  }

  private pause(stream: OriginStream, now: number): void {
    const dueAt = stream.activeAt + PAUSE_DELAYS_MS[stream.pauseRound]!;
    if (now < dueAt) return this.context.timers.set(stream.pauseTimer!, dueAt);
    const round = ++stream.pauseRound;
    const isLast = round >= PAUSE_DELAYS_MS.length;
    if (!isLast) this.context.timers.set(stream.pauseTimer!, stream.activeAt + PAUSE_DELAYS_MS[round]!);
    this.paused(stream, now);
    for (const peer of this.peers.links) {
      if (!isOwed(stream, peer, stream.links.get(peer)?.held ?? 0)) continue;
      // What waits for the peer is on its way: told of it now, it would ask for all of it.
      if (stream.isBulk && peer.outbox.hasBulk && !isLast) continue;
      this.queue(stream.link(peer), now + PAUSE_SPREAD_MS * randomUnit(this.context.options.random));
    }
  }

  private queue(link: StreamLink, at: number): void {
    if (link.isAnnounced) return;
    let announcer = this.announcers.get(link.peer);
    if (announcer === undefined) {
      announcer = new Announcer(new Timer(now => this.tell(link.peer, now)));
      this.announcers.set(link.peer, announcer);
    }
    link.isAnnounced = true;
    announcer.due.push(link);
    this.context.timers.setEarlier(announcer.timer, Math.max(at, announcer.lastAt + ANNOUNCE_PAUSE_MS));
  }

  /** Tells the peer of the streams of which it has not proved to hold the newest segment. */
  private tell(peer: Peer, now: number): void {
    const announcer = this.announcers.get(peer)!;
    const streams: OriginStream[] = [];
    for (const link of announcer.due) {
      if (link.isAnnounced && isOwed(link.stream, peer, link.held)) streams.push(link.stream);
      link.isAnnounced = false;
    }
    announcer.due.length = 0;
    if (streams.length === 0) return;
    announcer.lastAt = now;
    for (let from = 0; from < streams.length; from += DIGEST_ENTRIES) {
      this.peers.send(peer, Priority.digest, this.encode(streams.slice(from, from + DIGEST_ENTRIES), now));
    }
    for (const stream of streams) if (stream.newestFrom === peer) stream.newestFrom = undefined;
  }

  private encode(streams: readonly OriginStream[], now: number): Uint8Array {
    const { writer } = this.context;
    writer.reset();
    writer.array(1 + 4 * streams.length);
    writer.uint(Frame.digest);
    for (const stream of streams) {
      writer.bytes(stream.idBytes);
      writer.uint(stream.boot);
      writer.uint(stream.newest);
      writer.uint(Math.max(0, Math.round((now - stream.newestAt) * 1_000)));
    }
    return writer.take();
  }
}

/** Of the pauses, the first that is longer than the stream is silent between two messages anyway. */
function firstRound({ heat, intervalMs }: OriginStream): number {
  const busyMs = PAUSE_INTERVALS * intervalMs;
  if (heat <= 1 || busyMs === Infinity) return 0;
  let round = 0;
  while (round < PAUSE_DELAYS_MS.length - 1 && PAUSE_DELAYS_MS[round]! < busyMs) round++;
  return round;
}

/**
 * Whether a peer is to be told of the newest segment: it has not proved to hold it; or it brought it to us, and would go on
 * telling us of it until we show that we hold it, too.
 */
function isOwed(stream: OriginStream, peer: Peer, held: number): boolean {
  return peer === stream.newestFrom || (held < stream.newest && peer.id !== stream.id);
}
