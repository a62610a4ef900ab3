import { NODE_ID_BYTES, sameNodeId } from '../node-id.js';
import { Frame } from './frame.js';
import { MAX_ZONE_BYTES } from './member-codec.js';
import { MessagePackReader } from './message-pack-reader.js';
import { type MessagePackWriter, uintSize } from './message-pack-writer.js';

/**
 * Most hops a segment travels; it fits one byte of MessagePack, so that a forwarder raises it in place. No overlay of
 * thousands of nodes is near that wide: a segment that exceeds it goes round in circles, and is dropped and counted.
 */
export const MAX_HOPS = 127;

/** Where `hops` stands in an encoded frame: after the array's and the type's byte. */
export const HOPS_OFFSET = 2;

/** Most zones one broadcast may name: with the longest names they still leave half of a datagram to the payload. */
export const MAX_SCOPE_ZONES = 8;

/** In place of a tag: the segment tells its origin itself. */
const NO_TAG = -1;

/** Most segments of one message, in line with the largest `maxMessageBytes` (64 MiB) in segments of 1,100 bytes. */
export const MAX_SEGMENT_COUNT = 65_536;

/**
 * One segment. A reader fills it in again and again; `origin` is a view of the datagram, unless it is that of the segment
 * before, and `payload` is left empty: see `viewPayload`.
 */
export class Segment {
  hops = 0;
  origin: Uint8Array = NO_BYTES;
  /** The origin's incarnation when it started: tells one life of a node from the next. */
  boot = 0;
  /** In place of both, in a continuation: see `streamTag`. Their reader finds them by it. */
  tag = NO_TAG;
  /** Place in the origin's stream, from 1. */
  sequence = 0;
  /** Place in the message, from 0. */
  index = 0;
  /** How many segments the message has. */
  count = 1;
  payload: Uint8Array = NO_BYTES;
  /** Where the payload stands in the bytes that were read: it begins and ends there. */
  payloadStart = 0;
  payloadEnd = 0;
  zones: readonly string[] | undefined = undefined;

  /** Makes the payload a view of the bytes that the segment was read from. Copies that come in vain need none. */
  viewPayload(bytes: Uint8Array): void {
    this.payload = bytes.subarray(this.payloadStart, this.payloadEnd);
  }
}

const NO_BYTES = new Uint8Array(0);

/** Tells the messages of one origin's segment frames from each other: the sequence of the first segment. */
export function messageOfSegment(frame: Uint8Array): number {
  const segment = segmentOf(frame);
  return segment === undefined ? NaN : segment.sequence - segment.index;
}

/** What a frame holds, of either kind; the same object for the next frame. Undefined when it is malformed. */
export function segmentOf(frame: Uint8Array): Readonly<Segment> | undefined {
  reader.reset(frame);
  const length = reader.array();
  const isFirst = reader.uint() === Frame.segment;
  const isRead = isFirst ? readSegment(reader, length, scratch) : readContinuation(reader, length, scratch);
  return isRead ? scratch : undefined;
}

/** What tells one stream from another. */
export interface StreamIdentity {
  readonly idBytes: Uint8Array;
  readonly boot: number;
  readonly tag: number;
}

/** Whether a frame that this node encoded or passed on holds a segment of this stream. */
export function isOfStream({ origin, boot, tag }: Readonly<Segment>, stream: StreamIdentity): boolean {
  return tag === NO_TAG ? boot === stream.boot && sameNodeId(origin, stream.idBytes) : tag === stream.tag;
}

/** Bytes of a segment frame around a payload. */
export function segmentOverhead(segment: Segment): number {
  let bytes = 1 + 1 + 1 + (2 + NODE_ID_BYTES) + uintSize(segment.boot) + placeSize(segment);
  if (segment.zones !== undefined) bytes += 1 + segment.zones.length * (2 + MAX_ZONE_BYTES);
  return bytes;
}

/** The same of a continuation. */
export function continuationOverhead(segment: Segment): number {
  return 1 + 1 + 1 + uintSize(segment.tag) + placeSize(segment);
}

function placeSize({ sequence, index, count }: Segment): number {
  return uintSize(sequence) + uintSize(index) + uintSize(count) + 3;
}

export function writeSegment(writer: MessagePackWriter, segment: Segment): void {
  writer.array(segment.zones === undefined ? 8 : 9);
  writer.uint(Frame.segment);
  writer.uint(segment.hops);
  writer.bytes(segment.origin);
  writer.uint(segment.boot);
  writePlace(writer, segment);
  if (segment.zones === undefined) return;
  writer.array(segment.zones.length);
  for (const zone of segment.zones) writer.text(zone);
}

export function writeContinuation(writer: MessagePackWriter, segment: Segment): void {
  writer.array(7);
  writer.uint(Frame.continuation);
  writer.uint(segment.hops);
  writer.uint(segment.tag);
  writePlace(writer, segment);
}

function writePlace(writer: MessagePackWriter, segment: Segment): void {
  writer.uint(segment.sequence);
  writer.uint(segment.index);
  writer.uint(segment.count);
  writer.bytes(segment.payload);
}

/** Reads what follows the type. False, and the reader has failed, when the frame is malformed. */
export function readSegment(reader: MessagePackReader, length: number, segment: Segment): boolean {
  segment.hops = reader.uint();
  // Most segments are of the same origin as the one before.
  const { origin } = segment;
  if (origin.length !== NODE_ID_BYTES || !reader.passBytes(origin)) segment.origin = reader.bytesOf(NODE_ID_BYTES);
  segment.boot = reader.uint();
  segment.tag = NO_TAG;
  readPlace(reader, segment);
  segment.zones = length > 8 ? readZones(reader) : undefined;
  for (let i = 9; i < length; i++) reader.skip();
  if (!isSane(segment) || length < 8) reader.fail();
  return !reader.failed;
}

/** The same of a continuation; `origin` and `boot` are left as they are. */
export function readContinuation(reader: MessagePackReader, length: number, segment: Segment): boolean {
  segment.hops = reader.uint();
  segment.tag = reader.uint();
  readPlace(reader, segment);
  segment.zones = undefined;
  for (let i = 7; i < length; i++) reader.skip();
  if (!isSane(segment) || segment.index === 0 || length < 7) reader.fail();
  return !reader.failed;
}

function readPlace(reader: MessagePackReader, segment: Segment): void {
  segment.sequence = reader.uint();
  segment.index = reader.uint();
  segment.count = reader.uint();
  segment.payload = NO_BYTES;
  const payloadLength = reader.skipBytes();
  segment.payloadEnd = reader.position;
  segment.payloadStart = reader.position - payloadLength;
}

function isSane(segment: Segment): boolean {
  return (
    segment.hops <= MAX_HOPS &&
    segment.count >= 1 &&
    segment.count <= MAX_SEGMENT_COUNT &&
    segment.index < segment.count &&
    segment.sequence > segment.index &&
    // Not beyond what can be counted: there a sequence plus one is itself, and loops over them would not end.
    segment.sequence <= Number.MAX_SAFE_INTEGER - (segment.count - 1 - segment.index)
  );
}

/** Whether the head of the frame that starts there has the one encoding in which `hops` can be raised in place. */
export function isCanonical(bytes: Uint8Array, start: number, segment: Segment): boolean {
  const type = segment.tag === NO_TAG ? Frame.segment : Frame.continuation;
  const isFrame = (bytes[start]! & 0xf0) === 0x90 && bytes[start + 1] === type;
  return isFrame && bytes[start + HOPS_OFFSET] === segment.hops;
}

function readZones(reader: MessagePackReader): string[] {
  const count = reader.array();
  const zones: string[] = [];
  if (count > MAX_SCOPE_ZONES) reader.fail();
  for (let i = 0; i < count && !reader.failed; i++) zones.push(reader.text(MAX_ZONE_BYTES));
  return zones;
}

const reader = new MessagePackReader();
const scratch = new Segment();
