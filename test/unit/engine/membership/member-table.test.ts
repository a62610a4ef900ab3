import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  MAX_MEMBERS,
  MAX_TOMBSTONES,
  MemberTable,
  TOMBSTONE_MS,
} from '../../../../lib/engine/membership/member-table.js';
import {
  isLive,
  MAX_ACCUSERS,
  MEMBER_STATES,
  type MemberRecord,
  type MemberState,
  recordHash,
} from '../../../../lib/engine/membership/member.js';
import { endpointOf, idOf } from '../engine-lab.js';

/** What one life of a homie says of itself: address and zone belong to the incarnation. A suspect has these accusers. */
function recordOf(number: number, incarnation = 1, state: MemberState = 'up', accusers: number[] = [7]): MemberRecord {
  const record = { id: idOf(number), incarnation, state, endpoint: endpointOf(number), zone: `zone-${incarnation}` };
  return state === 'suspect' ? { ...record, accusers: accusers.map(idOf) } : record;
}

const anyRecord = fc
  .record({
    number: fc.nat(5),
    incarnation: fc.nat(2),
    state: fc.constantFrom(...MEMBER_STATES),
    accusers: fc.subarray([10, 11, 12, 13, 14], { minLength: 1, maxLength: MAX_ACCUSERS }),
  })
  .map(({ number, incarnation, state, accusers }) => recordOf(number, incarnation, state, accusers));

const anyRecords = fc.array(anyRecord, { maxLength: 30 });

function tableOf(...batches: MemberRecord[][]): MemberTable {
  const table = new MemberTable();
  for (const record of batches.flat()) {
    table.merge(record, 0);
    table.check();
  }
  return table;
}

/** What a table says of everybody. */
function viewOf(table: MemberTable): unknown {
  return Array.from({ length: 6 }, (_, number) => {
    const member = table.get(idOf(number));
    return member && [member.incarnation, member.state, member.zone, member.endpoint, member.accusers];
  });
}

let table: MemberTable;

beforeEach(() => {
  table = new MemberTable();
});

describe('merging', () => {
  it('gives the same whatever the order', () => {
    fc.assert(
      fc.property(
        anyRecords.chain(records =>
          fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })),
        ),
        ([records, shuffled]) => {
          expect(viewOf(tableOf(shuffled))).toEqual(viewOf(tableOf(records)));
          expect(tableOf(shuffled).digest).toBe(tableOf(records).digest);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  it('gives the same however the records are gathered on the way', () => {
    fc.assert(
      fc.property(anyRecords, anyRecords, anyRecords, (a, b, c) => {
        const viaOthers = (records: MemberRecord[]) =>
          [0, 1, 2, 3, 4, 5].flatMap(number => tableOf(records).get(idOf(number)) ?? []);
        const left = tableOf(viaOthers([...a, ...b]), c);
        const right = tableOf(a, viaOthers([...b, ...c]));
        expect(viewOf(left)).toEqual(viewOf(right));
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(anyRecords, records => {
        const once = tableOf(records);
        const twice = tableOf(records, records);
        expect(viewOf(twice)).toEqual(viewOf(once));
        expect(twice.digest).toBe(once.digest);
      }),
      { seed: 3 },
    );
  });

  it('tells what became of the record', () => {
    expect(table.merge(recordOf(1, 5), 0)).toBe('new');
    expect(table.merge(recordOf(1, 5), 0)).toBe('known');
    expect(table.merge(recordOf(1, 5, 'down'), 0)).toBe('changed');
    expect(table.merge(recordOf(1, 5), 0)).toBe('stale');
    expect(table.merge(recordOf(1, 6), 0)).toBe('changed');
    expect(table.merge(recordOf(1, 5, 'left'), 0)).toBe('stale');
  });

  it('does not take in a member of unknown address, but keeps the address it knows', () => {
    const unknown = { ...recordOf(1, 6), endpoint: undefined };
    expect(table.merge(unknown, 0)).toBe('unreachable');
    table.merge(recordOf(1, 5), 0);
    expect(table.merge(unknown, 0)).toBe('changed');
    expect(table.get(idOf(1))).toMatchObject({ incarnation: 6, endpoint: endpointOf(1) });
  });

  it('tells when a suspicion is confirmed by one more accuser, and takes nothing else over', () => {
    expect(table.merge(recordOf(1, 5, 'suspect', [12]), 100)).toBe('new');
    expect(table.merge(recordOf(1, 5, 'suspect', [11]), 200)).toBe('confirmed');
    expect(table.merge(recordOf(1, 5, 'suspect', [11, 12]), 300)).toBe('known');
    expect(table.merge(recordOf(1, 5, 'suspect', [13, 14]), 400)).toBe('confirmed');
    expect(table.merge(recordOf(1, 5, 'suspect', [14]), 500)).toBe('known');
    expect(table.get(idOf(1))).toMatchObject({ accusers: [11, 12, 13].map(idOf), changedAt: 100 });
  });

  it('forgets who accused a member when it refutes, or is down', () => {
    table.merge(recordOf(1, 5, 'suspect'), 0);
    table.merge(recordOf(1, 6), 0);
    expect(table.get(idOf(1))!.accusers).toEqual([]);
    table.merge(recordOf(1, 6, 'suspect'), 0);
    table.merge(recordOf(1, 6, 'down'), 0);
    expect(table.get(idOf(1))!.accusers).toEqual([]);
  });

  it('keeps what is known of the path to a member through all its states', () => {
    table.merge(recordOf(1, 5), 0);
    table.get(idOf(1))!.remember({ roundTripMs: 12 });
    for (const [incarnation, state] of [
      [5, 'suspect'],
      [5, 'down'],
      [6, 'up'],
    ] as const) {
      table.merge(recordOf(1, incarnation, state), 0);
    }
    expect(table.get(idOf(1))!.roundTripMs).toBe(12);
  });
});

describe('the live members', () => {
  it('stand in order of id, and the dead do not stand there', () => {
    fc.assert(
      fc.property(anyRecords, records => {
        const { live } = tableOf(records);
        expect(live.map(member => member.id)).toEqual(live.map(member => member.id).toSorted());
        expect(live.every(member => isLive(member.state))).toBe(true);
      }),
      { seed: 4 },
    );
  });

  it('are found by what comes after an id', () => {
    for (const number of [2, 4, 6]) table.merge(recordOf(number), 0);
    expect([1, 2, 3, 6, 7].map(number => table.positionAfter(idOf(number)))).toEqual([0, 1, 1, 3, 3]);
  });

  it('have a digest that is that of their ids and incarnations', () => {
    fc.assert(
      fc.property(anyRecords, records => {
        const merged = tableOf(records);
        const digest = merged.live.reduce((sum, member) => (sum ^ recordHash(member.id, member.incarnation)) >>> 0, 0);
        expect(merged.digest).toBe(digest);
      }),
      { seed: 5 },
    );
  });

  it('are limited in number; those that are known go on changing', () => {
    for (let number = 0; number < MAX_MEMBERS; number++) table.merge(recordOf(number), 0);
    expect(table.merge(recordOf(MAX_MEMBERS), 0)).toBe('full');
    expect(table.merge(recordOf(5, 2), 0)).toBe('changed');
    expect(table.merge(recordOf(7, 1, 'down'), 0)).toBe('changed');
    expect(table.merge(recordOf(MAX_MEMBERS), 0)).toBe('new');
    expect(table.merge(recordOf(7, 2), 0)).toBe('full');
    table.check();
  });
});

describe('a member that is forgotten', () => {
  it.each(['up', 'suspect', 'down', 'left'] as const)('while it is %s leaves nothing behind', state => {
    table.merge(recordOf(1, 5), 0);
    const digest = table.digest;
    table.merge(recordOf(2, 5, state), 0);
    table.forget(table.get(idOf(2))!);
    table.check();
    expect(table.get(idOf(2))).toBeUndefined();
    expect([table.live.length, table.tombstoneCount, table.lostCount, table.digest]).toEqual([1, 0, 0, digest]);
  });

  it('comes back with the next news of it, of whatever incarnation', () => {
    table.merge(recordOf(1, 5), 0);
    table.forget(table.get(idOf(1))!);
    expect(table.merge(recordOf(1, 4), 0)).toBe('new');
  });
});

describe('lost members', () => {
  it('are those who are down, not those who left', () => {
    table.merge(recordOf(1, 5, 'down'), 0);
    table.merge(recordOf(2, 5, 'left'), 0);
    table.merge(recordOf(3, 5, 'down'), 0);
    table.check();
    expect(table.lostCount).toBe(2);
    expect([0, 1, 2].map(position => table.lostAt(position)?.id)).toEqual([idOf(1), idOf(3), undefined]);
  });

  it('are lost no more when they come back, or turn out to have left', () => {
    table.merge(recordOf(1, 5, 'down'), 0);
    table.merge(recordOf(2, 5, 'down'), 0);
    table.merge(recordOf(1, 6), 0);
    table.merge(recordOf(2, 5, 'left'), 0);
    table.check();
    expect([table.lostCount, table.lostAt(0)]).toEqual([0, undefined]);
  });
});

describe('tombstones', () => {
  it('keep late news of life from reviving the dead', () => {
    table.merge(recordOf(1, 5, 'left'), 0);
    expect(table.merge(recordOf(1, 5), 1_000)).toBe('stale');
    expect([table.live.length, table.tombstoneCount]).toEqual([0, 1]);
  });

  it('are forgotten after a day', () => {
    table.merge(recordOf(1, 5, 'down'), 0);
    table.merge(recordOf(2, 5, 'down'), TOMBSTONE_MS - 1);
    expect(table.tombstoneCount).toBe(2);
    table.merge(recordOf(3, 5, 'down'), TOMBSTONE_MS);
    expect(table.get(idOf(1))).toBeUndefined();
    expect(table.tombstoneCount).toBe(2);
    table.check();
  });

  it('are limited in number: the oldest go', () => {
    for (let number = 0; number <= MAX_TOMBSTONES; number++) table.merge(recordOf(number, 1, 'left'), number);
    expect(table.tombstoneCount).toBe(MAX_TOMBSTONES);
    expect([table.get(idOf(0)), table.get(idOf(1))?.id]).toEqual([undefined, idOf(1)]);
    table.check();
  });

  it('are told apart from live members by their address as well', () => {
    table.merge(recordOf(1, 5, 'down'), 0);
    expect(table.hasEndpoint(endpointOf(1))).toBe(true);
    expect(table.hasEndpoint(endpointOf(2))).toBe(false);
  });
});
