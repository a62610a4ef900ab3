import { type EngineContext, MAX_FRAME_BYTES } from '../engine-context.js';
import type { MemberTable } from '../membership/member-table.js';
import { nodeIdToBytes } from '../node-id.js';
import { Priority } from '../peers/outbox.js';
import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import { Timer } from '../timer-heap.js';
import { Frame } from '../wire/frame.js';
import type { MessagePackReader } from '../wire/message-pack-reader.js';
import {
  HOPS_OFFSET,
  MAX_HOPS,
  MAX_SEGMENT_COUNT,
  readSegment,
  Segment,
  segmentOverhead,
  writeSegment,
} from '../wire/segment-frame.js';
import { ORIGIN_IDLE_MS, OriginStream, OriginTable } from './origin-stream.js';
import { Reassembly } from './reassembly.js';
import { Repair } from './repair.js';
import { SegmentCache } from './segment-cache.js';

/** How often caches and idle streams are swept, ms. */
const SWEEP_MS = 10_000;

export type BroadcastResult = 'accepted' | 'too_large' | 'queue_full';

/** Broadcasts: our own into segments, those of others on to all links at once and to the application when whole. */
export class Dissemination {
  private readonly origins = new OriginTable();
  private readonly cache = new SegmentCache();
  private readonly reassembly: Reassembly;
  readonly repair: Repair;
  private readonly ownStream: OriginStream;
  private readonly segment = new Segment();
  private sequence = 0;
  private readonly sweepTimer = new Timer(now => this.sweep(now));

  /** @param boot this life of the node: the incarnation it started with. */
  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly members: MemberTable,
    boot: number,
    now: number,
  ) {
    this.ownStream = new OriginStream(nodeIdToBytes(context.options.id), boot, 1, now);
    this.ownStream.isOwn = true;
    this.origins.add(this.ownStream);
    this.reassembly = new Reassembly(context.options.maxMessageBytes, context.counters);
    this.repair = new Repair(context, peers, this.origins);
    context.timers.set(this.sweepTimer, now + SWEEP_MS);
  }

  /** Sends our own message to all links. Nothing is sent unless at least one of them has room for all of it. */
  broadcast(payload: Uint8Array, zones: readonly string[] | undefined, now: number): BroadcastResult {
    const { counters, options } = this.context;
    if (payload.length > options.maxMessageBytes) return 'too_large';
    const segment = new Segment();
    segment.hops = 1;
    segment.origin = this.ownStream.idBytes;
    segment.boot = this.ownStream.boot;
    segment.zones = zones;
    // Numbers get longer from segment to segment: room is left for the longest that any of them can carry.
    segment.sequence = this.sequence + MAX_SEGMENT_COUNT;
    segment.count = segment.index = MAX_SEGMENT_COUNT;
    const room = MAX_FRAME_BYTES - segmentOverhead(segment);
    segment.count = Math.max(1, Math.ceil(payload.length / room));
    if (segment.count > MAX_SEGMENT_COUNT) return 'too_large';
    const { links } = this.peers;
    if (links.length > 0 && !links.some(link => link.outbox.hasRoomFor(payload.length))) return 'queue_full';
    counters.broadcastsSent++;
    if (links.length === 0) counters.broadcastsUnheard++;

    const priority = segment.count === 1 ? Priority.event : Priority.bulk;
    for (segment.index = 0; segment.index < segment.count; segment.index++) {
      segment.sequence = ++this.sequence;
      segment.payload = payload.subarray(segment.index * room, (segment.index + 1) * room);
      const frame = this.encode(segment);
      this.ownStream.window.add(segment.sequence, now);
      this.cache.add(this.ownStream, segment.sequence, frame, now);
      this.flood(frame, priority, undefined, this.ownStream);
      segment.zones = undefined;
    }
    this.touch(this.ownStream, segment.count > 1, now);
    return 'accepted';
  }

  /** Sequence of the last segment of our own. */
  get lastSequence(): number {
    return this.sequence;
  }

  /**
   * One segment from a peer: passed on the moment it is authenticated, in the same bytes, then handed to the
   * application if its message is whole.
   */
  onSegment(
    peer: Peer,
    plaintext: Uint8Array,
    start: number,
    reader: MessagePackReader,
    length: number,
    now: number,
  ): void {
    const { segment } = this;
    const { counters } = this.context;
    if (!readSegment(reader, length, segment)) return;
    const frame = plaintext.subarray(start, reader.position);
    if (frame.length > MAX_FRAME_BYTES || !isCanonical(frame, segment)) {
      reader.fail();
      return;
    }
    counters.segmentsReceived++;
    const stream = this.streamOf(segment, now);
    if (stream === undefined) return;
    stream.heldBy(peer, segment.sequence);
    const { window } = stream;
    const { lost } = window;
    const verdict = window.add(segment.sequence, now);
    if (verdict !== 'new') {
      if (verdict === 'duplicate') counters.segmentsDuplicate++;
      else counters.drop('old_segment');
      return;
    }
    if (window.lost > lost) counters.drop('segment_lost', window.lost - lost);
    if (segment.hops < MAX_HOPS) {
      frame[HOPS_OFFSET] = segment.hops + 1;
      this.cache.add(stream, segment.sequence, frame, now);
      this.flood(frame, segment.count === 1 ? Priority.event : Priority.bulk, peer, stream);
    } else counters.drop('hop_limit');
    this.touch(stream, segment.count > 1, now);
    this.deliver(stream, peer, now);
  }

  get metrics(): Record<string, number> {
    return {
      origins: this.origins.size,
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

  private deliver(stream: OriginStream, peer: Peer, now: number): void {
    const { segment } = this;
    const { options, counters, events } = this.context;
    let { payload, zones, hops } = segment;
    const sequence = segment.sequence - segment.index;
    if (segment.count > 1) {
      const message = this.reassembly.add(stream, segment, now);
      if (message === undefined) return;
      ({ payload, zones, hops } = message);
    } else if (payload.length > options.maxMessageBytes) return counters.drop('message_refused');
    if (zones !== undefined && !zones.includes(options.zone)) {
      counters.broadcastsElsewhere++;
      return;
    }
    counters.broadcastsDelivered++;
    events.push({
      type: 'broadcast',
      payload,
      origin: stream.id,
      originZone: this.members.get(stream.id)?.zone,
      sequence,
      hops,
      receivedFrom: peer.id,
    });
  }

  private streamOf(segment: Segment, now: number): OriginStream | undefined {
    const { counters } = this.context;
    const stream = this.origins.find(segment.origin);
    const owedFrom = segment.sequence - segment.index;
    if (stream === undefined) {
      const added = new OriginStream(segment.origin, segment.boot, owedFrom, now);
      if (this.origins.add(added)) return added;
      counters.drop('origins_full');
      return undefined;
    }
    if (stream === this.ownStream) {
      counters.drop('own_segment');
      return undefined;
    }
    if (segment.boot < stream.boot) {
      counters.drop('stale_segment');
      return undefined;
    }
    if (segment.boot > stream.boot) {
      counters.drop('segment_lost', stream.restart(segment.boot, owedFrom, now));
    }
    return stream;
  }

  /** To every link but the one it came from and the origin itself. */
  private flood(frame: Uint8Array, priority: Priority, from: Peer | undefined, stream: OriginStream): void {
    const { links } = this.peers;
    for (let i = 0; i < links.length; i++) {
      const link = links[i]!;
      if (link === from || link.id === stream.id) continue;
      if (this.peers.send(link, priority, frame)) this.context.counters.segmentsSent++;
    }
  }

  private touch(stream: OriginStream, isBulk: boolean, now: number): void {
    stream.activeAt = now;
    stream.isBulk = isBulk;
    this.repair.arrived(stream, now);
  }

  private encode(segment: Segment): Uint8Array {
    const { writer } = this.context;
    writer.reset();
    writeSegment(writer, segment);
    return writer.take();
  }

  private sweep(now: number): void {
    this.cache.trim(now);
    this.reassembly.expire(now);
    for (const stream of this.origins) {
      if (stream === this.ownStream || now - stream.activeAt < ORIGIN_IDLE_MS) continue;
      this.repair.forget(stream);
      this.origins.remove(stream);
    }
    this.context.timers.set(this.sweepTimer, now + SWEEP_MS);
  }
}

/** Whether the head of the frame has the one encoding in which `hops` can be raised in place. */
function isCanonical(frame: Uint8Array, segment: Segment): boolean {
  return (frame[0]! & 0xf0) === 0x90 && frame[1] === Frame.segment && frame[HOPS_OFFSET] === segment.hops;
}
