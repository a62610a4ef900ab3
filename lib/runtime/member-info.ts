import { formatEndpoint } from '../engine/endpoint.js';
import type { Member } from '../engine/membership/member-table.js';
import type { NodeId } from '../engine/node-id.js';
import type { Peer } from '../engine/peers/peer.js';

/**
 * What a node knows of another homie.
 *
 * @publicApi
 */
export interface MemberInfo {
  readonly id: NodeId;
  /** `host:port`. */
  readonly address: string;
  readonly zone: string;
  readonly state: 'up' | 'suspect' | 'down' | 'left';
  /** Whether this node takes broadcasts from it, and it from this node. */
  readonly feed: boolean;
  readonly subscriber: boolean;
  /** Smoothed round trip in milliseconds, where a link exists. */
  readonly roundTripMs: number | undefined;
}

export function describeMember(member: Member, peer: Peer | undefined): MemberInfo {
  return {
    id: member.id,
    address: formatEndpoint(member.endpoint),
    zone: member.zone,
    state: member.state,
    feed: peer?.isFeedActive ?? false,
    subscriber: peer?.isSubscriber ?? false,
    roundTripMs: peer?.roundTrip.smoothedMs,
  };
}
