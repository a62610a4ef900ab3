import { type EngineContext, MAX_FRAME_BYTES } from '../engine-context.js';
import {
  continuationOverhead,
  MAX_SEGMENT_COUNT,
  Segment,
  segmentOverhead,
  writeContinuation,
  writeSegment,
} from '../wire/segment-frame.js';
import type { OriginStream } from './origin-stream.js';

/** Cuts messages of our own into segments, one after the other, and numbers them. */
export class Segmentation {
  /** The one that was made last. */
  readonly segment = new Segment();
  /** Sequence of the last segment of our own. */
  sequence = 0;
  private cutAt = 0;
  /** Payload bytes that fit into the first segment of a message, and into each that follows. */
  private firstBytes = 0;
  private restBytes = 0;

  constructor(
    private readonly context: EngineContext,
    own: OriginStream,
  ) {
    this.segment.hops = 1;
    this.segment.origin = own.idBytes;
    this.segment.boot = own.boot;
    this.segment.tag = own.tag;
  }

  /** A message of so many bytes is the next. False when it takes more segments than there may be. */
  begin(bytes: number, zones: readonly string[] | undefined): boolean {
    const { segment } = this;
    segment.zones = zones;
    // Numbers get longer from segment to segment: room is left for the longest that any of them can carry.
    segment.sequence = this.sequence + MAX_SEGMENT_COUNT;
    segment.count = segment.index = MAX_SEGMENT_COUNT;
    this.firstBytes = MAX_FRAME_BYTES - segmentOverhead(segment);
    this.restBytes = MAX_FRAME_BYTES - continuationOverhead(segment);
    this.cutAt = 0;
    segment.index = 0;
    segment.count = 1 + Math.max(0, Math.ceil((bytes - this.firstBytes) / this.restBytes));
    return segment.count <= MAX_SEGMENT_COUNT;
  }

  /** The frame of its next segment; undefined when there are no more. */
  next(message: Uint8Array): Uint8Array | undefined {
    const { segment, cutAt } = this;
    const isFirst = cutAt === 0;
    if (!isFirst) {
      // Nothing is kept of a message that may be large.
      if (++segment.index === segment.count) {
        segment.payload = NOTHING;
        return undefined;
      }
      segment.zones = undefined;
    }
    this.cutAt = isFirst ? this.firstBytes : cutAt + this.restBytes;
    segment.sequence = ++this.sequence;
    segment.payload = segment.count === 1 ? message : message.subarray(cutAt, this.cutAt);
    const { writer } = this.context;
    writer.reset();
    if (isFirst) writeSegment(writer, segment);
    else writeContinuation(writer, segment);
    return writer.take();
  }
}

const NOTHING = new Uint8Array(0);
