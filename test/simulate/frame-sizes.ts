import { NODE_ID_BYTES } from '../../lib/engine/node-id.js';
import { uintSize } from '../../lib/engine/wire/message-pack-writer.js';

/** Bytes of the head of a binary value of at least 256 bytes; a shorter one has one less. */
const BINARY_HEAD_BYTES = 3;

/**
 * Sizes of the segment frames of a message, to within a few bytes: segments are taken to be of equal length.
 * @param sequence of the last segment.
 */
export function frameSizes(payloadBytes: number, segments: number, sequence: number): number[] {
  const boot = uintSize(Number.MAX_SAFE_INTEGER);
  const numbers = boot + uintSize(sequence) + uintSize(segments - 1) + uintSize(segments);
  const head = 3 + (2 + NODE_ID_BYTES) + numbers + BINARY_HEAD_BYTES;
  return Array.from({ length: segments }, () => head + Math.ceil(payloadBytes / segments));
}
