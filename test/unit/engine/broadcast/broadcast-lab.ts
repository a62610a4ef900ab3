import { Dissemination } from '../../../../lib/engine/broadcast/dissemination.js';
import type { OriginStream } from '../../../../lib/engine/broadcast/origin-stream.js';
import type { Streams } from '../../../../lib/engine/broadcast/streams.js';
import type { EngineOptions } from '../../../../lib/engine/engine-options.js';
import { MemberTable } from '../../../../lib/engine/membership/member-table.js';
import { nodeIdToBytes } from '../../../../lib/engine/node-id.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { Frame } from '../../../../lib/engine/wire/frame.js';
import { MessagePackReader } from '../../../../lib/engine/wire/message-pack-reader.js';
import { EngineLab, frameReader, framesTo, idOf } from '../engine-lab.js';
import { pack } from '../insider.js';

export const BOOT = 5;
export const ORIGIN = nodeIdToBytes(idOf(0x77));

/** Fields of a segment that a test cares for. */
export interface SegmentFields {
  readonly origin?: Uint8Array;
  readonly boot?: number;
  readonly index?: number;
  readonly count?: number;
  readonly bytes?: number;
}

/** The broadcasts of one node, fed with frames of its peers. */
export class BroadcastLab extends EngineLab {
  readonly dissemination: Dissemination;

  constructor(overrides: Partial<EngineOptions> = {}) {
    super(overrides);
    this.dissemination = new Dissemination(this.context, this.peers, new MemberTable(), BOOT, 0);
  }

  /** A link with a measured round trip, ms. */
  link(number: number, roundTripMs = 10): Peer {
    const peer = this.meet(number, { isSubscriber: true });
    peer.roundTrip.sample(roundTripMs, 0);
    return peer;
  }

  /** A segment comes from a peer. */
  segment(from: Peer, sequence: number, now: number, fields: SegmentFields = {}): void {
    const { origin = ORIGIN, boot = BOOT, index = 0, count = 1, bytes = 600 } = fields;
    const frame = pack([Frame.segment, 1, origin, boot, sequence, index, count, new Uint8Array(bytes)]);
    const { reader, length } = readerOf(frame);
    this.dissemination.onSegment(from, frame, 0, reader, length, now);
  }

  /** A segment but the first of its message comes from a peer. */
  continuation(from: Peer, tag: number, sequence: number, now: number, index = 1, count = 2): void {
    const frame = pack([Frame.continuation, 1, tag, sequence, index, count, new Uint8Array(600)]);
    const { reader, length } = readerOf(frame);
    this.dissemination.onContinuation(from, frame, 0, reader, length, now);
  }

  /** One after the other, the segments of a message from `from` to `to`. */
  segments(peer: Peer, first: number, count: number, now: number, from = first, to = first + count - 1): void {
    for (let sequence = from; sequence <= to; sequence++) {
      this.segment(peer, sequence, now, { index: sequence - first, count });
    }
  }

  digest(from: Peer, newest: number, now: number, { origin = ORIGIN, boot = BOOT, ageMs = 0 } = {}): void {
    const { reader, length } = frameReader([Frame.digest, origin, boot, newest, ageMs * 1_000]);
    this.dissemination.onDigest(from, reader, length, now);
  }

  wish(from: Peer, wish: number, fromSequence: number, now: number, { origin = ORIGIN, boot = BOOT } = {}): void {
    this.dissemination.wishes.onWish(from, frameReader([Frame.wish, origin, boot, wish, fromSequence]).reader, now);
  }

  offer(from: Peer, first: number, count: number, now: number, { origin = ORIGIN, boot = BOOT } = {}): void {
    this.dissemination.onOffer(from, frameReader([Frame.offer, origin, boot, first, count]).reader, now);
  }

  stream(origin = ORIGIN): OriginStream | undefined {
    return (this.dissemination as unknown as { streams: Streams }).streams.table.find(origin);
  }

  get delivered(): number {
    return this.context.counters.broadcastsDelivered;
  }
}

/** A reader that has read the type, and the elements of the frame. */
function readerOf(frame: Uint8Array): { reader: MessagePackReader; length: number } {
  const reader = new MessagePackReader();
  reader.reset(frame);
  const length = reader.array();
  reader.uint();
  return { reader, length };
}

/** What waits for a peer, by type of frame; taken out of its outbox. */
export function takeFrom(peer: Peer) {
  const frames = framesTo(peer);
  const of = (type: number) => frames.filter(frame => frame[0] === type);
  return {
    /** Sequences. */
    segments: frames
      .filter(([type]) => type === Frame.segment || type === Frame.continuation)
      .map(frame => frame[frame[0] === Frame.segment ? 4 : 3] as number),
    /** Of the newest segments, and how old they are, ms. */
    digests: of(Frame.digest).map(frame => ({ newest: frame[3], ageMs: (frame[4] as number) / 1_000 })),
    /** As pairs of first and length. */
    requests: of(Frame.repairRequest).map(frame => frame.slice(3) as number[]),
    /** As pairs of what is wanted, and from where. */
    wishes: of(Frame.wish).map(frame => frame.slice(3) as [number, number]),
    /** As pairs of first and count. */
    offers: of(Frame.offer).map(frame => frame.slice(3) as [number, number]),
  };
}
