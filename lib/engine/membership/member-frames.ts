import { MAX_FRAME_BYTES } from '../engine-context.js';
import { NODE_ID_BYTES, type NodeId, nodeIdToBytes } from '../node-id.js';
import { Frame } from '../wire/frame.js';
import { MAX_RECORD_BYTES, recordBytes, writeMemberRecord } from '../wire/member-codec.js';
import type { MessagePackWriter } from '../wire/message-pack-writer.js';
import type { MemberRecord } from './member.js';

/** Most records in one frame: they fit a datagram at any rate, and the array's length is one or three bytes. */
const MAX_RECORDS = 64;

/** Array header of three bytes, type, `next`. */
const FRAME_HEAD_BYTES = 3 + 1 + 2 + NODE_ID_BYTES;

const FIRST_PAGE = new Uint8Array(0);

/** Frames of news with all these records, as many in each as fit. */
export function writeNews(writer: MessagePackWriter, records: readonly MemberRecord[]): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let from = 0; from < records.length;) {
    const count = countThatFit(records, from);
    writer.reset();
    writer.array(1 + count);
    writer.uint(Frame.news);
    for (let i = 0; i < count; i++) writeMemberRecord(writer, records[from + i]!);
    frames.push(writer.take());
    from += count;
  }
  return frames;
}

/** Asks for the members whose ids follow this one; all of them when it is undefined. */
export function writeMembersRequest(writer: MessagePackWriter, after: NodeId | undefined): Uint8Array {
  writer.reset();
  writer.array(2);
  writer.uint(Frame.membersRequest);
  writer.bytes(after === undefined ? FIRST_PAGE : nodeIdToBytes(after));
  return writer.take();
}

/**
 * A page of members from this position on, as many as fit, and the position after them.
 * @param own our own record, which the first page begins with.
 */
export function writeMembersPage(
  writer: MessagePackWriter,
  live: readonly MemberRecord[],
  position: number,
  own: MemberRecord | undefined,
): { frame: Uint8Array; end: number } {
  const taken = own === undefined ? 0 : 1;
  const end = position + countThatFit(live, position, taken);
  writer.reset();
  writer.array(2 + taken + end - position);
  writer.uint(Frame.membersPage);
  if (end < live.length) writer.bytes(nodeIdToBytes(live[end - 1]!.id));
  else writer.nil();
  if (own !== undefined) writeMemberRecord(writer, own);
  for (let i = position; i < end; i++) writeMemberRecord(writer, live[i]!);
  return { frame: writer.take(), end };
}

function countThatFit(records: readonly MemberRecord[], from: number, taken = 0): number {
  const room = MAX_FRAME_BYTES - FRAME_HEAD_BYTES;
  let bytes = taken * MAX_RECORD_BYTES;
  let count = 0;
  while (from + count < records.length && taken + count < MAX_RECORDS) {
    bytes += recordBytes(records[from + count]!);
    if (bytes > room) break;
    count++;
  }
  return count;
}
