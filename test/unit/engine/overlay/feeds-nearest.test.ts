import { describe, expect, it } from 'vitest';
import { REVIEW_MS, REVIEW_SAMPLES } from '../../../../lib/engine/overlay/feed-review.js';
import { SELECTION_DELAY_MS } from '../../../../lib/engine/overlay/feeds.js';
import { idOf } from '../engine-lab.js';
import { FeedsLab } from './feeds-lab.js';

let lab: FeedsLab;

/** The round trip of a session with it is measured. */
function measure(number: number, roundTripMs: number | undefined, now: number): void {
  const peer = lab.peers.get(idOf(number))!;
  if (roundTripMs === undefined) return;
  peer.roundTrip.sample(roundTripMs, now);
  lab.feeds.measured(peer, now);
}

const FAR = 80;

/** Everybody is a peer, agrees to all, and has this round trip. */
function startNearest(roundTripMs: (number: number) => number | undefined, count = 30): void {
  lab = new FeedsLab({ strategy: 'nearest' });
  lab.know(0, ...Array.from({ length: count }, (_, i) => i + 1));
  for (let number = 1; number <= count; number++) {
    lab.meet(number);
    measure(number, roundTripMs(number), 0);
  }
  lab.settle(1_000);
}

/** How many are dialled within ten seconds that were not to be feeds, where all members are at this address. */
function probedAt(address: string): number {
  lab = new FeedsLab({ strategy: 'nearest' });
  lab.know(0, ...Array.from({ length: 40 }, (_, i) => i + 1));
  for (const member of lab.table.live) member.endpoint = { address, port: member.endpoint.port };
  lab.advanceTo(SELECTION_DELAY_MS);
  const wanted = new Set(lab.dialled);
  lab.advanceTo(10_000);
  return lab.dialled.filter(id => !wanted.has(id)).length;
}

describe('with the strategy nearest', () => {
  it('the round trip of a member is remembered when its session has gone', () => {
    startNearest(() => 7);
    lab.peers.remove(lab.peers.get(idOf(3))!);
    expect(lab.table.get(idOf(3))).toMatchObject({ experience: { roundTripMs: 7, measuredAt: 0 } });
  });

  it('the nearest are feeds, and others as well', () => {
    startNearest(number => (number === 11 || number === 12 ? 5 : FAR));
    expect(lab.feedNumbers()).toHaveLength(5);
    expect(lab.feedNumbers()).toEqual(expect.arrayContaining([11, 12]));
  });

  it('a nearer one becomes a feed after it was measured', () => {
    startNearest(number => (number === 11 || number === 12 ? 5 : FAR));
    measure(20, 1, 2_000);
    lab.settle(2_000 + SELECTION_DELAY_MS);
    expect(lab.feedNumbers()).toContain(20);
  });

  it('a near feed stays when the nearer one that was to take its place refuses, though others are as near', () => {
    startNearest(number => (number >= 11 && number <= 14 ? 5 + number / 100 : FAR));
    const before = lab.feedNumbers();
    measure(20, 1, 2_000);
    lab.advanceTo(2_000 + SELECTION_DELAY_MS);
    for (const number of [11, 12, 13, 14]) measure(number, 5 - number / 100, 2_100);
    lab.feeds.refused(lab.peers.get(idOf(20))!, 2_200);
    lab.settle(2_200 + SELECTION_DELAY_MS);
    expect(lab.feedNumbers()).toEqual(before);
  });

  it('the far feed that is clearly the least useful is replaced at the next review, and delivers until then', () => {
    startNearest(number => (number === 11 || number === 12 ? 5 : FAR));
    const before = lab.feedNumbers();
    const worst = lab.peers.links.find(link => link.isFeed && !link.isLocked && link.roundTrip.minimumMs === FAR)!;
    for (const link of lab.peers.links) {
      for (let i = 0; i < REVIEW_SAMPLES; i++) link.timeliness.sample(link === worst ? 200 : 10);
    }
    lab.advanceTo(1.25 * REVIEW_MS + 1_000);
    expect(lab.feedNumbers()).toEqual(expect.arrayContaining(before));
    expect(lab.feedNumbers()).toHaveLength(6);
    lab.settle(1.25 * REVIEW_MS + 2_000);
    expect(lab.feedNumbers()).toHaveLength(5);
    expect(worst.isFeed).toBe(false);
    expect(lab.feedNumbers().filter(number => before.includes(number))).toHaveLength(4);
  });

  it('no feed is replaced in a cluster that may have no others', () => {
    startNearest(number => (number === 8 || number === 9 ? 5 : FAR), 10);
    const before = lab.feedNumbers();
    for (const link of lab.peers.links) {
      for (let i = 0; i < REVIEW_SAMPLES; i++) link.timeliness.sample(link.roundTrip.minimumMs === FAR ? 200 : 0);
    }
    lab.advanceTo(2 * REVIEW_MS);
    expect(lab.feedNumbers()).toEqual(before);
  });

  it('nobody is looked for who is nearer than members on the same host, however late those answer', () => {
    expect(probedAt('10.0.0.1')).toBeGreaterThan(0);
    expect(probedAt('127.0.0.1')).toBe(0);
  });

  it('a dial that failed was a probe if nobody was to be a feed', () => {
    lab = new FeedsLab({ strategy: 'nearest' });
    lab.know(0, ...Array.from({ length: 40 }, (_, i) => i + 1));
    lab.advanceTo(SELECTION_DELAY_MS);
    const wanted = new Set(lab.dialled);
    lab.advanceTo(900);
    const probed = lab.dialled.find(id => !wanted.has(id))!;
    expect(lab.feeds.probeFailed(probed, 15_000)).toBe(true);
    expect(lab.feeds.probeFailed([...wanted][0]!, 15_000)).toBe(false);
  });
});
