import { createHash } from 'node:crypto';

/** Longer messages are told apart by a digest, so that nobody has to carry them around. */
const LONGEST_TEXT = 200;

/** What a process tells of a message that it received: the text, or a digest of a long one. */
export function summaryOf(payload: Uint8Array): string {
  if (payload.length <= LONGEST_TEXT) return Buffer.from(payload).toString();
  return `${payload.length} bytes, sha256 ${createHash('sha256').update(payload).digest('hex')}`;
}

/** Bytes without a pattern, the same for the same seed. */
export function filledMessage(bytes: number, seed: number): Uint8Array {
  const message = new Uint8Array(4 * Math.ceil(bytes / 4));
  const words = new Uint32Array(message.buffer);
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + 1, 2_654_435_761) ^ seed;
  return message.subarray(0, bytes);
}
