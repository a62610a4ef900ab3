import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { detectionMs } from '../../../../lib/engine/membership/failure-detector.js';
import { EXCUSE_MS, LATE_TIMER_MS, LocalHealth, RECOVERY_MS } from '../../../../lib/engine/membership/local-health.js';
import type { MemberState } from '../../../../lib/engine/membership/member.js';
import { Member } from '../../../../lib/engine/membership/member-table.js';
import { Suspicions, suspicionMs, UNCONFIRMED_FACTOR } from '../../../../lib/engine/membership/suspicions.js';
import { EngineLab, endpointOf, idOf } from '../engine-lab.js';

const LEAST = 3_000;
const MOST = UNCONFIRMED_FACTOR * LEAST;
/** One of two confirmations: the logarithm of 2 to the base 3 of the way from the most to the least. */
const ONE_OF_TWO = MOST - (MOST - LEAST) * (Math.log(2) / Math.log(3));

describe('the time of a suspicion, with two confirmations wanted,', () => {
  it.each([
    // Confirmations, others who could confirm, time.
    [0, 10, MOST],
    [1, 10, ONE_OF_TWO],
    [2, 10, LEAST],
    [9, 10, LEAST],
    [0, 2, MOST],
    [1, 2, ONE_OF_TWO],
    [2, 2, LEAST],
    // Where only one other could confirm, one is all.
    [0, 1, MOST],
    [1, 1, LEAST],
    // Where nobody could, there is nothing to wait for.
    [0, 0, LEAST],
    [0, -1, LEAST],
  ])('of %d of %d who could is %d ms', (confirmations, possible, ms) => {
    expect(suspicionMs(confirmations, possible, LEAST, MOST)).toBeCloseTo(ms, 6);
  });

  it('never grows with the confirmations, and never leaves its limits', () => {
    fc.assert(
      fc.property(fc.nat(5), fc.integer({ min: -1, max: 1_000 }), fc.nat(60_000), fc.nat(60_000), (n, others, a, b) => {
        const [least, most] = [Math.min(a, b), Math.max(a, b)];
        const ms = suspicionMs(n, others, least, most);
        expect(ms).toBeGreaterThanOrEqual(least);
        expect(ms).toBeLessThanOrEqual(most);
        expect(suspicionMs(n + 1, others, least, most)).toBeLessThanOrEqual(ms);
      }),
      { seed: 1 },
    );
  });
});

let lab: EngineLab;
let health: LocalHealth;
let suspicions: Suspicions;
let member: Member;
let liveCount: number;
/** When the member was heard last, as the host knows it. */
let heardAt: number;
/** Ids of members whose time was over, and when. */
let expired: [id: string, at: number][];

beforeEach(() => {
  lab = new EngineLab();
  health = new LocalHealth();
  liveCount = 10;
  heardAt = -Infinity;
  expired = [];
  suspicions = new Suspicions(lab.context, health, {
    get liveCount() {
      return liveCount;
    },
    isHeardSince: (_, since) => heardAt > since,
    expired: (each, now) => {
      expired.push([each.id, now]);
      become(each, 'down', now);
    },
  });
  member = new Member(idOf(1), { incarnation: 5, state: 'up', zone: 'here' }, endpointOf(1), 0);
});

/** The record of the member changes, and the suspicions hear of it. */
function become(each: Member, state: MemberState, now: number, accusers: readonly number[] = [], isNewLife = false) {
  each.state = state;
  each.accusers = accusers.map(idOf);
  suspicions.changed(each, isNewLife, now);
}

describe('a suspicion', () => {
  it('lasts as many detection times as the heartbeats make up', () => {
    expect(detectionMs(lab.context.options.heartbeat)).toBe(LEAST);
    become(member, 'suspect', 1_000, [7]);
    expect(suspicions.size).toBe(1);
    lab.advanceTo(60_000);
    expect(expired).toEqual([[member.id, 1_000 + MOST]]);
    expect(suspicions.size).toBe(0);
  });

  it('is over sooner when others confirm it, counted from its beginning', () => {
    become(member, 'suspect', 0, [7]);
    lab.advanceTo(1_000);
    become(member, 'suspect', 1_000, [7, 8]);
    lab.advanceTo(2_000);
    become(member, 'suspect', 2_000, [7, 8, 9]);
    lab.advanceTo(60_000);
    expect(expired).toEqual([[member.id, LEAST]]);
  });

  it('with one confirmation lasts as the formula says', () => {
    become(member, 'suspect', 0, [7, 8]);
    lab.advanceTo(60_000);
    expect(expired[0]![1]).toBeCloseTo(ONE_OF_TWO, 6);
  });

  it('is over at once when the last confirmation comes after its time', () => {
    become(member, 'suspect', 0, [7]);
    lab.advanceTo(5_000);
    become(member, 'suspect', 5_000, [7, 8, 9]);
    lab.advanceTo(5_000);
    expect(expired).toEqual([[member.id, 5_000]]);
  });

  it('waits for nobody where nobody could confirm: of two nodes one is dead', () => {
    liveCount = 2;
    become(member, 'suspect', 0, [7]);
    lab.advanceTo(60_000);
    expect(expired).toEqual([[member.id, LEAST]]);
  });

  it('does not count the subject, nor its accuser, among those who could confirm', () => {
    liveCount = 3;
    become(member, 'suspect', 0, [7, 8]);
    lab.advanceTo(60_000);
    expect(expired).toEqual([[member.id, LEAST]]);
  });

  it.each(['up', 'left', 'down'] as const)('ends without a verdict when the member is %s', state => {
    become(member, 'suspect', 0, [7]);
    become(member, state, 1_000, [], state === 'up');
    expect(suspicions.size).toBe(0);
    lab.advanceTo(60_000);
    expect(expired).toEqual([]);
    expect(lab.context.timers.size).toBe(0);
  });

  it('begins anew when the member refuted it and is accused again', () => {
    become(member, 'suspect', 0, [7]);
    become(member, 'up', 1_000, [], true);
    become(member, 'suspect', 2_000, [7], false);
    lab.advanceTo(60_000);
    expect(expired).toEqual([[member.id, 2_000 + MOST]]);
  });

  it('begins anew when it is of a later life, of which no other news came between', () => {
    become(member, 'suspect', 0, [7, 8, 9]);
    become(member, 'suspect', 2_000, [7], true);
    lab.advanceTo(60_000);
    expect(expired).toEqual([[member.id, 2_000 + MOST]]);
  });

  it('is kept apart for each member', () => {
    const other = new Member(idOf(2), { incarnation: 5, state: 'up', zone: 'here' }, endpointOf(2), 0);
    become(member, 'suspect', 0, [7]);
    become(other, 'suspect', 500, [7, 8, 9]);
    suspicions.check([member, other]);
    lab.advanceTo(60_000);
    expect(expired).toEqual([
      [other.id, 500 + LEAST],
      [member.id, MOST],
    ]);
  });
});

describe('a node with trouble of its own', () => {
  it('gives the member as much longer', () => {
    health.trouble(0);
    become(member, 'suspect', 0, [7, 8, 9]);
    lab.advanceTo(60_000);
    // The trouble was forgiven after 5 s; until then the end lay at twice the time.
    expect(expired).toEqual([[member.id, 2 * LEAST]]);
  });

  it('that came after the suspicion began has its say at the end', () => {
    become(member, 'suspect', 0, [7, 8, 9]);
    for (let i = 0; i < 3; i++) health.trouble(LEAST - 1);
    lab.advanceTo(LEAST);
    expect(expired).toEqual([]);
    lab.advanceTo(60_000);
    expect(expired.length).toBe(1);
    expect(expired[0]![1]).toBeGreaterThanOrEqual(3 * LEAST);
  });

  it('keeps to the plain time once all is forgiven', () => {
    health.trouble(0);
    become(member, 'suspect', RECOVERY_MS, [7, 8, 9]);
    lab.advanceTo(60_000);
    expect(expired).toEqual([[member.id, RECOVERY_MS + LEAST]]);
  });

  it('declares nobody down right after it did not run: what came meanwhile is still to be read', () => {
    become(member, 'suspect', 0, [7, 8, 9]);
    const now = LEAST + LATE_TIMER_MS;
    health.woke(now, LATE_TIMER_MS);
    lab.context.timers.fireDue(now);
    expect(expired).toEqual([]);
    become(member, 'up', now + EXCUSE_MS - 1, [], true);
    lab.advanceTo(60_000);
    expect(expired).toEqual([]);
  });
});

describe('a member that was heard since it is suspected', () => {
  it('is not declared down, but has the whole time again: it learns of the suspicion only now', () => {
    become(member, 'suspect', 0, [7, 8, 9]);
    heardAt = 1_000;
    lab.advanceTo(LEAST);
    expect([expired, suspicions.size]).toEqual([[], 1]);
    lab.advanceTo(60_000);
    expect(expired).toEqual([[member.id, 2 * LEAST]]);
  });

  it('is declared down neither as long as it goes on being heard', () => {
    become(member, 'suspect', 0, [7, 8, 9]);
    for (let now = 0; now <= 60_000; now += 1_000) {
      heardAt = now;
      lab.advanceTo(now);
    }
    expect(expired).toEqual([]);
  });
});

describe('the check', () => {
  it('finds a suspect without an end, and a suspicion without a suspect', () => {
    become(member, 'suspect', 0, [7]);
    suspicions.check([member]);
    expect(() => suspicions.check([])).toThrow('not suspected');
    const other = new Member(idOf(2), { incarnation: 5, state: 'suspect', zone: 'here' }, endpointOf(2), 0);
    expect(() => suspicions.check([member, other])).toThrow('for ever');
  });
});
