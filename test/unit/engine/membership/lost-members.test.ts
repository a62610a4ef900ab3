import { beforeEach, describe, expect, it } from 'vitest';
import {
  CONSIDER_MS,
  LONG_LOST_FACTOR,
  LONG_LOST_MS,
  LostMembers,
  REDIAL_MS,
} from '../../../../lib/engine/membership/lost-members.js';
import { MemberTable, TOMBSTONE_MS } from '../../../../lib/engine/membership/member-table.js';
import { SeededRandom } from '../../../../lib/testing/seeded-random.js';
import { EngineLab, endpointOf, idOf } from '../engine-lab.js';

const MINUTE = 60_000;

/** One node with a table of its own, and what it dials. */
class Node {
  readonly lab: EngineLab;
  readonly table = new MemberTable();
  readonly members: LostMembers;
  readonly dialled: { id: string; at: number }[] = [];

  constructor(seed: number) {
    this.lab = new EngineLab({ random: new SeededRandom(seed).fill });
    this.members = new LostMembers(this.lab.context, this.table, ({ id }, at) => this.dialled.push({ id, at }));
  }

  know(first: number, count: number): void {
    for (let number = first; number < first + count; number++) this.learn(number, 'up', 0);
  }

  lose(number: number, now: number): void {
    this.learn(number, 'down', now);
    this.members.lost(now);
  }

  learn(number: number, state: 'up' | 'down' | 'left', now: number, incarnation = 1): void {
    this.table.merge({ id: idOf(number), incarnation, state, endpoint: endpointOf(number), zone: 'here' }, now);
  }
}

let node: Node;

beforeEach(() => {
  node = new Node(1);
});

describe('the whole cluster', () => {
  it.each([
    [2, 1],
    [5, 1],
    [10, 3],
    [100, 1],
    [100, 10],
    [300, 30],
  ])('of %d nodes that lost %d members dials each of these about once in 5 s', (alive, lost) => {
    const minutes = 20;
    let dials = 0;
    for (let number = 0; number < alive; number++) {
      const each = new Node(1 + number);
      each.know(1, alive - 1);
      for (let i = 0; i < lost; i++) each.lose(0x1000 + i, 0);
      each.lab.advanceTo(minutes * MINUTE);
      dials += each.dialled.length;
    }
    const perMember = (minutes * MINUTE) / (dials / lost);
    expect(perMember).toBeGreaterThan(0.8 * REDIAL_MS);
    expect(perMember).toBeLessThan(1.25 * REDIAL_MS);
  });
});

describe('one node', () => {
  it('knocks at all that it lost, by chance', () => {
    node.know(1, 10);
    for (let i = 0; i < 5; i++) node.lose(0x100 + i, 0);
    node.lab.advanceTo(30 * MINUTE);
    const times = Array.from({ length: 5 }, (_, i) => node.dialled.filter(({ id }) => id === idOf(0x100 + i)).length);
    const expected = node.dialled.length / 5;
    for (const each of times) expect(Math.abs(each - expected)).toBeLessThan(expected / 2);
  });

  it('says at most one Hello each time, however many it lost, and never in step', () => {
    for (let i = 0; i < 500; i++) node.lose(0x100 + i, 0);
    node.lab.advanceTo(10 * MINUTE);
    const gaps = node.dialled.slice(1).map(({ at }, i) => at - node.dialled[i]!.at);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0.75 * CONSIDER_MS);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(1.25 * CONSIDER_MS);
    expect(new Set(gaps.map(Math.round)).size).toBeGreaterThan(100);
  });

  it('does nothing, and sets no timer, when nobody is lost', () => {
    node.know(1, 10);
    node.lab.advanceTo(10 * MINUTE);
    expect([node.dialled, node.lab.context.timers.size]).toEqual([[], 0]);
  });

  it('does not look for those who left', () => {
    node.know(1, 10);
    node.learn(1, 'left', 0);
    node.members.lost(0);
    node.lab.advanceTo(10 * MINUTE);
    expect([node.dialled, node.lab.context.timers.size]).toEqual([[], 0]);
  });

  it('stops when the lost one is back', () => {
    node.lose(1, 0);
    node.lab.advanceTo(MINUTE);
    const before = node.dialled.length;
    expect(before).toBeGreaterThan(0);
    node.learn(1, 'up', MINUTE, 2);
    node.lab.advanceTo(10 * MINUTE);
    expect(node.dialled.length).toBe(before);
    expect(node.lab.context.timers.size).toBe(0);
  });

  it('begins again with the next one', () => {
    node.lose(1, 0);
    node.learn(1, 'up', MINUTE, 2);
    node.lab.advanceTo(10 * MINUTE);
    node.dialled.length = 0;
    node.lose(2, 10 * MINUTE);
    node.lab.advanceTo(20 * MINUTE);
    expect(new Set(node.dialled.map(({ id }) => id))).toEqual(new Set([idOf(2)]));
  });

  it('looks for those who were lost all at once and forgotten, until it knows them again', () => {
    node.know(1, 3);
    const members = [...node.table.live];
    for (const member of members) {
      node.table.forget(member);
      member.changedAt = 0;
    }
    node.members.allLost(members, 0);
    node.lab.advanceTo(MINUTE);
    expect(new Set(node.dialled.map(({ id }) => id))).toEqual(new Set([1, 2, 3].map(idOf)));
    node.learn(1, 'up', MINUTE);
    node.learn(2, 'left', MINUTE);
    node.dialled.length = 0;
    node.lab.advanceTo(5 * MINUTE);
    expect(new Set(node.dialled.map(({ id }) => id))).toEqual(new Set([idOf(3)]));
    node.learn(3, 'up', 5 * MINUTE);
    node.dialled.length = 0;
    node.lab.advanceTo(10 * MINUTE);
    expect([node.dialled, node.lab.context.timers.size]).toEqual([[], 0]);
  });

  it('looks for the forgotten no longer than for others who were lost', () => {
    node.know(1, 1);
    const members = [...node.table.live];
    node.table.forget(members[0]!);
    node.members.allLost(members, 0);
    node.lab.advanceTo(2 * TOMBSTONE_MS);
    expect(node.dialled.at(-1)!.at).toBeGreaterThan(0.9 * TOMBSTONE_MS);
    expect(node.dialled.at(-1)!.at).toBeLessThan(TOMBSTONE_MS);
    expect(node.lab.context.timers.size).toBe(0);
  });

  it('goes on for as long as there is a tombstone, but knocks less often after an hour', () => {
    node.lose(1, 0);
    node.lab.advanceTo(3 * LONG_LOST_MS);
    const early = node.dialled.filter(({ at }) => at <= LONG_LOST_MS).length;
    const late = node.dialled.filter(({ at }) => at > 2 * LONG_LOST_MS).length;
    expect(early / late).toBeGreaterThan(0.7 * LONG_LOST_FACTOR);
    expect(early / late).toBeLessThan(1.4 * LONG_LOST_FACTOR);
  });
});
