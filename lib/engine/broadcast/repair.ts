import { type EngineContext, MAX_FRAME_BYTES } from '../engine-context.js';
import { NODE_ID_BYTES } from '../node-id.js';
import { Priority } from '../peers/outbox.js';
import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import { Timer } from '../timer-heap.js';
import { Frame } from '../wire/frame.js';
import type { MessagePackReader } from '../wire/message-pack-reader.js';
import { OriginStream, type OriginTable } from './origin-stream.js';

/**
 * How long a gap may be mere reordering, ms: other links bring the same segment a little later. Shorter, and repairs
 * are asked for that were on their way; longer, and a lost segment arrives that much later.
 */
export const REORDER_MS = 30;

/** A repair request is repeated, with another peer, after this long without progress; each time half as long again. */
export const REPAIR_RETRY_MS = 100;
export const REPAIR_BACKOFF = 1.5;

/** Requests without progress after which a segment is given up: about 11 s in all, well inside the cache's horizon. */
export const REPAIR_ATTEMPTS = 10;

/** Most segments asked for, and repeated, at once: half a megabyte, about what a link carries in the retry time. */
export const REPAIR_SEGMENTS = 512;

/**
 * When the links are told how far an origin is, counted from its last segment, ms. Without it a loss at the end of a
 * burst would go unnoticed, for there is no later segment to show the gap.
 */
export const DIGEST_DELAYS_MS = [50, 200, 1_000, 5_000] as const;

/**
 * Least time between two rounds of digests or of requests, ms. With a thousand busy origins something is due all the
 * time; without a pause every instant would walk over all of them.
 */
const ROUND_PAUSE_MS = 10;

/** Most origins in one digest frame; an entry is at most 45 bytes. */
const DIGEST_ENTRIES = Math.floor((MAX_FRAME_BYTES - 4) / (2 + NODE_ID_BYTES + 9 + 9 + 9));

/** Finds out what is missing and gets it: gaps in streams, requests, answers, and digests that show the end of a stream. */
export class Repair {
  private readonly gapped = new Set<OriginStream>();
  private readonly restless = new Set<OriginStream>();
  private readonly repairTimer = new Timer(now => this.requestDue(now));
  private readonly digestTimer = new Timer(now => this.tellDue(now));

  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly origins: OriginTable,
  ) {}

  /** A new segment arrived, or we made one. */
  arrived(stream: OriginStream, now: number): void {
    stream.digestRound = 0;
    stream.digestAt = now + DIGEST_DELAYS_MS[0];
    this.restless.add(stream);
    this.context.timers.setEarlier(this.digestTimer, stream.digestAt);
    if (stream.window.hasGap) this.watch(stream, now);
    else if (stream.repairAt !== Infinity) this.unwatch(stream);
  }

  forget(stream: OriginStream): void {
    this.unwatch(stream);
    this.restless.delete(stream);
  }

  get pending(): number {
    return this.gapped.size;
  }

  /** `[7, origin, boot, highest, age, ...]` */
  onDigest(peer: Peer, reader: MessagePackReader, length: number, now: number): void {
    for (let i = 1; i + 3 < length; i += 4) {
      const idBytes = reader.bytesOf(NODE_ID_BYTES);
      const boot = reader.uint();
      const highest = reader.uint();
      const age = reader.uint();
      if (reader.failed) return;
      const stream = this.streamFor(peer, idBytes, boot, highest, age, now);
      if (stream === undefined) continue;
      stream.heldBy(peer, stream.isOwn ? Math.min(highest, stream.window.highest) : highest);
      if (stream.isOwn || highest <= stream.window.highest) continue;
      const { lost } = stream.window;
      stream.window.announce(highest, now);
      this.context.counters.drop('segment_lost', stream.window.lost - lost);
      this.watch(stream, now);
    }
    for (let i = length - ((length - 1) % 4); i < length; i++) reader.skip();
  }

  /** `[8, origin, boot, first, length, ...]` */
  onRequest(peer: Peer, reader: MessagePackReader, length: number): void {
    const stream = this.origins.find(reader.bytesOf(NODE_ID_BYTES));
    const boot = reader.uint();
    // The last request is still being served: the peer asks again for what is missing then.
    const isServed = peer.outbox.hasRepairs;
    let room = REPAIR_SEGMENTS;
    for (let i = 3; i + 1 < length && !reader.failed; i += 2) {
      const first = reader.uint();
      const wanted = Math.min(reader.uint(), room);
      if (isServed || stream === undefined || stream.boot !== boot) continue;
      room -= wanted;
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

  check(): void {
    for (const stream of this.gapped) {
      if (stream.repairAt === Infinity) throw new Error('a gap is watched without a time');
      if (!this.repairTimer.isSet) throw new Error('a gap is watched without a timer');
    }
  }

  private streamFor(
    peer: Peer,
    idBytes: Uint8Array,
    boot: number,
    highest: number,
    age: number,
    now: number,
  ): OriginStream | undefined {
    const stream = this.origins.find(idBytes);
    if (stream !== undefined && (stream.isOwn || stream.boot >= boot)) return stream.boot === boot ? stream : undefined;
    // The first we hear of this origin. We want its newest segment if we were already linked when it was sent.
    if (age >= now - peer.metAt || highest === 0) return undefined;
    if (stream !== undefined) {
      this.context.counters.drop('segment_lost', stream.restart(boot, highest, now));
      return stream;
    }
    const unheard = new OriginStream(idBytes, boot, highest, now);
    if (this.origins.add(unheard)) return unheard;
    this.context.counters.drop('origins_full');
    return undefined;
  }

  private watch(stream: OriginStream, now: number): void {
    if (stream.repairAt !== Infinity) return;
    stream.repairAttempts = 0;
    stream.repairAt = now + REORDER_MS;
    this.gapped.add(stream);
    this.context.timers.setEarlier(this.repairTimer, stream.repairAt);
  }

  private unwatch(stream: OriginStream): void {
    stream.repairAt = Infinity;
    this.gapped.delete(stream);
  }

  private requestDue(now: number): void {
    let next = Infinity;
    for (const stream of this.gapped) {
      if (stream.repairAt <= now) this.request(stream, now);
      next = Math.min(next, stream.repairAt);
    }
    if (next !== Infinity) this.context.timers.set(this.repairTimer, Math.max(next, now + ROUND_PAUSE_MS));
  }

  private request(stream: OriginStream, now: number): void {
    const { window } = stream;
    if (stream.repairAttempts === 0 || window.settled > stream.repairSettled) {
      stream.repairAttempts = 0;
      stream.repairSettled = window.settled;
      stream.repairHighest = window.highest;
    }
    if (stream.repairAttempts >= REPAIR_ATTEMPTS) {
      const { lost } = window;
      window.giveUp(stream.repairHighest);
      this.context.counters.drop('segment_lost', window.lost - lost);
      stream.repairAttempts = 0;
    }
    if (!window.hasGap) return this.unwatch(stream);
    const peer = this.holderFor(stream);
    if (peer !== undefined) {
      this.peers.send(peer, Priority.control, this.encodeRequest(stream));
      this.context.counters.repairsRequested++;
    }
    stream.repairAt = now + REPAIR_RETRY_MS * REPAIR_BACKOFF ** stream.repairAttempts;
    stream.repairAttempts++;
  }

  /** Whom to ask: who proved to have what we miss, in turn; any link when there is nobody. */
  private holderFor(stream: OriginStream): Peer | undefined {
    const choice: Peer[] = [];
    for (const [peer, sequence] of stream.holders) {
      if (sequence > stream.window.settled && this.peers.get(peer.id) === peer) choice.push(peer);
    }
    const { links } = this.peers;
    const from = choice.length > 0 ? choice : links;
    return from[stream.repairAttempts % from.length];
  }

  private encodeRequest(stream: OriginStream): Uint8Array {
    const ranges = stream.window.missingRanges(REPAIR_SEGMENTS);
    const { writer } = this.context;
    writer.reset();
    writer.array(3 + ranges.length);
    writer.uint(Frame.repairRequest);
    writer.bytes(stream.idBytes);
    writer.uint(stream.boot);
    for (const value of ranges) writer.uint(value);
    return writer.take();
  }

  private tellDue(now: number): void {
    const due: OriginStream[] = [];
    let next = Infinity;
    for (const stream of this.restless) {
      if (stream.digestAt <= now) {
        due.push(stream);
        stream.digestRound++;
        const delay = DIGEST_DELAYS_MS[stream.digestRound];
        stream.digestAt = delay === undefined ? Infinity : stream.activeAt + delay;
        if (delay === undefined) this.restless.delete(stream);
      }
      next = Math.min(next, stream.digestAt);
    }
    if (due.length > 0) for (const link of this.peers.links) this.tell(link, due, now);
    if (next !== Infinity) this.context.timers.set(this.digestTimer, Math.max(next, now + ROUND_PAUSE_MS));
  }

  /** Tells a link of the streams of which it has not proved to hold the newest segment. */
  private tell(link: Peer, due: readonly OriginStream[], now: number): void {
    const { hasBulk } = link.outbox;
    const streams = due.filter(stream => {
      // What waits for the link is on its way: told of it now, the link would ask for all of it. The last round is sent anyway.
      const isOnItsWay = hasBulk && stream.isBulk && stream.digestAt !== Infinity;
      return !isOnItsWay && (stream.holders.get(link) ?? 0) < stream.window.highest;
    });
    for (let from = 0; from < streams.length; from += DIGEST_ENTRIES) {
      const frame = this.encodeDigest(streams.slice(from, from + DIGEST_ENTRIES), now);
      this.peers.send(link, Priority.control, frame);
    }
  }

  private encodeDigest(streams: readonly OriginStream[], now: number): Uint8Array {
    const { writer } = this.context;
    writer.reset();
    writer.array(1 + 4 * streams.length);
    writer.uint(Frame.digest);
    for (const stream of streams) {
      writer.bytes(stream.idBytes);
      writer.uint(stream.boot);
      writer.uint(stream.window.highest);
      writer.uint(Math.max(0, Math.round(now - stream.activeAt)));
    }
    return writer.take();
  }
}
