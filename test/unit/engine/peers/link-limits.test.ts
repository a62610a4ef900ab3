import { beforeEach, describe, expect, it } from 'vitest';
import {
  admit,
  feedLimit,
  LINKS_PER_FEED,
  RING_PLACES,
  subscriberLimit,
} from '../../../../lib/engine/peers/link-limits.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { SeededRandom } from '../../../../lib/testing/seeded-random.js';
import { EngineLab, idOf } from '../engine-lab.js';

const N = 5;
/** Ourselves: in the middle of the ring. */
const SELF = 0x80;

let lab: EngineLab;

beforeEach(() => {
  lab = new EngineLab();
});

/** Decides on the peer, and does what was decided. Returns whether it got in. */
function ask(number: number, isRingClaim = false): boolean {
  const peer = lab.peers.get(idOf(number)) ?? lab.meet(number);
  const { isAdmitted, instead } = admit(idOf(SELF), N, lab.peers.links, peer, isRingClaim);
  if (instead !== undefined) set(instead, false, false);
  set(peer, isAdmitted, isAdmitted && isRingClaim);
  return isAdmitted;
}

function set(peer: Peer, isSubscriber: boolean, isRingSubscriber: boolean): void {
  peer.isSubscriber = isSubscriber;
  peer.isRingSubscriber = isRingSubscriber;
  lab.peers.refreshLink(peer);
}

const isIn = (number: number) => lab.peers.get(idOf(number))!.isSubscriber;

describe('the limits of feeds and subscribers', () => {
  it('make four links for each feed wanted', () => {
    for (let n = 1; n <= 32; n++) {
      expect(feedLimit(n) + subscriberLimit(n)).toBe(LINKS_PER_FEED * n);
      expect(feedLimit(n)).toBeGreaterThan(n);
      expect(subscriberLimit(n)).toBeGreaterThanOrEqual(RING_PLACES);
    }
  });
});

describe('a peer that wants to subscribe', () => {
  it('gets a place while there are some that are not kept for the ring', () => {
    const taken = Array.from({ length: 30 }, (_, i) => ask(i + 1));
    expect(taken.filter(Boolean).length).toBe(subscriberLimit(N) - RING_PLACES);
  });

  it('gets one of the last places only if it calls us its ring predecessor', () => {
    for (let i = 1; i <= 30; i++) ask(i);
    expect([ask(SELF + 1, true), ask(SELF + 2, true)]).toEqual([true, true]);
  });

  it('keeps its place when it asks again', () => {
    for (let i = 1; i <= 30; i++) ask(i);
    expect(ask(1)).toBe(true);
  });

  it('may be a feed of ours, which makes no difference', () => {
    const feed = lab.meet(1);
    feed.isFeed = true;
    lab.peers.refreshLink(feed);
    for (let i = 2; i <= 30; i++) ask(i);
    expect(ask(1)).toBe(false);
  });
});

describe('in a full house, one that calls us its ring predecessor', () => {
  it('takes the place of the one that is farthest behind us on the ring', () => {
    for (let i = 1; i <= 30; i++) ask(i);
    ask(SELF + 0x40, true);
    ask(SELF + 0x20, true);
    expect(ask(SELF + 1, true)).toBe(true);
    expect([isIn(SELF + 0x40), isIn(SELF + 0x20), isIn(SELF + 1)]).toEqual([false, true, true]);
  });

  it('is refused when it is the farthest itself', () => {
    for (let i = 1; i <= 30; i++) ask(i);
    ask(SELF + 1, true);
    ask(SELF + 2, true);
    expect(ask(SELF + 3, true)).toBe(false);
    expect([isIn(SELF + 1), isIn(SELF + 2)]).toEqual([true, true]);
  });

  it('counts as farther when its id is smaller than ours: the ring goes around', () => {
    for (let i = 1; i <= 30; i++) ask(i);
    ask(SELF + 0x60, true);
    ask(0x40, true);
    expect(ask(0x50, true)).toBe(false);
    expect(ask(SELF + 0x70, true)).toBe(true);
    expect(isIn(0x40)).toBe(false);
  });

  it('has no place any more when it calls us that no longer', () => {
    for (let i = 1; i <= 30; i++) ask(i);
    ask(SELF + 1, true);
    expect(ask(SELF + 1, false)).toBe(false);
  });
});

describe('an insider', () => {
  it('cannot make it more, nor keep the true successor out, whatever it claims under whatever ids', () => {
    const random = new SeededRandom(3);
    for (let step = 0; step < 2_000; step++) {
      const number = 1 + Math.floor(random.unit() * 200);
      if (number !== SELF) ask(number, random.unit() < 0.7);
      const subscribers = lab.peers.links.filter(link => link.isSubscriber);
      expect(subscribers.length).toBeLessThanOrEqual(subscriberLimit(N));
      const plain = subscribers.filter(link => !link.isRingSubscriber).length;
      expect(plain).toBeLessThanOrEqual(subscriberLimit(N) - RING_PLACES);
    }
    expect(ask(SELF + 1, true)).toBe(true);
  });
});
