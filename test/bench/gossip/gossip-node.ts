/** Networks that carry broadcasts from any node to all others, without a broker. */
export const GOSSIP_NETWORKS = ['gwyh', 'gossipsub'] as const;
export type GossipNetwork = (typeof GOSSIP_NETWORKS)[number];

/** One node of such a network, bound but perhaps alone yet. */
export interface GossipNode {
  /**
   * Resolves when broadcasts go from here to others, and from others to here.
   * @param ports of all nodes of the cluster on the loopback address, which are bound by now.
   */
  ready(ports: readonly number[]): Promise<void>;
  /** Resolves when the message is accepted. */
  broadcast(payload: Uint8Array): Promise<void>;
  /** How many other nodes it knows of. */
  readonly known: number;
}

export interface GossipNodeOptions {
  /** Where to bind, on the loopback address. */
  readonly port: number;
  /** Ports of nodes that newcomers turn to. */
  readonly seeds: readonly number[];
  readonly onBroadcast: (payload: Uint8Array) => void;
}

/** Binds a node. */
export type StartGossipNode = (options: GossipNodeOptions) => Promise<GossipNode>;
