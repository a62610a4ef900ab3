/** A node id is 16 random bytes, chosen at start. Inside the process it is handled as 32 lower-case hex digits. */
export type NodeId = string;

/** Bytes of a node id on the wire. */
export const NODE_ID_BYTES = 16;
