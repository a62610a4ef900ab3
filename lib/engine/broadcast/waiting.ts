import type { Peer } from '../peers/peer.js';
import { isOfStream, segmentOf } from '../wire/segment-frame.js';
import type { OriginStream } from './origin-stream.js';
import { Wish } from './stream-link.js';

/** Segments of longer messages that wait for a peer: they need not be sent again. */
export interface Waiting {
  readonly from: number;
  readonly upTo: number;
}

const NOTHING: Waiting = { from: Infinity, upTo: -Infinity };

/** Those of this stream, which wait in their order. */
export function waitingOf(stream: OriginStream, peer: Peer): Waiting {
  const { outbox } = peer;
  const from = sequenceIn(stream, outbox.firstBulkIn(stream.lane));
  const upTo = sequenceIn(stream, outbox.lastBulkIn(stream.lane));
  return from === undefined || upTo === undefined ? NOTHING : { from, upTo };
}

/** Whether the segment in a frame of the stream is among them. */
export function isWaiting(frame: Uint8Array, { from, upTo }: Waiting): boolean {
  if (upTo < from) return false;
  const { sequence, count } = segmentOf(frame)!;
  // Small messages overtake long ones.
  return sequence >= from && sequence <= upTo && count > 1;
}

/** Whether a large message is coming, or waits for somebody: it goes on where it is wanted. */
export function isLargeUnderWay({ large, window, links, lane }: OriginStream): boolean {
  if (large === undefined) return false;
  if (window.settled < large.last) return true;
  for (const { peer, theirs } of links.values()) {
    if (theirs === Wish.eager && peer.outbox.firstBulkIn(lane) !== undefined) return true;
  }
  return false;
}

function sequenceIn(stream: OriginStream, frame: Uint8Array | undefined): number | undefined {
  const segment = frame === undefined ? undefined : segmentOf(frame);
  return segment !== undefined && isOfStream(segment, stream) ? segment.sequence : undefined;
}
