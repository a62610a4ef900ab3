import { decode, encode } from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_ACCUSERS,
  MAX_INCARNATION,
  MEMBER_STATES,
  type MemberRecord,
} from '../../../../lib/engine/membership/member.js';
import {
  MAX_RECORD_BYTES,
  MAX_ZONE_BYTES,
  readMemberRecord,
  recordBytes,
  writeMemberRecord,
} from '../../../../lib/engine/wire/member-codec.js';
import { MessagePackReader } from '../../../../lib/engine/wire/message-pack-reader.js';
import { MessagePackWriter } from '../../../../lib/engine/wire/message-pack-writer.js';

const RECORD: MemberRecord = {
  id: '000102030405060708090a0b0c0d0e0f',
  incarnation: 1_700_000_000_000,
  state: 'down',
  endpoint: { address: '10.0.0.1', port: 6969 },
  zone: 'eu-west-1',
};

/** As many accusers as a record may have. */
const ACCUSERS = Array.from({ length: MAX_ACCUSERS }, (_, i) => `${i + 1}`.repeat(32));
const SUSPECT: MemberRecord = { ...RECORD, state: 'suspect', accusers: ACCUSERS };

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
    expect(decode(write(RECORD))).toEqual([ID, 1_700_000_000_000, 2, IPV4, 'eu-west-1']);
  });

  it('of a suspect ends with its accusers', () => {
    const accusers = [1, 2, 3].map(i => new Uint8Array(16).fill(0x11 * i));
    expect(decode(write(SUSPECT))).toEqual([ID, 1_700_000_000_000, 1, IPV4, 'eu-west-1', ...accusers]);
  });

  it('is read as it was written, whatever is in it', () => {
    const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytes => Buffer.from(bytes).toString('hex'));
    const said = {
      id,
      incarnation: fc.nat({ max: 2 ** 31 - 1 }).map(low => MAX_INCARNATION - low),
      endpoint: fc.constantFrom(undefined, RECORD.endpoint, { address: '2001:db8::1', port: 1 }),
      zone: fc.string({ unit: 'grapheme', maxLength: 20 }).filter(zone => Buffer.byteLength(zone) <= MAX_ZONE_BYTES),
    };
    const records = fc.oneof(
      fc.record({ ...said, state: fc.constantFrom('up' as const, 'down' as const, 'left' as const) }),
      fc.record({
        ...said,
        state: fc.constant('suspect' as const),
        accusers: fc.array(id, { minLength: 1, maxLength: MAX_ACCUSERS }),
      }),
    );
    fc.assert(
      fc.property(records, record => {
        const bytes = write(record);
        expect(read(bytes)).toEqual(record);
        expect(bytes.length).toBeLessThanOrEqual(recordBytes(record));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('is never longer than the space that is reserved for it', () => {
    const longest: MemberRecord = {
      ...SUSPECT,
      incarnation: Number.MAX_SAFE_INTEGER,
      endpoint: { address: '2001:db8:1:2:3:4:5:6', port: 65_535 },
      zone: 'z'.repeat(MAX_ZONE_BYTES),
    };
    expect(write(longest).length).toBe(MAX_RECORD_BYTES);
    expect(recordBytes(longest)).toBe(MAX_RECORD_BYTES);
  });

  it('has less space reserved when its zone is short or nobody accuses it: more fit a datagram', () => {
    expect(recordBytes({ ...RECORD, zone: 'a' })).toBeLessThan(recordBytes({ ...RECORD, zone: 'z'.repeat(20) }));
    expect(recordBytes(SUSPECT) - recordBytes(RECORD)).toBe(write(SUSPECT).length - write(RECORD).length);
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
    ['accusers though it is up', [ID, 5, 0, null, 'a', ID]],
    ['accusers though it is down', [ID, 5, 2, null, 'a', ID]],
    ['accusers though it left', [ID, 5, 3, null, 'a', ID]],
    ['no accuser though it is suspect', [ID, 5, 1, null, 'a']],
    ['too many accusers', [ID, 5, 1, null, 'a', ...Array<Uint8Array>(MAX_ACCUSERS + 1).fill(ID)]],
    ['a short accuser', [ID, 5, 1, null, 'a', ID.subarray(1)]],
    ['an accuser as text', [ID, 5, 1, null, 'a', 'somebody']],
    ['a number for an accuser', [ID, 5, 1, null, 'a', ID, 7]],
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
    for (const record of [RECORD, SUSPECT]) {
      const whole = write(record);
      for (let length = 0; length < whole.length; length++) expect(read(whole.subarray(0, length))).toBeUndefined();
    }
  });
});
