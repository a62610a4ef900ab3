import { NODE_ID_BYTES } from '../node-id.js';
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

/** Where the origin's id stands: after them, `hops`, and the two bytes that say how long it is. */
const ORIGIN_OFFSET = HOPS_OFFSET + 3;

/** Most zones one broadcast may name: with the longest names they still leave half of a datagram to the payload. */
export const MAX_SCOPE_ZONES = 8;

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

/** Whose segment it is; the same object for the next frame. Undefined when it is malformed. */
export function segmentOf(frame: Uint8Array): Readonly<Segment> | undefined {
  reader.reset(frame);
  const length = reader.array();
  reader.uint();
  return readSegment(reader, length, scratch) ? scratch : undefined;
}

/** Whether the segment in a frame that this node encoded or passed on is of this origin. */
export function isSegmentOf(originId: Uint8Array, frame: Uint8Array): boolean {
  for (let i = 0; i < NODE_ID_BYTES; i++) if (frame[ORIGIN_OFFSET + i] !== originId[i]) return false;
  return true;
}

/** Bytes of a segment frame around a payload. */
export function segmentOverhead(segment: Segment): number {
  let bytes = 1 + 1 + 1 + (2 + NODE_ID_BYTES) + uintSize(segment.boot) + uintSize(segment.sequence);
  bytes += uintSize(segment.index) + uintSize(segment.count) + 3;
  if (segment.zones !== undefined) bytes += 1 + segment.zones.length * (2 + MAX_ZONE_BYTES);
  return bytes;
}

export function writeSegment(writer: MessagePackWriter, segment: Segment): void {
  writer.array(segment.zones === undefined ? 8 : 9);
  writer.uint(Frame.segment);
  writer.uint(segment.hops);
  writer.bytes(segment.origin);
  writer.uint(segment.boot);
  writer.uint(segment.sequence);
  writer.uint(segment.index);
  writer.uint(segment.count);
  writer.bytes(segment.payload);
  if (segment.zones === undefined) return;
  writer.array(segment.zones.length);
  for (const zone of segment.zones) writer.text(zone);
}

/** Reads what follows the type. False, and the reader has failed, when the frame is malformed. */
export function readSegment(reader: MessagePackReader, length: number, segment: Segment): boolean {
  segment.hops = reader.uint();
  // Most segments are of the same origin as the one before.
  const { origin } = segment;
  if (origin.length !== NODE_ID_BYTES || !reader.passBytes(origin)) segment.origin = reader.bytesOf(NODE_ID_BYTES);
  segment.boot = reader.uint();
  segment.sequence = reader.uint();
  segment.index = reader.uint();
  segment.count = reader.uint();
  segment.payload = NO_BYTES;
  const payloadLength = reader.skipBytes();
  segment.payloadEnd = reader.position;
  segment.payloadStart = reader.position - payloadLength;
  segment.zones = length > 8 ? readZones(reader) : undefined;
  for (let i = 9; i < length; i++) reader.skip();
  const isSane =
    segment.hops <= MAX_HOPS &&
    segment.count >= 1 &&
    segment.count <= MAX_SEGMENT_COUNT &&
    segment.index < segment.count &&
    segment.sequence > segment.index &&
    // Not beyond what can be counted: there a sequence plus one is itself, and loops over them would not end.
    segment.sequence <= Number.MAX_SAFE_INTEGER - (segment.count - 1 - segment.index);
  if (!isSane || length < 8) reader.fail();
  return !reader.failed;
}

/** Whether the head of the frame that starts there has the one encoding in which `hops` can be raised in place. */
export function isCanonical(bytes: Uint8Array, start: number, segment: Segment): boolean {
  const isFrame = (bytes[start]! & 0xf0) === 0x90 && bytes[start + 1] === Frame.segment;
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
