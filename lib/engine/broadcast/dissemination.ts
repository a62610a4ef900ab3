import { type EngineContext, MAX_FRAME_BYTES } from '../engine-context.js';
import { BroadcastEvent } from '../engine-event.js';
import type { MemberTable } from '../membership/member-table.js';
import { NODE_ID_BYTES, nodeIdToBytes } from '../node-id.js';
import { Priority } from '../peers/outbox.js';
import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import { Timer } from '../timer-heap.js';
import type { MessagePackReader } from '../wire/message-pack-reader.js';
import {
  HOPS_OFFSET,
  isCanonical,
  MAX_HOPS,
  MAX_SEGMENT_COUNT,
  readContinuation,
  readSegment,
  Segment,
} from '../wire/segment-frame.js';
import { Announcements } from './announcements.js';
import { FLOOD_SEGMENTS, LargeMessages } from './large-messages.js';
import { OriginStream } from './origin-stream.js';
import { Paths } from './paths.js';
import { type IncompleteMessage, Reassembly } from './reassembly.js';
import { Repair } from './repair.js';
import { Room } from './room.js';
import { SegmentCache } from './segment-cache.js';
import { Segmentation } from './segmentation.js';
import { Wish } from './stream-link.js';
import { Streams } from './streams.js';
import { WishService } from './wish-service.js';

/** How often caches and idle streams are swept, ms. */
const SWEEP_MS = 10_000;

export type BroadcastResult = 'accepted' | 'too_large' | 'queue_full';

/** Broadcasts: our own into segments, those of others on to the links that want them and to the application when whole. */
export class Dissemination {
  private readonly streams: Streams;
  private readonly cache: SegmentCache;
  private readonly reassembly: Reassembly;
  readonly repair: Repair;
  private readonly announcements: Announcements;
  private readonly paths: Paths;
  private readonly large: LargeMessages;
  private readonly room: Room;
  readonly wishes: WishService;
  private readonly segment = new Segment();
  private readonly segmentation: Segmentation;
  private readonly sweepTimer = new Timer(now => this.sweep(now));

  /** @param boot this life of the node: the incarnation it started with. */
  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly members: MemberTable,
    boot: number,
    now: number,
  ) {
    const own = new OriginStream(nodeIdToBytes(context.options.id), boot, 1, now);
    own.isOwn = true;
    this.streams = new Streams(context, own, stream => this.forget(stream));
    this.segmentation = new Segmentation(context, own);
    const { table } = this.streams;
    this.cache = new SegmentCache(context.options.repairCache);
    this.reassembly = new Reassembly(context.options.maxMessageBytes, context.counters, message => this.lost(message));
    this.repair = new Repair(context, peers, table, this.cache);
    this.announcements = new Announcements(context, peers, (stream, now) => this.paths.paused(stream, now));
    this.paths = new Paths(context, peers, table, this.repair);
    this.room = new Room(peers);
    this.large = new LargeMessages(context, peers, this.paths, this.repair);
    this.wishes = new WishService(context, peers, this.cache, this.paths, this.large, this.announcements);
    context.timers.set(this.sweepTimer, now + SWEEP_MS);
  }

  /** Sends our own message to all links, if they have room for it. */
  broadcast(payload: Uint8Array, zones: readonly string[] | undefined, now: number): BroadcastResult {
    const { counters, options } = this.context;
    if (payload.length > options.maxMessageBytes) return 'too_large';
    const { segmentation } = this;
    const { segment } = segmentation;
    const stream = this.streams.own;
    if (!segmentation.begin(payload.length, zones)) return 'too_large';
    const hasLinks = this.peers.links.length > 0;
    const isLarge = segment.count > FLOOD_SEGMENTS;
    if (hasLinks && !this.room.isThere(stream, isLarge, now)) return 'queue_full';
    if (hasLinks && isLarge && !this.large.hasRoomFor(stream, payload.length, now)) return 'queue_full';
    counters.broadcastsSent++;
    if (!hasLinks) counters.broadcastsUnheard++;

    for (let frame = segmentation.next(payload); frame !== undefined; frame = segmentation.next(payload)) {
      stream.window.add(segment.sequence, now);
      this.note(segment, frame, 0, frame.length, undefined, stream, now);
      this.passOn(frame, 0, frame.length, segment, undefined, stream, now);
    }
    return 'accepted';
  }

  /** Sequence of the last segment of our own. */
  get lastSequence(): number {
    return this.segmentation.sequence;
  }

  /** `[6, hops, origin, boot, sequence, index, count, payload, zones]` */
  onSegment(
    peer: Peer,
    bytes: Uint8Array,
    start: number,
    reader: MessagePackReader,
    length: number,
    now: number,
  ): void {
    if (!readSegment(reader, length, this.segment) || !this.isProper(bytes, start, reader)) return;
    const stream = this.streams.ofSegment(this.segment, now);
    if (stream !== undefined) this.take(stream, peer, bytes, start, reader.position, now);
  }

  /** `[17, hops, tag, sequence, index, count, payload]` */
  onContinuation(
    peer: Peer,
    bytes: Uint8Array,
    start: number,
    reader: MessagePackReader,
    length: number,
    now: number,
  ): void {
    if (!readContinuation(reader, length, this.segment) || !this.isProper(bytes, start, reader)) return;
    const stream = this.streams.ofTag(this.segment.tag);
    if (stream !== undefined) this.take(stream, peer, bytes, start, reader.position, now);
  }

  /** All segments of a datagram were taken: its bytes are the listeners' from here on. */
  datagramRead(): void {
    this.cache.settle();
  }

  /** Whether the segment that was read can be passed on as it is. Counts it. */
  private isProper(bytes: Uint8Array, start: number, reader: MessagePackReader): boolean {
    if (reader.position - start > MAX_FRAME_BYTES || !isCanonical(bytes, start, this.segment)) reader.fail();
    else this.context.counters.segmentsReceived++;
    return !reader.failed;
  }

  /**
   * A segment of a stream came from a peer: it is passed on the moment it is authenticated, in the same bytes, then handed to the
   * application if its message is whole.
   */
  private take(stream: OriginStream, peer: Peer, plaintext: Uint8Array, start: number, end: number, now: number): void {
    const { segment } = this;
    const { counters } = this.context;
    segment.origin = stream.idBytes;
    const link = stream.link(peer);
    link.provedToHold(segment.sequence);
    const { window } = stream;
    const { lost } = window;
    const isLarge = segment.count > FLOOD_SEGMENTS;
    const wasKnown = segment.sequence <= window.highest;
    // What was asked for until now lies behind it.
    if (window.owe(segment.sequence - segment.index)) this.repair.forget(stream);
    const verdict = window.add(segment.sequence, now);
    if (verdict !== 'new') {
      if (verdict === 'old') return counters.drop('old_segment');
      counters.segmentsDuplicate++;
      this.repair.copied(stream, peer, segment.sequence, now);
      if (isLarge) this.large.copied(stream, link, now);
      else this.paths.copied(stream, link, segment.sequence, now);
      return;
    }
    if (window.lost > lost) counters.drop('segment_lost', window.lost - lost);
    if (segment.hops < MAX_HOPS) plaintext[start + HOPS_OFFSET] = segment.hops + 1;
    this.note(segment, plaintext, start, end, peer, stream, now);
    if (segment.hops < MAX_HOPS) {
      this.passOn(plaintext, start, end, segment, peer, stream, now);
    } else counters.drop('hop_limit');
    const wasAskedFor = this.repair.arrived(stream, peer, segment.sequence, wasKnown, now);
    if (isLarge) this.large.arrived(link);
    else this.paths.arrived(stream, link, segment.sequence, wasAskedFor, now);
    this.deliver(stream, peer, plaintext, now);
  }

  /** `[7, origin, boot, newest, age, ...]` */
  onDigest(peer: Peer, reader: MessagePackReader, length: number, now: number): void {
    for (let i = 1; i + 3 < length; i += 4) {
      const idBytes = reader.bytesOf(NODE_ID_BYTES);
      const boot = reader.uint();
      const newest = reader.uint();
      const ageMs = reader.uint() / 1_000;
      if (reader.failed) return;
      const stream = this.streams.toldOf(peer, idBytes, boot, newest, ageMs, now);
      if (stream === undefined) continue;
      const link = stream.link(peer);
      link.provedToHold(stream === this.streams.own ? Math.min(newest, stream.newest) : newest);
      if (stream === this.streams.own) continue;
      this.paths.announced(stream, link, newest, now - ageMs, now);
      // What is on its way from a feed is not missing, though another has it already.
      if (newest <= stream.window.highest || this.large.isComing(stream, newest, now)) continue;
      const { lost } = stream.window;
      stream.window.announce(newest, now);
      this.context.counters.drop('segment_lost', stream.window.lost - lost);
      if (stream.window.hasGap) this.repair.watch(stream, now);
    }
    for (let i = length - ((length - 1) % 4); i < length; i++) reader.skip();
  }

  /** Whether somebody may still want a large message of ours. */
  isAwaited(now: number): boolean {
    return this.large.isAwaited(this.streams.own, now);
  }

  /** `[12, origin, boot, first, count]` */
  onOffer(peer: Peer, reader: MessagePackReader, now: number): void {
    const idBytes = reader.bytesOf(NODE_ID_BYTES);
    const boot = reader.uint();
    const first = reader.uint();
    const count = reader.uint();
    // Beyond what can be counted a sequence plus one is itself, and loops over them would not end.
    if (reader.failed || first < 1 || first > Number.MAX_SAFE_INTEGER - MAX_SEGMENT_COUNT) return;
    const stream = this.streams.toldOf(peer, idBytes, boot, first, 0, now);
    if (stream !== undefined) this.large.onOffer(stream, peer, first, count, now);
  }

  /** The peer is no link any more, or gone with all it was to our streams. Walks over all of them: for rare events. */
  linkEnded(peer: Peer, isGone: boolean, now: number): void {
    if (isGone) this.announcements.peerGone(peer);
    for (const stream of this.streams.table) this.paths.linkEnded(stream, peer, isGone, now);
  }

  get metrics(): Record<string, number> {
    return {
      origins: this.streams.table.size,
      cachedSegments: this.cache.length,
      cachedBytes: this.cache.bytes,
      incompleteMessages: this.reassembly.pending,
      incompleteBytes: this.reassembly.bytes,
      streamsWithGaps: this.repair.pending,
    };
  }

  check(): void {
    this.repair.check();
    this.cache.check();
    this.reassembly.check();
  }

  private deliver(stream: OriginStream, peer: Peer, plaintext: Uint8Array, now: number): void {
    const { segment } = this;
    const { options, counters, events } = this.context;
    let { zones, hops, payloadStart: start, payloadEnd: end } = segment;
    let bytes = plaintext;
    const sequence = segment.sequence - segment.index;
    if (segment.count > 1) {
      segment.viewPayload(plaintext);
      const message = this.reassembly.add(stream, segment, now);
      if (message === undefined) return;
      ({ payload: bytes, zones, hops } = message);
      [start, end] = [0, bytes.length];
    } else if (end - start > options.maxMessageBytes) return counters.drop('message_refused');
    if (zones !== undefined && !zones.includes(options.zone)) {
      counters.broadcastsElsewhere++;
      return;
    }
    counters.broadcastsDelivered++;
    const origin = stream.originIn(this.members.get(stream.id)?.zone);
    events.push(new BroadcastEvent(origin, sequence, hops, peer.id, bytes, start, end));
  }

  private lost({ stream, zones, ...message }: IncompleteMessage): void {
    const { options, events } = this.context;
    if (zones !== undefined && !zones.includes(options.zone)) return;
    const origin = stream.originIn(this.members.get(stream.id)?.zone);
    events.push({ type: 'message_lost', message: { origin, ...message } });
  }

  private forget(stream: OriginStream): void {
    this.repair.forget(stream);
    this.announcements.forget(stream);
    this.large.forget(stream);
  }

  /**
   * To every link but the one it came from and the origin itself, as the link wishes: the segment at once, or news of it.
   */
  private passOn(
    bytes: Uint8Array,
    start: number,
    end: number,
    segment: Segment,
    from: Peer | undefined,
    stream: OriginStream,
    now: number,
  ): void {
    let frame: Uint8Array | undefined;
    const { peers, announcements } = this;
    const isLarge = segment.count > FLOOD_SEGMENTS;
    const priority = segment.count > 1 ? Priority.bulk : Priority.event;
    const { links } = peers;
    for (let i = 0; i < links.length; i++) {
      const peer = links[i]!;
      if (peer === from || peer.id === stream.id) continue;
      const link = stream.hasWishes ? stream.links.get(peer) : undefined;
      const wish = link?.theirs ?? Wish.unset;
      if (wish === Wish.eager || (wish === Wish.unset && !isLarge)) {
        frame ??= end - start === bytes.length ? bytes : bytes.subarray(start, end);
        if (peers.send(peer, priority, frame, stream.lane)) this.context.counters.segmentsSent++;
      } else if (wish === Wish.lazy && !isLarge) announcements.soon(link!, now);
    }
    if (isLarge) this.large.passedOn(stream, segment, from, now);
  }

  /** Notes a new segment, before it is passed on. */
  private note(
    segment: Segment,
    bytes: Uint8Array,
    start: number,
    end: number,
    from: Peer | undefined,
    stream: OriginStream,
    now: number,
  ): void {
    if (segment.count > FLOOD_SEGMENTS) {
      this.cache.share(stream, segment.sequence, now, bytes, start, end);
      this.paths.stirLarge(stream, now);
    } else {
      this.cache.add(stream, segment.sequence, now, bytes, start, end);
      this.paths.stir(stream, now);
    }
    stream.isBulk = segment.count > 1;
    stream.arrived(segment.sequence, from, now);
    this.announcements.arrived(stream, now);
  }

  private sweep(now: number): void {
    this.cache.trim(now);
    this.reassembly.expire(now);
    this.streams.removeIdle(now);
    this.context.timers.set(this.sweepTimer, now + SWEEP_MS);
  }
}
