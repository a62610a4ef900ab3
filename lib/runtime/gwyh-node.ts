import type { NodeId } from '../engine/node-id.js';

/** What a node knows of another homie. */
export interface MemberInfo {
  readonly id: NodeId;
  /** `host:port`. */
  readonly address: string;
  readonly zone: string;
  readonly state: 'up' | 'suspect';
  /** Whether this node takes broadcasts from it, and it from this node. */
  readonly feed: boolean;
  readonly subscriber: boolean;
  /** Smoothed round trip in milliseconds, where a link exists. */
  readonly roundTripMs: number | undefined;
}

/** What came with a broadcast. */
export interface BroadcastMeta {
  readonly origin: { readonly id: NodeId; readonly zone: string | undefined };
  /** Number of the message's first segment in its origin's stream: grows with each message of one origin. */
  readonly sequence: number;
  /** Links the quickest copy crossed; 0 for a node's own broadcast delivered to itself. */
  readonly hops: number;
  readonly receivedFrom: NodeId;
}

export interface BroadcastOptions {
  /** Zones whose homies should handle the message; all when absent. The others only pass it on. */
  readonly zones?: readonly string[];
}
