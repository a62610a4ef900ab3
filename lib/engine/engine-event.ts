import type { Endpoint } from './endpoint.js';
import type { Member } from './membership/member-table.js';
import type { NodeId } from './node-id.js';

/** What an engine tells its host, in the order in which it happened. */
export type EngineEvent =
  BroadcastEvent | MessageLostEvent | MemberEvent | ReadinessEvent | NoKeyFitsEvent | ClockSkewEvent;

/** A message of another node, whole. `payload` may be a view of memory that the engine still reads: do not change it. */
export interface BroadcastEvent {
  readonly type: 'broadcast';
  readonly payload: Uint8Array;
  readonly meta: BroadcastMeta;
}

/**
 * What came with a broadcast.
 *
 * @publicApi
 */
export interface BroadcastMeta {
  readonly origin: BroadcastOrigin;
  /** Number of the message's first segment in its origin's stream: grows with each message of one origin. */
  readonly sequence: number;
  /** Links that the copy which arrived first crossed; 0 for a node's own broadcast delivered to itself. */
  readonly hops: number;
  readonly receivedFrom: NodeId;
}

/** A message of another node of which a part came, and that was given up. */
export interface MessageLostEvent {
  readonly type: 'message_lost';
  readonly message: LostMessage;
}

/**
 * A message in several segments that was given up before it was whole.
 *
 * @publicApi
 */
export interface LostMessage {
  readonly origin: BroadcastOrigin;
  /** As in {@link BroadcastMeta}. */
  readonly sequence: number;
  /** Payload that had arrived, bytes; segments of the whole message, and those that never came. */
  readonly receivedBytes: number;
  readonly segments: number;
  readonly missingSegments: number;
  /** `stalled`: nothing of it came for 30 s. `crowded_out`: too many messages were incomplete at once, and it was the oldest. */
  readonly reason: 'stalled' | 'crowded_out';
}

/** The node that made a broadcast. Its zone is undefined as long as it is not known. */
export interface BroadcastOrigin {
  readonly id: NodeId;
  readonly zone: string | undefined;
}

export interface MemberEvent {
  readonly type: 'up' | 'suspect' | 'down' | 'left';
  readonly member: Member;
}

/** The node gained its first feed and subscriber, or lost the last. */
export interface ReadinessEvent {
  readonly type: 'ready' | 'unready';
}

/** Datagrams of the size of a handshake come from there, and no key opens them. At most one in ten seconds. */
export interface NoKeyFitsEvent {
  readonly type: 'no_key_fits';
  readonly endpoint: Endpoint;
}

/** A node with the right key was refused because its clock differs by more than the time lock. At most one in ten seconds. */
export interface ClockSkewEvent {
  readonly type: 'clock_skew';
  readonly endpoint: Endpoint;
  readonly skewMs: number;
}
