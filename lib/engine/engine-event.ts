import type { Endpoint } from './endpoint.js';
import type { Member } from './membership/member-table.js';
import type { NodeId } from './node-id.js';

/** What an engine tells its host, in the order in which it happened. */
export type EngineEvent = BroadcastEvent | MemberEvent | ReadinessEvent | NoKeyFitsEvent | ClockSkewEvent;

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
