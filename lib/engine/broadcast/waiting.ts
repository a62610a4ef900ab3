import type { Peer } from '../peers/peer.js';
import { isOfStream, segmentOf } from '../wire/segment-frame.js';
import type { OriginStream } from './origin-stream.js';

/** From which sequence on segments of longer messages of the stream wait for the peer still: they need not be sent again. */
export function firstWaiting(stream: OriginStream, peer: Peer): number {
  const frame = peer.outbox.firstBulkIn(stream.lane);
  const segment = frame === undefined ? undefined : segmentOf(frame);
  return segment !== undefined && isOfStream(segment, stream) ? segment.sequence : Infinity;
}

/** Whether the frame of a segment is among them. */
export function isWaiting(frame: Uint8Array, firstWaiting: number): boolean {
  if (firstWaiting === Infinity) return false;
  const { sequence, count } = segmentOf(frame)!;
  // Small messages overtake long ones.
  return sequence >= firstWaiting && count > 1;
}
