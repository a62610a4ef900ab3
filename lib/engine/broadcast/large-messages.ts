import type { EngineContext } from '../engine-context.js';
import { Priority } from '../peers/outbox.js';
import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import { Timer } from '../timer-heap.js';
import { Frame } from '../wire/frame.js';
import { MAX_SEGMENT_COUNT, type Segment } from '../wire/segment-frame.js';
import type { OriginStream } from './origin-stream.js';
import type { Paths } from './paths.js';
import type { Repair } from './repair.js';
import { type StreamLink, Wish } from './stream-link.js';

/**
 * Messages of more segments than this are offered to links rather than flooded: a flood costs as many copies as there are
 * links, and of a small message they are cheaper than the round trip that an offer takes.
 */
export const FLOOD_SEGMENTS = 4;

/** A large message of which nothing comes for this long, or two round trips of its feed, has stalled; ms. */
export const STALL_MS = 100;

/** A feed that brought this many more copies in vain than first ones is choked. */
export const IDLE_COPIES = 4;

/** A message of our own that nobody wants for this long after its offer is not waited for any more, ms. */
export const CLAIM_MS = 1_000;

/**
 * A message has paused when no segment came for so many of the usual intervals, at least this long, ms. Shorter, and what is
 * on its way over a slow link is asked for; longer, and losses at the end of a message are found late.
 */
const PAUSE_INTERVALS = 4;
const LEAST_PAUSE_MS = 20;
const INTERVAL_GAIN = 1 / 8;

/** The large message of a stream that is under way: the newest one. */
export class LargeMessage {
  /** Whether we told our links of it. */
  isOffered = false;
  /** How often we went for another feed since anything came. */
  grafts = 0;
  /** Highest segment that came. */
  private newest = 0;
  /** When a segment came last, and the mean time between two, smoothed, ms. */
  arrivedAt = -Infinity;
  intervalMs = 0;

  constructor(
    readonly first: number,
    readonly last: number,
    readonly timer: Timer,
  ) {}

  /** A segment came. */
  arrived(sequence: number, now: number): void {
    this.grafts = 0;
    this.newest = Math.max(this.newest, sequence);
    if (this.arrivedAt !== -Infinity) this.intervalMs += INTERVAL_GAIN * (now - this.arrivedAt - this.intervalMs);
    this.arrivedAt = now;
  }

  /** From which segment on the rest will come by itself; Infinity when it has come to a pause. Feeds send them in their order. */
  comingFrom(now: number): number {
    return this.isComing(now) ? Math.max(this.first, this.newest + 1) : Infinity;
  }

  /** Whether the next segment is still to be expected. */
  isComing(now: number): boolean {
    if (this.arrivedAt === -Infinity) return this.timer.isSet;
    return now - this.arrivedAt < Math.max(LEAST_PAUSE_MS, PAUSE_INTERVALS * this.intervalMs);
  }
}

/**
 * Large messages: offered to all links at their first segment, sent to those that want them. Each node takes the first
 * offer, so the segments flow down a tree of the quickest links, once to each node, and each is passed on as it comes.
 */
export class LargeMessages {
  /** Bytes of our own messages that nobody took so far, and when we offered the last one. */
  private unclaimed = 0;
  private offeredAt = -Infinity;

  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly paths: Paths,
    private readonly repair: Repair,
  ) {}

  /** A new segment of a large message, ours or another's, was passed on to those that want it: the others are told once. */
  passedOn(stream: OriginStream, segment: Segment, from: Peer | undefined, now: number): void {
    const first = segment.sequence - segment.index;
    const message = this.messageOf(stream, first, segment.count);
    if (message === undefined) return;
    message.arrived(segment.sequence, now);
    if (!stream.isOwn) this.context.timers.set(message.timer, now + this.patienceMs(stream));
    if (message.isOffered) return;
    message.isOffered = true;
    if (stream.isOwn) this.offered(stream, segment.count * segment.payload.length, now);
    const frame = this.encode(stream, first, segment.count);
    for (const peer of this.peers.links) {
      if (peer === from || peer.id === stream.id) continue;
      const link = stream.links.get(peer);
      if (link !== undefined && (link.theirs === Wish.eager || link.held >= first)) continue;
      this.peers.send(peer, Priority.control, frame);
    }
  }

  /** Whether a message of ours can wait with those that take them at once, or, as long as there are none, for somebody to do so. */
  hasRoomFor(own: OriginStream, bytes: number, now: number): boolean {
    const { links } = this.peers;
    const takers = links.filter(peer => own.links.get(peer)?.theirs === Wish.eager);
    if (takers.length > 0) return takers.some(peer => peer.outbox.hasRoomFor(bytes));
    return links.some(peer => peer.outbox.hasRoomFor(bytes + this.unclaimedBytes(now)));
  }

  /** Whether a link may still want a message of ours: it has not had the time to say so. */
  isAwaited(own: OriginStream, now: number): boolean {
    const { links } = this.peers;
    if (this.unclaimedBytes(now) > 0) return links.length > 0;
    const elapsed = now - this.offeredAt;
    return links.some(peer => {
      const isSilent = (own.links.get(peer)?.theirs ?? Wish.unset) === Wish.unset;
      return isSilent && elapsed < Math.max(STALL_MS, 2 * (peer.roundTrip.smoothedMs ?? 0));
    });
  }

  /** Somebody takes our messages: from here on they wait with the link. */
  claimed(): void {
    this.unclaimed = 0;
  }

  /** The first copy of a segment of a large message. */
  arrived(link: StreamLink): void {
    link.idleCopies = Math.max(0, link.idleCopies - 1);
  }

  /** A copy of a segment that we have: of two feeds of a large message one is enough. */
  copied(stream: OriginStream, link: StreamLink, now: number): void {
    if (link.ours !== Wish.eager || ++link.idleCopies < IDLE_COPIES) return;
    link.idleCopies = 0;
    for (const other of stream.links.values()) {
      if (other !== link && other.ours === Wish.eager && other.peer.isLink) return this.paths.choke(link, now);
    }
  }

  /** The peer has begun to receive a message of so many segments. */
  onOffer(stream: OriginStream, peer: Peer, first: number, count: number, now: number): void {
    if (count < 1 || count > MAX_SEGMENT_COUNT || stream.isOwn) return;
    const link = stream.link(peer);
    link.provedToHold(first);
    if (stream.newest >= first) return;
    const message = this.messageOf(stream, first, count);
    if (message === undefined) return;
    if (message.timer.isSet) return;
    // A feed of the last large message is likely to bring this one, too, unless it offers it: then it forgot our wish.
    const feed = this.feedOf(stream);
    if (feed === undefined || feed === link) this.paths.graft(link, now, first);
    this.context.timers.set(message.timer, now + this.patienceMs(stream));
  }

  /** Whether this segment belongs to a message that is being received, so that it will come by itself. */
  isComing({ large }: OriginStream, sequence: number, now: number): boolean {
    return large !== undefined && sequence >= large.first && sequence <= large.last && large.isComing(now);
  }

  forget(stream: OriginStream): void {
    if (stream.large !== undefined) this.context.timers.cancel(stream.large.timer);
    stream.large = undefined;
  }

  private offered(own: OriginStream, bytes: number, now: number): void {
    const isTaken = this.peers.links.some(peer => own.links.get(peer)?.theirs === Wish.eager);
    this.unclaimed = isTaken ? 0 : this.unclaimedBytes(now) + bytes;
    this.offeredAt = now;
  }

  private unclaimedBytes(now: number): number {
    return now - this.offeredAt < CLAIM_MS ? this.unclaimed : 0;
  }

  /** The message under way; undefined for one that is over. */
  private messageOf(stream: OriginStream, first: number, count: number): LargeMessage | undefined {
    const { large } = stream;
    if (large !== undefined && first <= large.first) return first === large.first ? large : undefined;
    this.forget(stream);
    // It and what the stream had before may have gaps at the same time.
    stream.window.widen(2 * count);
    const message = new LargeMessage(first, first + count - 1, new Timer(now => this.stalled(stream, message, now)));
    stream.large = message;
    return message;
  }

  /** Nothing has come for a while. */
  private stalled(stream: OriginStream, message: LargeMessage, now: number): void {
    if (stream.window.settled >= message.last) return;
    message.grafts++;
    if (stream.newest < message.first && message.grafts <= this.peers.links.length) {
      // Not even the beginning: the wish, or its answer, was lost.
      const next = this.nextOfferer(stream, message);
      if (next !== undefined) this.paths.graft(next, now, message.first);
      this.context.timers.set(message.timer, now + this.patienceMs(stream));
      return;
    }
    // The rest is asked for segment by segment.
    const { lost } = stream.window;
    stream.window.announce(message.last, now);
    this.context.counters.drop('segment_lost', stream.window.lost - lost);
    if (stream.window.hasGap) this.repair.watch(stream, now);
  }

  private nextOfferer(stream: OriginStream, message: LargeMessage): StreamLink | undefined {
    const offerers = [...stream.links.values()].filter(link => link.held >= message.first && link.peer.isLink);
    return offerers[message.grafts % offerers.length];
  }

  private feedOf(stream: OriginStream): StreamLink | undefined {
    for (const link of stream.links.values()) if (link.ours === Wish.eager && link.peer.isLink) return link;
    return undefined;
  }

  private patienceMs(stream: OriginStream): number {
    return Math.max(STALL_MS, 2 * (this.feedOf(stream)?.peer.roundTrip.smoothedMs ?? 0)) + stream.lateness.patienceMs;
  }

  private encode(stream: OriginStream, first: number, count: number): Uint8Array {
    const { writer } = this.context;
    writer.reset();
    writer.array(5);
    writer.uint(Frame.offer);
    writer.bytes(stream.idBytes);
    writer.uint(stream.boot);
    writer.uint(first);
    writer.uint(count);
    return writer.take();
  }
}
