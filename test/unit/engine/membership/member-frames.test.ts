import { decode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { MAX_FRAME_BYTES } from '../../../../lib/engine/engine-context.js';
import { type MemberRecord, NOBODY } from '../../../../lib/engine/membership/member.js';
import { writeMembersPage, writeMembersRequest, writeNews } from '../../../../lib/engine/membership/member-frames.js';
import { nodeIdToBytes } from '../../../../lib/engine/node-id.js';
import { Frame } from '../../../../lib/engine/wire/frame.js';
import { MAX_ZONE_BYTES } from '../../../../lib/engine/wire/member-codec.js';
import { MessagePackWriter } from '../../../../lib/engine/wire/message-pack-writer.js';
import { endpointOf, idOf } from '../engine-lab.js';

const writer = new MessagePackWriter(4_096);

/** Records of so many members, the shortest ones unless told otherwise. */
function records(count: number, said: Partial<MemberRecord> = {}): MemberRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    id: idOf(i + 1),
    incarnation: 1_700_000_000_000,
    state: 'up' as const,
    endpoint: endpointOf(i + 1),
    zone: 'a',
    ...said,
  }));
}

/** The longest record there is. */
const LONGEST: Partial<MemberRecord> = {
  incarnation: Number.MAX_SAFE_INTEGER,
  state: 'suspect',
  endpoint: { address: '2001:db8:1:2:3:4:5:6', port: 65_535 },
  zone: 'z'.repeat(MAX_ZONE_BYTES),
  accusers: [1, 2, 3].map(idOf),
};

/** Numbers of the members in a list of records as it travels. */
const numbersIn = (list: unknown[]) => (list as [Uint8Array][]).map(([id]) => Buffer.from(id).readUInt32BE());
const range = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

describe('frames of news', () => {
  it('are none when there is no news', () => {
    expect(writeNews(writer, [])).toEqual([]);
  });

  it('hold all the records, in order', () => {
    for (const count of [1, 15, 16, 64, 65, 200]) {
      const frames = writeNews(writer, records(count)).map(frame => decode(frame) as unknown[]);
      expect(frames.every(([type]) => type === Frame.news)).toBe(true);
      expect(frames.flatMap(([, ...list]) => numbersIn(list))).toEqual(range(1, count));
    }
  });

  it.each([
    ['the shortest', {}],
    ['the longest', LONGEST],
    ['wide characters', { zone: '世'.repeat(21) }],
  ])('never grow over a datagram, with %s records', (_, said) => {
    for (const count of [1, 10, 63, 64, 65, 300]) {
      for (const frame of writeNews(writer, records(count, said))) {
        expect(frame.length).toBeLessThanOrEqual(MAX_FRAME_BYTES);
      }
    }
  });

  it('are filled: with short zones hardly more than with what the records take', () => {
    const frames = writeNews(writer, records(300));
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    expect(frames.length).toBeLessThanOrEqual(Math.ceil((1.5 * bytes) / MAX_FRAME_BYTES));
    expect(writeNews(writer, records(300, LONGEST)).length).toBeGreaterThan(frames.length);
  });
});

describe('a request for members', () => {
  it('names the member after which to go on, or none for the beginning', () => {
    expect(decode(writeMembersRequest(writer, undefined))).toEqual([Frame.membersRequest, new Uint8Array(0)]);
    expect(decode(writeMembersRequest(writer, idOf(7)))).toEqual([Frame.membersRequest, nodeIdToBytes(idOf(7))]);
  });
});

function pages(live: readonly MemberRecord[], first: MemberRecord | undefined): unknown[][] {
  const all: unknown[][] = [];
  for (let position = 0; position < live.length || all.length === 0;) {
    const { frame, end } = writeMembersPage(writer, live, position, all.length === 0 ? first : undefined);
    expect(frame.length).toBeLessThanOrEqual(MAX_FRAME_BYTES);
    all.push(decode(frame) as unknown[]);
    position = end;
  }
  return all;
}

describe('pages of members', () => {
  const own: MemberRecord = { ...records(1)[0]!, id: idOf(0x80) };

  it.each([
    ['short', {}],
    ['long', LONGEST],
  ])('hold all members once, our own record first, with %s records', (_, said) => {
    const all = pages(records(200, said), own);
    expect(all.every(([type]) => type === Frame.membersPage)).toBe(true);
    expect(all.flatMap(([, , ...list]) => numbersIn(list))).toEqual([0x80, ...range(1, 200)]);
  });

  it('each name their last member, and the last page nobody: nothing follows', () => {
    const all = pages(records(200), own);
    expect(all.length).toBeGreaterThan(2);
    for (const [, next, ...list] of all.slice(0, -1)) {
      expect(Buffer.from(next as Uint8Array).readUInt32BE()).toBe(numbersIn(list).at(-1));
    }
    expect(all.at(-1)![1]).toBeNull();
  });

  it('are one when there is nobody else', () => {
    expect(pages([], own).map(([, next, ...list]) => [next, numbersIn(list)])).toEqual([[null, [0x80]]]);
  });

  it('tell the accusers of suspects, and of nobody else', () => {
    const [up, suspect] = [records(2)[0]!, { ...records(2)[1]!, state: 'suspect' as const, accusers: [idOf(9)] }];
    const [page] = pages([{ ...up, accusers: NOBODY }, suspect], undefined);
    const [, , first, second] = page as [number, null, unknown[], unknown[]];
    expect([first.length, second.slice(5)]).toEqual([5, [nodeIdToBytes(idOf(9))]]);
  });
});
