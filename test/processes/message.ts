import { createHash } from 'node:crypto';

/** Longer messages are told apart by a digest, so that nobody has to carry them around. */
const LONGEST_TEXT = 200;

/** What a process tells of a message that it received: the text, or a digest of a long one. */
export function summaryOf(payload: Uint8Array): string {
  if (payload.length <= LONGEST_TEXT) return Buffer.from(payload).toString();
  return `${payload.length} bytes, sha256 ${createHash('sha256').update(payload).digest('hex')}`;
}
