import type { Endpoint } from './endpoint.js';
import type { Member } from './membership/member-table.js';
import type { NodeId } from './node-id.js';

/** What an engine tells its host, in the order in which it happened. */
export type EngineEvent = BroadcastEvent | MemberEvent | ReadinessEvent | NoKeyFitsEvent | ClockSkewEvent;

/** A message of another node, whole. `payload` may be a view of memory that the engine still reads: do not change it. */
export interface BroadcastEvent {
  readonly type: 'broadcast';
  readonly payload: Uint8Array;
  readonly origin: NodeId;
  readonly originZone: string | undefined;
  readonly sequence: number;
  readonly hops: number;
  readonly receivedFrom: NodeId;
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
