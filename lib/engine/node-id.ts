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
  for (let i = 0; i < NODE_ID_BYTES; i++) bytes[i] = (digitAt(id, 2 * i) << 4) | digitAt(id, 2 * i + 1);
  return bytes;
}

/** Whether two node ids are the same. */
export function sameNodeId(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < NODE_ID_BYTES; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Each page of members has dozens of ids, so that parsing pieces of strings would show. */
function digitAt(id: NodeId, position: number): number {
  const code = id.charCodeAt(position);
  return code < LOWER_A ? code - ZERO : code - LOWER_A + 10;
}

const ZERO = 0x30;
const LOWER_A = 0x61;
