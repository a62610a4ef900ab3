import { nodeIdFromBytes } from '../node-id.js';
import type { MessagePackWriter } from '../wire/message-pack-writer.js';
import { PAGES_PER_REQUEST } from './exchange.js';
import type { MemberRecord } from './member.js';
import { writeMembersPage } from './member-frames.js';
import type { MemberTable } from './member-table.js';

/**
 * The pages of the member table that are asked for at a time, as frames.
 * @param after the id of the member before them; empty for the first ones, which begin with our own record.
 */
export function* pagesAfter(
  after: Uint8Array,
  table: MemberTable,
  own: MemberRecord,
  writer: MessagePackWriter,
): Generator<Uint8Array> {
  const { live } = table;
  const isFirst = after.length === 0;
  let position = isFirst ? 0 : table.positionAfter(nodeIdFromBytes(after));
  for (let page = 1; page <= PAGES_PER_REQUEST; page++) {
    const { frame, end } = writeMembersPage(writer, live, position, page === 1 && isFirst ? own : undefined);
    yield frame;
    position = end;
    if (position >= live.length) return;
  }
}
