import { decode, encode } from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_INCARNATION, MEMBER_STATES, type MemberRecord } from '../../../../lib/engine/membership/member.js';
import {
  MAX_RECORD_BYTES,
  MAX_ZONE_BYTES,
  readMemberRecord,
  writeMemberRecord,
} from '../../../../lib/engine/wire/member-codec.js';
import { MessagePackReader } from '../../../../lib/engine/wire/message-pack-reader.js';
import { MessagePackWriter } from '../../../../lib/engine/wire/message-pack-writer.js';

const RECORD: MemberRecord = {
  id: '000102030405060708090a0b0c0d0e0f',
  incarnation: 1_700_000_000_000,
  state: 'suspect',
  endpoint: { address: '10.0.0.1', port: 6969 },
  zone: 'eu-west-1',
};

function write(record: MemberRecord): Uint8Array {
  const writer = new MessagePackWriter(512);
  writeMemberRecord(writer, record);
  return writer.take();
}

function read(bytes: Uint8Array): MemberRecord | undefined {
  const reader = new MessagePackReader();
  reader.reset(bytes);
  const record = readMemberRecord(reader);
  expect(reader.failed).toBe(record === undefined);
  return record;
}

const ID = Uint8Array.from({ length: 16 }, (_, i) => i);
const IPV4 = Uint8Array.of(10, 0, 0, 1, 0x1b, 0x39);

describe('a member record', () => {
  it('is an array of id, incarnation, state, endpoint and zone', () => {
    expect(decode(write(RECORD))).toEqual([ID, 1_700_000_000_000, 1, IPV4, 'eu-west-1']);
  });

  it('is read as it was written, whatever is in it', () => {
    const records = fc.record({
      id: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytes => Buffer.from(bytes).toString('hex')),
      incarnation: fc.nat({ max: 2 ** 31 - 1 }).map(low => MAX_INCARNATION - low),
      state: fc.constantFrom(...MEMBER_STATES),
      endpoint: fc.constantFrom(undefined, RECORD.endpoint, { address: '2001:db8::1', port: 1 }),
      zone: fc.string({ unit: 'grapheme', maxLength: 20 }).filter(zone => Buffer.byteLength(zone) <= MAX_ZONE_BYTES),
    });
    fc.assert(
      fc.property(records, record => {
        expect(read(write(record))).toEqual(record);
      }),
      { seed: 1 },
    );
  });

  it('is never longer than the space that is reserved for it', () => {
    const longest = write({
      ...RECORD,
      incarnation: Number.MAX_SAFE_INTEGER,
      endpoint: { address: '2001:db8:1:2:3:4:5:6', port: 65_535 },
      zone: 'z'.repeat(MAX_ZONE_BYTES),
    });
    expect(longest.length).toBe(MAX_RECORD_BYTES);
  });

  it('says nothing of the address when the sender does not know its own', () => {
    expect(read(write({ ...RECORD, endpoint: undefined }))?.endpoint).toBeUndefined();
  });

  it('loses an address that must not be dialled, and stays', () => {
    const multicast = Uint8Array.of(224, 0, 0, 1, 0x1b, 0x39);
    expect(read(encode([ID, 5, 0, multicast, 'a']))).toMatchObject({ endpoint: undefined, zone: 'a' });
  });

  it.each([
    ['no array', 'text'],
    ['too few elements', [ID, 5, 0, null]],
    ['too many elements', [ID, 5, 0, null, 'a', 1]],
    ['a short id', [ID.subarray(1), 5, 0, null, 'a']],
    ['a long id', [Uint8Array.of(...ID, 1), 5, 0, null, 'a']],
    ['an id as text', ['0'.repeat(16), 5, 0, null, 'a']],
    ['a negative incarnation', [ID, -1, 0, null, 'a']],
    ['a state nobody knows', [ID, 5, MEMBER_STATES.length, null, 'a']],
    ['an endpoint as text', [ID, 5, 0, '10.0.0.1', 'a']],
    ['a zone that is too long', [ID, 5, 0, null, 'z'.repeat(MAX_ZONE_BYTES + 1)]],
    ['no zone', [ID, 5, 0, null, null]],
  ])('is refused with %s', (_, value) => {
    expect(read(encode(value))).toBeUndefined();
  });

  it('is refused when it is cut short, wherever', () => {
    const whole = write(RECORD);
    for (let length = 0; length < whole.length; length++) expect(read(whole.subarray(0, length))).toBeUndefined();
  });
});
