import { formatEndpoint } from '../engine/endpoint.js';
import type { NodeId } from '../engine/node-id.js';
import type { Peer } from '../engine/peers/peer.js';

/**
 * A homie that this one exchanges broadcasts with, and how the way to it is. A snapshot.
 *
 * @publicApi
 */
export interface LinkInfo {
  readonly id: NodeId;
  /** `host:port`. */
  readonly address: string;
  readonly zone: string;
  /** Whether this node takes broadcasts from it, and it from this node. */
  readonly feed: boolean;
  readonly subscriber: boolean;
  /**
   * How fast data may go to it at the moment, bytes per second. Undefined before the first data, and for addresses of the same
   * host: there only what is under way is limited.
   */
  readonly bytesPerSecond: number | undefined;
  /** Smoothed round trip, milliseconds; undefined before it was measured. */
  readonly roundTripMs: number | undefined;
  /** How long datagrams waited on the way to it of late, milliseconds beyond what the path takes by itself. */
  readonly pathQueueMs: number;
  /** Share of the datagrams to it that is lost, smoothed, 0 to 1; 0 as long as there was little to report on. */
  readonly lossShare: number;
  /** What waits here to be sent to it: bytes, and frames. A small message is one frame, a large one has one for each segment. */
  readonly queueBytes: number;
  readonly queueFrames: number;
  /** How large datagrams to it are at most, bytes. */
  readonly datagramBytes: number;
  /** Sent to it and not reported yet, bytes. Reports are asked for after 12 kB: what was sent before may have arrived long ago. */
  readonly bytesUnderWay: number;
}

export function describeLink(peer: Peer): LinkInfo {
  const { flow, outbox } = peer;
  return {
    id: peer.id,
    address: formatEndpoint(peer.endpoint),
    zone: peer.zone,
    feed: peer.isFeedActive,
    subscriber: peer.isSubscriber,
    bytesPerSecond: flow.hasRate ? 1_000 * flow.rate : undefined,
    roundTripMs: peer.roundTrip.smoothedMs,
    pathQueueMs: flow.path.queueMs,
    lossShare: flow.path.lossShare,
    queueBytes: outbox.bytes,
    queueFrames: outbox.frames,
    datagramBytes: peer.datagramSize.bytes,
    bytesUnderWay: flow.path.bytesUnderWay,
  };
}
