import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  ACCUSATION_MS,
  ACCUSED_AT_LEAST,
  ACCUSED_SHARE,
  CHANCE_OF_SILENCE,
  detectionMs,
  FailureDetector,
  HELPERS,
  judge,
  MAX_CASES,
  pickHelpers,
  ROUNDS,
  triesForVerdict,
  VERDICT_SHARE,
  type Verdict,
} from '../../../../lib/engine/membership/failure-detector.js';
import { HELP_SHARE } from '../../../../lib/engine/membership/indirect-probes.js';
import { EXCUSE_MS, LATE_TIMER_MS, LocalHealth } from '../../../../lib/engine/membership/local-health.js';
import { MOST_PINGS } from '../../../../lib/engine/peers/heartbeats.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { SeededRandom } from '../../../../lib/testing/seeded-random.js';
import { EngineLab, idOf } from '../engine-lab.js';

/** At an interval of a second and three missed. */
const VERDICT_MS = 1_200;

describe('the verdict on a silent member', () => {
  it.each([
    // Asked, reached, failed, whether there are others, whether somebody accuses it already, verdict.
    [3, 0, 3, true, false, 'accused'],
    [3, 0, 2, true, false, 'accused'],
    [3, 0, 1, true, false, 'ourselves'],
    [3, 0, 0, true, false, 'ourselves'],
    [3, 1, 2, true, false, 'unreachable'],
    [3, 3, 0, true, false, 'unreachable'],
    [6, 1, 5, true, false, 'unreachable'],
    [6, 0, 2, true, false, 'accused'],
    [6, 0, 1, true, false, 'ourselves'],
    [2, 0, 2, true, false, 'accused'],
    [2, 0, 1, true, false, 'accused'],
    [2, 0, 0, true, false, 'ourselves'],
    [3, 0, 1, true, false, 'ourselves'],
    [1, 0, 1, true, false, 'accused'],
    [1, 0, 0, true, false, 'ourselves'],
    [0, 0, 0, true, false, 'ourselves'],
    [0, 0, 0, false, false, 'accused'],
    // Who accuses it has asked helpers as well.
    [3, 0, 0, true, true, 'accused'],
    [0, 0, 0, true, true, 'accused'],
    [3, 1, 2, true, true, 'unreachable'],
  ] as const)(
    'of %d asked, %d reached it and %d failed, others there are: %s, accused already: %s, is: %s',
    (...row) => {
      const [asked, reached, failed, hasOthers, isAccused, verdict] = row;
      expect(judge({ asked, reached, failed, hasOthers, isAccused })).toBe(verdict);
    },
  );

  it('is never an accusation when a single one reached it', () => {
    const testimonies = fc.record({
      asked: fc.nat(6),
      reached: fc.integer({ min: 1, max: 6 }),
      failed: fc.nat(6),
      hasOthers: fc.boolean(),
      isAccused: fc.boolean(),
    });
    fc.assert(
      fc.property(testimonies, testimony => {
        expect(judge(testimony)).toBe('unreachable');
      }),
      { seed: 1 },
    );
  });
});

describe('the tries until silence is a verdict', () => {
  it.each([
    [1, 4],
    [0.95, 4],
    [0.8, 6],
    [0.6, 11],
    [0.5, 14],
    [0.4, 19],
    [0, 19],
  ])('are, where a share of %d of the heartbeats is answered, %d', (answerRate, tries) => {
    expect(triesForVerdict(answerRate)).toBe(tries);
  });

  it('are as many as make chance as rare as it has to be, and no more', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.4, max: 0.95, noNaN: true }), rate => {
        const tries = triesForVerdict(rate);
        expect((1 - rate) ** tries).toBeLessThanOrEqual(CHANCE_OF_SILENCE * (1 + 1e-9));
        expect((1 - rate) ** (tries - 1)).toBeGreaterThan(CHANCE_OF_SILENCE * (1 - 1e-9));
      }),
      { seed: 2 },
    );
  });

  it('are never more than are made', () => {
    expect(triesForVerdict(0)).toBeLessThan(MOST_PINGS);
  });
});

it('helpers try for less time than their word is waited for', () => {
  expect(HELP_SHARE).toBeLessThan(VERDICT_SHARE);
});

let lab: EngineLab;
let health: LocalHealth;
let detector: FailureDetector;
/** How many live members there are beside the one in doubt. */
let others: number;
/** Who was asked about whom, as numbers. */
let asked: [helper: number, about: number][];
let dialled: number[];
let judged: { number: number; verdict: Verdict; at: number }[];
/** When members answered a Hello; those whose accusation others share; those whom somebody accuses. */
let answered: Map<number, number>;
let shared: Set<number>;
let accused: Set<number>;

const numberOf = (id: string) => Number.parseInt(id.slice(0, 8), 16);

beforeEach(() => {
  lab = new EngineLab();
  health = new LocalHealth();
  others = 100;
  asked = [];
  dialled = [];
  judged = [];
  answered = new Map();
  shared = new Set();
  accused = new Set();
  detector = new FailureDetector(lab.context, lab.peers, health, {
    othersThan: () => others,
    askHelper: (helper, id) => asked.push([numberOf(helper.id), numberOf(id)]),
    dial: id => dialled.push(numberOf(id)),
    isAccused: id => accused.has(numberOf(id)),
    isAnswering: (id, since) => (answered.get(numberOf(id)) ?? -Infinity) > since,
    judged: (id, verdict, at) => judged.push({ number: numberOf(id), verdict, at }),
    isAlone: id => !shared.has(numberOf(id)),
  });
});

/** A link of ours that was asked as often as any link has to be, and was silent. */
function silentLink(number: number): Peer {
  const peer = lab.meet(number, { isSubscriber: true });
  peer.pings = MOST_PINGS;
  return peer;
}

/** Links that live. */
function links(...numbers: number[]): Peer[] {
  return numbers.map(number => {
    const peer = lab.meet(number, { isSubscriber: true });
    peer.lastHeardAt = 1e6;
    return peer;
  });
}

const helpersAsked = () => asked.map(([helper]) => helper);

/** All who were asked about the member say the same. */
function testify(number: number, isReached: boolean, helpers = helpersAsked()): void {
  for (const helper of helpers) detector.testified(lab.peers.get(idOf(helper))!, idOf(number), isReached);
}

describe('doubt about a member', () => {
  it('makes us say Hello to it, and ask three of our other links', () => {
    silentLink(1);
    links(2, 3, 4, 5, 6);
    detector.doubt(idOf(1), 0, 0);
    expect(dialled).toEqual([1]);
    expect(asked.length).toBe(HELPERS);
    expect(new Set(helpersAsked()).size).toBe(HELPERS);
    expect(asked.every(([helper, about]) => helper !== 1 && about === 1)).toBe(true);
    expect(detector.size).toBe(1);
  });

  it('asks as many as there are', () => {
    silentLink(1);
    links(2);
    detector.doubt(idOf(1), 0, 0);
    expect(asked).toEqual([[2, 1]]);
  });

  it('that is told again and again is looked into once', () => {
    silentLink(1);
    links(2, 3, 4);
    for (let now = 0; now < 1_000; now += 150) detector.doubt(idOf(1), 0, now);
    expect(asked.length).toBe(HELPERS);
    expect(detector.size).toBe(1);
  });

  it('about very many at once is looked into for a limited number of them; the others come later', () => {
    links(2, 3, 4);
    for (let number = 0x100; number < 0x100 + MAX_CASES + 50; number++) detector.doubt(idOf(number), 0, 0);
    expect(detector.size).toBe(MAX_CASES);
    detector.check();
    detector.lives(idOf(0x100));
    detector.doubt(idOf(0x100 + MAX_CASES), 0, 10);
    expect(dialled.at(-1)).toBe(0x100 + MAX_CASES);
    expect(detector.size).toBe(MAX_CASES);
  });
});

describe('a member that has refuted what was said of it', () => {
  it('is asked anew, and so are the helpers: what they said is of before', () => {
    silentLink(1);
    links(2, 3, 4);
    detector.doubt(idOf(1), 0, 0);
    testify(1, false);
    lab.advanceTo(VERDICT_MS - 1);
    detector.lives(idOf(1));
    asked = [];
    // Its silence towards us goes on.
    detector.doubt(idOf(1), 0, VERDICT_MS);
    expect(asked.length).toBe(HELPERS);
    lab.advanceTo(2 * VERDICT_MS - 1);
    expect(judged).toEqual([]);
    testify(1, false);
    lab.advanceTo(2 * VERDICT_MS);
    expect(judged).toEqual([{ number: 1, verdict: 'accused', at: 2 * VERDICT_MS }]);
  });
});

describe('helpers', () => {
  it('are chosen by chance', () => {
    const random = new SeededRandom(3).fill;
    const peers = links(...Array.from({ length: 10 }, (_, i) => i + 1));
    const chosen = new Map<number, number>();
    for (let i = 0; i < 1_000; i++) {
      for (const { id } of pickHelpers([...peers], 0, random)) {
        chosen.set(numberOf(id), (chosen.get(numberOf(id)) ?? 0) + 1);
      }
    }
    expect(chosen.size).toBe(10);
    for (const times of chosen.values()) {
      expect(times).toBeGreaterThan(240);
      expect(times).toBeLessThan(360);
    }
  });

  it('are those first that were heard since the member was silent: the others may have died with it', () => {
    const random = new SeededRandom(4).fill;
    const peers = links(1, 2, 3, 4, 5, 6);
    for (const peer of peers) peer.lastHeardAt = 100;
    peers[4]!.lastHeardAt = 600;
    peers[5]!.lastHeardAt = 501;
    for (let i = 0; i < 50; i++) {
      const helpers = pickHelpers([...peers], 500, random);
      expect(new Set(helpers.slice(0, 2))).toEqual(new Set([peers[4], peers[5]]));
      expect(helpers.length).toBe(HELPERS);
    }
  });

  it('who say something that nobody asked them change nothing', () => {
    silentLink(1);
    const [, , , , stranger] = links(2, 3, 4, 5, 6);
    detector.doubt(idOf(1), 0, 0);
    const unasked = [2, 3, 4, 5, 6].find(number => !helpersAsked().includes(number))!;
    detector.testified(lab.peers.get(idOf(unasked))!, idOf(1), true);
    detector.testified(stranger!, idOf(99), true);
    testify(1, false);
    lab.advanceTo(VERDICT_MS);
    expect(judged).toMatchObject([{ verdict: 'accused' }]);
  });

  it('have one word each', () => {
    silentLink(1);
    links(2, 3, 4);
    detector.doubt(idOf(1), 0, 0);
    const [helper] = helpersAsked();
    for (let i = 0; i < 3; i++) testify(1, false, [helper!]);
    lab.advanceTo(VERDICT_MS);
    expect(judged).toEqual([]);
  });
});

describe('a case', () => {
  beforeEach(() => {
    silentLink(1);
    links(2, 3, 4, 5, 6, 7);
    detector.doubt(idOf(1), 0, 0);
  });

  it('is decided when helpers had their time, and not before', () => {
    expect(VERDICT_SHARE * detectionMs(lab.context.options.heartbeat)).toBeCloseTo(VERDICT_MS, 6);
    testify(1, false);
    lab.advanceTo(VERDICT_MS - 1);
    expect(judged).toEqual([]);
    lab.advanceTo(VERDICT_MS);
    expect(judged).toEqual([{ number: 1, verdict: 'accused', at: VERDICT_MS }]);
    expect([detector.size, lab.context.timers.size]).toEqual([0, 0]);
  });

  it('is one of an unreachable member when a single helper reached it', () => {
    const [first, second, third] = helpersAsked();
    testify(1, false, [first!, second!]);
    testify(1, true, [third!]);
    lab.advanceTo(VERDICT_MS);
    expect(judged).toMatchObject([{ verdict: 'unreachable' }]);
  });

  it('goes into a second round with other helpers when hardly anybody answers, and we take longer for it', () => {
    lab.advanceTo(VERDICT_MS);
    expect(judged).toEqual([]);
    expect(health.score(VERDICT_MS)).toBe(1);
    expect(asked.length).toBe(ROUNDS * HELPERS);
    expect(new Set(helpersAsked()).size).toBe(ROUNDS * HELPERS);
    testify(1, false, helpersAsked().slice(HELPERS));
    lab.advanceTo(VERDICT_MS + 2 * VERDICT_MS - 1);
    expect(judged).toEqual([]);
    lab.advanceTo(3 * VERDICT_MS);
    expect(judged).toMatchObject([{ verdict: 'accused' }]);
  });

  it('counts the word of the first round also in the second', () => {
    testify(1, false, helpersAsked().slice(0, 1));
    lab.advanceTo(VERDICT_MS);
    testify(1, false, helpersAsked().slice(HELPERS, HELPERS + 1));
    lab.advanceTo(60_000);
    expect(judged).toMatchObject([{ verdict: 'accused' }]);
  });

  it('needs no witness of ours when somebody accuses the member meanwhile', () => {
    accused.add(1);
    lab.advanceTo(VERDICT_MS);
    expect(judged).toMatchObject([{ verdict: 'accused' }]);
    expect(health.score(VERDICT_MS)).toBe(0);
  });

  it('is our own fault when nobody says anything in any round', () => {
    lab.advanceTo(60_000);
    expect(judged).toMatchObject([{ verdict: 'ourselves' }]);
    expect(asked.length).toBe(ROUNDS * HELPERS);
    expect(detector.size).toBe(0);
  });

  it('is closed when a session is made with the member', () => {
    testify(1, false);
    detector.lives(idOf(1));
    expect([detector.size, lab.context.timers.size]).toEqual([0, 0]);
    lab.advanceTo(60_000);
    expect(judged).toEqual([]);
  });

  it('is closed when anything was heard from the member meanwhile', () => {
    testify(1, false);
    lab.peers.get(idOf(1))!.lastHeardAt = 500;
    lab.advanceTo(60_000);
    expect([judged, detector.size]).toEqual([[], 0]);
  });

  it('is closed when the member is no link any more: then it owes us nothing', () => {
    testify(1, false);
    const peer = lab.peers.get(idOf(1))!;
    peer.isSubscriber = false;
    lab.peers.refreshLink(peer);
    lab.advanceTo(60_000);
    expect([judged, detector.size]).toEqual([[], 0]);
  });

  it('is not decided before silence says something on a link that loses much', () => {
    const peer = lab.peers.get(idOf(1))!;
    peer.answerRate = 0.4;
    peer.pings = triesForVerdict(0.4) - 1;
    testify(1, false);
    lab.advanceTo(5_000);
    expect([judged, detector.size]).toEqual([[], 1]);
    peer.pings++;
    lab.advanceTo(5_200);
    expect(judged).toMatchObject([{ verdict: 'accused' }]);
  });

  it('waits when we did not run ourselves: the answers may still be unread', () => {
    testify(1, false);
    const now = VERDICT_MS + LATE_TIMER_MS;
    health.woke(now, LATE_TIMER_MS);
    lab.context.timers.fireDue(now);
    lab.advanceTo(now + EXCUSE_MS - 1);
    expect(judged).toEqual([]);
    lab.peers.get(idOf(1))!.lastHeardAt = now + 5;
    lab.advanceTo(60_000);
    expect(judged).toEqual([]);
  });
});

describe('where there are few to ask', () => {
  beforeEach(() => {
    silentLink(1);
    links(2);
    detector.doubt(idOf(1), 0, 0);
    lab.advanceTo(VERDICT_MS);
  });

  it('who said nothing is asked again in the second round: the question was lost, or the answer', () => {
    expect(asked).toEqual([
      [2, 1],
      [2, 1],
    ]);
    testify(1, false, [2]);
    lab.advanceTo(60_000);
    expect(judged).toMatchObject([{ verdict: 'accused' }]);
  });

  it('who said nothing counts once, however often it was asked', () => {
    testify(1, false, [2, 2]);
    lab.advanceTo(60_000);
    expect(judged).toMatchObject([{ verdict: 'accused' }]);
    expect(asked.length).toBe(ROUNDS);
  });
});

describe('a member that is no peer', () => {
  it('is accused by what helpers say, when it answers no Hello', () => {
    links(2, 3, 4);
    detector.doubt(idOf(1), 0, 0);
    testify(1, false);
    lab.advanceTo(VERDICT_MS);
    expect(judged).toMatchObject([{ verdict: 'accused' }]);
  });

  it('is not accused when it answered the Hello, though there is no session yet', () => {
    links(2, 3, 4);
    detector.doubt(idOf(1), 0, 0);
    testify(1, false);
    answered.set(1, 500);
    lab.advanceTo(60_000);
    expect([judged, detector.size]).toEqual([[], 0]);
  });

  it('is accused though it answered a Hello once, before it was silent', () => {
    links(2, 3, 4);
    answered.set(1, 900);
    detector.doubt(idOf(1), 1_000, 1_000);
    testify(1, false);
    lab.advanceTo(1_000 + VERDICT_MS);
    expect(judged).toMatchObject([{ verdict: 'accused' }]);
  });

  it('that is the only other one is accused without witnesses', () => {
    others = 0;
    detector.doubt(idOf(1), 0, 0);
    lab.advanceTo(VERDICT_MS);
    expect(judged).toMatchObject([{ verdict: 'accused' }]);
  });
});

const range = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

/** Everybody asked agrees that these are gone. */
function accuseAll(numbers: readonly number[], now: number): Verdict[] {
  judged = [];
  for (const number of numbers) {
    asked = [];
    detector.doubt(idOf(number), now, now);
    testify(number, false);
  }
  lab.advanceTo(now + 4 * VERDICT_MS);
  return judged.map(({ verdict }) => verdict);
}

const times = (verdict: Verdict, count: number) => range(0, count).map(() => verdict);

describe('accusations', () => {
  beforeEach(() => links(2, 3, 4, 5));

  it('that nobody shares are limited to a share of the members: beyond it we are likely to be at fault', () => {
    const most = ACCUSED_SHARE * others;
    expect(accuseAll(range(0x100, most + 5), 0)).toEqual([...times('accused', most), ...times('ourselves', 5)]);
    expect(health.score(VERDICT_MS)).toBeGreaterThan(0);
  });

  it('are allowed for a few in a small cluster', () => {
    others = 4;
    expect(accuseAll(range(0x100, ACCUSED_AT_LEAST + 1), 0)).toEqual([
      ...times('accused', ACCUSED_AT_LEAST),
      'ourselves',
    ]);
  });

  it('that others share, or that led to a death, do not count', () => {
    others = 10;
    const first = range(0x100, ACCUSED_AT_LEAST);
    accuseAll(first, 0);
    for (const number of first) shared.add(number);
    expect(accuseAll(range(0x200, ACCUSED_AT_LEAST), 6_000)).toEqual(times('accused', ACCUSED_AT_LEAST));
  });

  it('are forgotten after a while', () => {
    others = 10;
    accuseAll(range(0x100, ACCUSED_AT_LEAST), 0);
    expect(accuseAll([0x200], 20_000)).toEqual(['ourselves']);
    expect(accuseAll([0x300], VERDICT_MS + ACCUSATION_MS)).toEqual(['accused']);
  });
});

describe('the check', () => {
  it('is content with cases in every state', () => {
    silentLink(1);
    links(2, 3, 4);
    detector.doubt(idOf(1), 0, 0);
    for (const at of [0, VERDICT_MS, 60_000]) {
      lab.advanceTo(at);
      expect(() => detector.check()).not.toThrow();
    }
  });
});
