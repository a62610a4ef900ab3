import { toHex } from './crypto/hex.js';
import type { RandomFill } from './random.js';

/** A node id is 16 random bytes, chosen at start. Inside the process it is handled as 32 lower-case hex digits. */
export type NodeId = string;

/** Bytes of a node id on the wire. */
export const NODE_ID_BYTES = 16;

export function randomNodeId(random: RandomFill): NodeId {
  const bytes = new Uint8Array(NODE_ID_BYTES);
  random(bytes);
  return nodeIdFromBytes(bytes);
}

export function nodeIdFromBytes(bytes: Uint8Array): NodeId {
  return toHex(bytes);
}

export function nodeIdToBytes(id: NodeId): Uint8Array {
  const bytes = new Uint8Array(NODE_ID_BYTES);
  for (let i = 0; i < NODE_ID_BYTES; i++) bytes[i] = Number.parseInt(id.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
