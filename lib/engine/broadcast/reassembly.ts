import type { Counters } from '../counters.js';
import type { LostMessage } from '../engine-event.js';
import type { Segment } from '../wire/segment-frame.js';
import type { OriginStream } from './origin-stream.js';

/** A message of which nothing came for this long is given up, ms: the repair horizon is shorter. */
export const REASSEMBLY_STALL_MS = 30_000;

/** How many largest messages may be incomplete at once; when the next one needs room, the oldest is given up. */
export const CONCURRENT_LARGEST_MESSAGES = 8;

/**
 * Fewest payload bytes of a segment that is not its message's last. Ours carry twice as much; without this bound one
 * small segment could claim a message of 65,536 slots.
 */
export const LEAST_SEGMENT_BYTES = 512;

/** Most incomplete messages, whatever their size: each costs some hundred bytes of bookkeeping. */
export const MAX_PARTIALS = 4_096;

const SLOT_BYTES = 8;

/** A message of which some segments are here. The parts are views of their datagrams; they are joined once, at the end. */
class PartialMessage {
  readonly parts: (Uint8Array | undefined)[] = [];
  received = 0;
  payloadBytes = 0;
  zones: readonly string[] | undefined;
  /** Contradicts itself or is too large: its segments are dropped until it has gone. */
  isRefused = false;

  constructor(
    readonly key: string,
    readonly stream: OriginStream,
    readonly tag: number,
    readonly start: number,
    readonly count: number,
    readonly hops: number,
    public progressAt: number,
  ) {
    this.parts.length = count;
  }

  /** Memory it holds: the payloads and a slot for each segment. */
  get footprint(): number {
    return this.payloadBytes + SLOT_BYTES * this.parts.length;
  }
}

/** A message that was given up: whose it was, where it began, and for whom it was, as far as that is known. */
export interface IncompleteMessage extends Omit<LostMessage, 'origin'> {
  readonly stream: OriginStream;
  readonly zones: readonly string[] | undefined;
}

export interface CompleteMessage {
  readonly payload: Uint8Array;
  readonly zones: readonly string[] | undefined;
  readonly hops: number;
}

/** Puts messages of several segments together, within a bound of memory. */
export class Reassembly {
  /** By the identity of the run; insertion order is age. */
  private readonly partials = new Map<string, PartialMessage>();
  /** The one that a segment came of last: most are of the same message as the one before. */
  private last: PartialMessage | undefined;
  bytes = 0;

  constructor(
    private readonly maxMessageBytes: number,
    private readonly counters: Counters,
    /** A message of which something came is given up. */
    private readonly onGivenUp: (message: IncompleteMessage) => void,
  ) {}

  get pending(): number {
    return this.partials.size;
  }

  /** Takes one segment that has not been seen before; returns the message when this was the last one. */
  add(stream: OriginStream, segment: Segment, now: number): CompleteMessage | undefined {
    if ((segment.count - 1) * LEAST_SEGMENT_BYTES > this.maxMessageBytes) {
      this.counters.drop('message_refused');
      return undefined;
    }
    const start = segment.sequence - segment.index;
    let partial = this.last;
    if (partial === undefined || partial.start !== start || partial.tag !== stream.tag) {
      this.last = partial = this.partialOf(stream, start, segment, now);
    }
    partial.progressAt = now;
    if (partial.isRefused) return undefined;
    const payloadBytes = partial.payloadBytes + segment.payload.length;
    const contradicts = partial.count !== segment.count || partial.parts[segment.index] !== undefined;
    if (contradicts || payloadBytes > this.maxMessageBytes) {
      this.counters.drop('message_refused');
      this.release(partial);
      partial.isRefused = true;
      this.makeRoom(partial);
      return undefined;
    }
    partial.parts[segment.index] = segment.payload;
    partial.received++;
    partial.payloadBytes = payloadBytes;
    if (segment.index === 0) partial.zones = segment.zones;
    this.bytes += segment.payload.length;
    if (partial.received < partial.count) {
      this.makeRoom(partial);
      return undefined;
    }
    this.remove(partial);
    const { zones, hops } = partial;
    const payload = join(partial.parts as Uint8Array[], partial.payloadBytes);
    this.release(partial);
    return { payload, zones, hops };
  }

  /** Gives up what has stalled. */
  expire(now: number): void {
    for (const partial of this.partials.values()) {
      if (now - partial.progressAt >= REASSEMBLY_STALL_MS) this.giveUp(partial, 'stalled');
    }
  }

  check(): void {
    let bytes = 0;
    for (const partial of this.partials.values()) bytes += partial.footprint;
    if (bytes !== this.bytes) throw new Error('the bytes of incomplete messages do not add up');
    if (this.partials.size > MAX_PARTIALS) throw new Error('too many incomplete messages');
  }

  private makeRoom(newest: PartialMessage): void {
    const limit = this.maxMessageBytes * CONCURRENT_LARGEST_MESSAGES;
    for (const partial of this.partials.values()) {
      if (this.bytes <= limit && this.partials.size <= MAX_PARTIALS) return;
      if (partial !== newest) this.giveUp(partial, 'crowded_out');
    }
  }

  private giveUp(partial: PartialMessage, reason: LostMessage['reason']): void {
    const { stream, start, zones, count, received, payloadBytes, isRefused } = partial;
    this.release(partial);
    this.remove(partial);
    // What was refused has been counted.
    if (isRefused) return;
    this.counters.drop(reason === 'stalled' ? 'reassembly_stalled' : 'reassembly_full');
    this.onGivenUp({
      stream,
      zones,
      sequence: start,
      receivedBytes: payloadBytes,
      segments: count,
      missingSegments: count - received,
      reason,
    });
  }

  private partialOf(stream: OriginStream, start: number, { count, hops }: Segment, now: number): PartialMessage {
    const key = `${stream.tag}/${start}`;
    let partial = this.partials.get(key);
    if (partial !== undefined) return partial;
    partial = new PartialMessage(key, stream, stream.tag, start, count, hops, now);
    this.partials.set(key, partial);
    this.bytes += partial.footprint;
    return partial;
  }

  private remove(partial: PartialMessage): void {
    this.partials.delete(partial.key);
    if (this.last === partial) this.last = undefined;
  }

  private release(partial: PartialMessage): void {
    this.bytes -= partial.footprint;
    partial.payloadBytes = 0;
    partial.parts.length = 0;
  }
}

function join(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const payload = new Uint8Array(bytes);
  let position = 0;
  for (const part of parts) {
    payload.set(part, position);
    position += part.length;
  }
  return payload;
}
