import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../../../lib/engine/overlay/candidate.js';
import { chooseNearest, doesZoneTell, isClearlyNearer, nearSlots } from '../../../../lib/engine/overlay/nearest.js';
import { idOf } from '../engine-lab.js';

/** A member whose rendezvous score falls with its number: 1 is the best. */
function member(number: number, zone = 'here', roundTripMs?: number): Candidate {
  return { id: idOf(number), zone, score: 1 - number / 1_000, roundTripMs };
}

const ring = member(999);

/** Numbers of those chosen for four slots, near ones first; `held` are near ones already. */
function choose(candidates: readonly Candidate[], held: readonly number[] = [], slots = 4): number[] {
  const chosen = chooseNearest('here', slots, [...candidates, ring], ring, new Set(held.map(idOf)));
  return chosen.map(({ id }) => Number.parseInt(id.slice(0, 8), 16));
}

/** Members from `from` up to `to`. */
function members(from: number, to: number, zone = 'here', roundTripMs?: number): Candidate[] {
  return Array.from({ length: to - from + 1 }, (_, i) => member(from + i, zone, roundTripMs));
}

describe('the slots of nearest', () => {
  it('are about half near ones, one at least, and never all of several', () => {
    expect([0, 1, 2, 3, 4, 8].map(nearSlots)).toEqual([0, 1, 1, 2, 2, 4]);
  });

  it('never have a feed twice, nor the predecessor on the ring', () => {
    const chosen = choose([...members(1, 3), ...members(4, 6, 'there', 5)]);
    expect(new Set(chosen).size).toBe(4);
    expect(chosen).not.toContain(999);
  });
});

describe('the far feeds', () => {
  it('are the first in rendezvous order of those who are left, wherever they are', () => {
    expect(choose([...members(1, 2, 'there'), ...members(5, 9)]).slice(2)).toEqual([1, 2]);
    expect(choose([...members(1, 4), ...members(5, 9, 'there')]).slice(2)).toEqual([3, 4]);
  });

  it('stay the same while near ones are found', () => {
    const unmeasured = members(1, 20, 'here');
    const before = choose(unmeasured);
    const after = choose([...unmeasured, member(21, 'here', 1), member(22, 'here', 2)], before.slice(0, 2));
    expect(after).toEqual([21, 22, 1, 2]);
  });
});

describe('near feeds that nobody has measured', () => {
  it('are those of the own zone, in rendezvous order', () => {
    expect(choose([...members(1, 5, 'there'), ...members(6, 9)]).slice(0, 2)).toEqual([6, 7]);
  });

  it('come before measured ones of other zones', () => {
    expect(choose([...members(1, 5, 'there', 3), ...members(6, 9)]).slice(0, 2)).toEqual([6, 7]);
  });

  it('are the first in rendezvous order when the own zone has nobody else', () => {
    expect(choose(members(1, 9, 'there')).slice(0, 2)).toEqual([1, 2]);
  });
});

describe('near feeds that were measured', () => {
  it('are those with the shortest round trips, of whatever zone', () => {
    const candidates = [member(1, 'a', 50), member(2, 'b', 8), member(3, 'c', 3), member(4, 'd')];
    expect(choose(candidates).slice(0, 2)).toEqual([3, 2]);
  });

  it('are none of the own zone that are far away', () => {
    const candidates = [member(1, 'here', 80), ...members(2, 5), ...members(6, 9, 'there')];
    expect(choose(candidates).slice(0, 2)).toEqual([2, 3]);
  });

  it('come before those presumed near once the own zone turns out to tell nothing', () => {
    const candidates = [...members(1, 3, 'here', 90), ...members(4, 9), ...members(10, 12, 'there', 60)];
    expect(choose(candidates).slice(0, 2)).toEqual([10, 11]);
  });
});

describe('a near feed', () => {
  const far = members(100, 110, 'there');

  it('stays for a presumption', () => {
    expect(choose([member(9, 'here', 1), member(8, 'here', 1.2), ...members(1, 5), ...far], [8, 9])).toEqual(
      expect.arrayContaining([8, 9]),
    );
  });

  it('stays when another one is nearer by less than the margin', () => {
    const held = [member(8, 'there', 20), member(9, 'there', 20)];
    expect(choose([...held, member(1, 'there', 18.1), ...far], [8, 9]).slice(0, 2)).toEqual([8, 9]);
  });

  it('gives way to one that is nearer by the margin, the farthest first', () => {
    const held = [member(8, 'there', 20), member(9, 'there', 30)];
    expect(choose([...held, member(1, 'there', 17), ...far], [8, 9]).slice(0, 2)).toEqual([1, 8]);
  });

  it('that turns out to be far away gives way to a measured one, though others are presumed nearer', () => {
    const held = [member(8, 'here', 80), member(9, 'here', 1)];
    expect(choose([...held, member(50, 'here', 1.1), ...members(1, 5), ...far], [8, 9]).slice(0, 2)).toEqual([9, 50]);
  });

  it('that nobody measured, nor presumes near, gives way to any measured one', () => {
    expect(choose([member(1), member(2), member(3, 'here', 200)], [1, 2]).slice(0, 2)).toContain(3);
  });

  it('that is gone leaves its slot to the next nearest', () => {
    expect(choose([member(9, 'a', 5), member(3, 'b', 7), member(1, 'b', 9), ...far], [9, 70]).slice(0, 2)).toEqual([
      9, 3,
    ]);
  });
});

describe('clearly nearer', () => {
  it('is only who is nearer by a tenth and by half a millisecond', () => {
    expect(isClearlyNearer(89, 100)).toBe(true);
    expect(isClearlyNearer(91, 100)).toBe(false);
    expect(isClearlyNearer(0.6, 1)).toBe(false);
    expect(isClearlyNearer(0.4, 1)).toBe(true);
  });

  it('is nobody who was not measured', () => {
    expect(isClearlyNearer(undefined, Infinity)).toBe(false);
    expect(isClearlyNearer(300, Infinity)).toBe(true);
  });
});

describe('a zone', () => {
  it('tells nothing when all are in it', () => {
    expect(doesZoneTell('here', members(1, 9))).toBe(false);
    expect(doesZoneTell('here', [])).toBe(false);
  });

  it('is believed until enough of both sides were measured', () => {
    const others = members(10, 19, 'there', 40);
    expect(doesZoneTell('here', [...members(1, 2, 'here', 80), ...members(3, 9), ...others])).toBe(true);
    expect(doesZoneTell('here', [...members(1, 3, 'here', 80), ...members(4, 9), ...others])).toBe(false);
  });

  it('tells who is near when its members are nearer than the others', () => {
    expect(doesZoneTell('here', [...members(1, 5, 'here', 1), ...members(10, 15, 'there', 40)])).toBe(true);
    expect(doesZoneTell('here', [...members(1, 5, 'here', 30), ...members(10, 15, 'there', 40)])).toBe(false);
  });
});
