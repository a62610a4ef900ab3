import { beforeEach, describe, expect, it } from 'vitest';
import type { DialResult } from '../../../../lib/engine/crypto/handshakes.js';
import type { EngineOptions } from '../../../../lib/engine/engine-options.js';
import { MemberTable } from '../../../../lib/engine/membership/member-table.js';
import { AVOID_MS, FEED_RETRY_MS, Feeds, SELECTION_DELAY_MS } from '../../../../lib/engine/overlay/feeds.js';
import { REVIEW_MS, REVIEW_SAMPLES } from '../../../../lib/engine/overlay/feed-review.js';
import { UNUSED_PEER_MS } from '../../../../lib/engine/peers/heartbeats.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { EngineLab, endpointOf, idOf } from '../engine-lab.js';

let lab: EngineLab;
let table: MemberTable;
let feeds: Feeds;
let dialled: string[];
let told: Peer[];
/** Peers of which the engine heard that a role changed. */
let changed: Peer[];

function startFeeds(subscriptions: number, options: Partial<EngineOptions> = {}): void {
  lab = new EngineLab({ subscriptions, ...options });
  table = new MemberTable();
  dialled = [];
  told = [];
  changed = [];
  feeds = new Feeds(lab.context, lab.peers, table, {
    dial: (_to, _now, expected): DialResult => {
      dialled.push(expected);
      return 'started';
    },
    tell: peer => told.push(peer),
    linkChanged: (peer, now) => {
      changed.push(peer);
      lab.peers.refreshLink(peer, now);
    },
  });
}

beforeEach(() => startFeeds(2));

/** Members with these numbers are known, from now on. */
function know(now: number, ...numbers: number[]): void {
  for (const number of numbers) {
    table.merge({ id: idOf(number), incarnation: 1, state: 'up', endpoint: endpointOf(number), zone: 'here' }, now);
  }
  feeds.membersChanged(now);
}

/** The handshake succeeded, and the peer agrees to be our feed when it is asked. */
function connect(number: number, now: number): Peer {
  const peer = lab.meet(number, { now });
  feeds.peersChanged(now);
  lab.advanceTo(now);
  if (peer.isFeed) agree(peer, now);
  return peer;
}

function agree(peer: Peer, now: number): void {
  peer.isFeedActive = true;
  feeds.peersChanged(now);
  lab.advanceTo(now);
}

const feedNumbers = () =>
  lab.peers.links
    .filter(link => link.isFeed)
    .map(link => Number.parseInt(link.id.slice(0, 8), 16))
    .toSorted((a, b) => a - b);

/** Number of the feed that is not the ring's, which is 8. */
const chosenNumber = () => feedNumbers().find(number => number !== 8)!;

/** It is asked, and refuses. */
function refuse(number: number, now: number): void {
  const peer = lab.peers.get(idOf(number))!;
  expect(peer.isFeed).toBe(true);
  feeds.refused(peer, now);
}

/** The round trip of a session with it is measured. */
function measure(number: number, roundTripMs: number | undefined, now: number): void {
  const peer = lab.peers.get(idOf(number))!;
  if (roundTripMs === undefined) return;
  peer.roundTrip.sample(roundTripMs, now);
  feeds.measured(peer, now);
}

/** All that are asked until then agree. */
function settle(until: number): void {
  lab.advanceTo(until);
  for (const link of lab.peers.links) if (link.isFeed) link.isFeedActive = true;
  feeds.peersChanged(until);
  lab.advanceTo(until);
}

const FAR = 80;

/** Everybody is a peer, agrees to all, and has this round trip. */
function startNearest(roundTripMs: (number: number) => number | undefined, count = 30): void {
  startFeeds(5, { strategy: 'nearest' });
  know(0, ...Array.from({ length: count }, (_, i) => i + 1));
  for (let number = 1; number <= count; number++) {
    lab.meet(number);
    measure(number, roundTripMs(number), 0);
  }
  settle(1_000);
}

describe('the choice of feeds', () => {
  it('is made once for a burst of changes', () => {
    know(0, 1);
    know(SELECTION_DELAY_MS - 1, 2);
    lab.advanceTo(SELECTION_DELAY_MS - 1);
    expect(dialled).toEqual([]);
    lab.advanceTo(SELECTION_DELAY_MS);
    expect(dialled.toSorted()).toEqual([idOf(1), idOf(2)]);
  });

  it('is worked on every second until all of them deliver', () => {
    know(0, 1, 2);
    lab.advanceTo(SELECTION_DELAY_MS + 2 * FEED_RETRY_MS);
    expect(dialled.length).toBe(6);
    for (const number of [1, 2]) connect(number, 3_000);
    dialled.length = 0;
    lab.advanceTo(60_000);
    expect(dialled).toEqual([]);
    expect(lab.context.timers.size).toBe(0);
  });

  it('asks a chosen one that is a peer already, and only once', () => {
    const peer = lab.meet(1);
    know(0, 1);
    lab.advanceTo(10_000);
    expect(told).toEqual([peer]);
    expect(peer).toMatchObject({ isFeed: true, isFeedActive: false });
  });

  it('locks the predecessor on the ring, and tells when another one becomes it', () => {
    know(0, 5);
    lab.advanceTo(100);
    const first = connect(5, 100);
    expect(first.isLocked).toBe(true);
    know(200, 6);
    lab.advanceTo(300);
    const second = connect(6, 300);
    expect([first.isLocked, second.isLocked]).toEqual([false, true]);
    expect(told).toEqual([first, first, second]);
  });
});

describe('feeds that are not chosen any more', () => {
  beforeEach(() => {
    startFeeds(1);
    know(0, 5);
    lab.advanceTo(100);
    connect(5, 100);
    know(200, 6);
    lab.advanceTo(300);
  });

  it('deliver until all that are chosen do', () => {
    expect(feedNumbers()).toEqual([5]);
    const next = lab.meet(6, { now: 300 });
    feeds.peersChanged(300);
    lab.advanceTo(300);
    expect(feedNumbers()).toEqual([5, 6]);
    agree(next, 400);
    expect(feedNumbers()).toEqual([6]);
  });

  it('go when there is no room for a chosen one', () => {
    for (const number of [7, 8]) {
      know(number * 100, number);
      lab.advanceTo(number * 100 + SELECTION_DELAY_MS);
      lab.meet(number, { now: number * 100 + SELECTION_DELAY_MS });
      feeds.peersChanged(number * 100 + SELECTION_DELAY_MS);
      lab.advanceTo(number * 100 + SELECTION_DELAY_MS);
    }
    expect(feedNumbers().length).toBeLessThanOrEqual(2);
    expect(feedNumbers()).toContain(8);
  });

  it('are no feeds for the engine any more, which may not be ready then', () => {
    const peer = lab.peers.get(idOf(5))!;
    connect(6, 400);
    expect(changed).toEqual([peer]);
  });

  it('are told, and stay as subscribers if they are', () => {
    const peer = lab.peers.get(idOf(5))!;
    peer.isSubscriber = true;
    connect(6, 400);
    expect(peer).toMatchObject({ isFeed: false, isLocked: false, isLink: true });
    expect(told.at(-1)).toBe(peer);
  });
});

describe('a member that is avoided', () => {
  beforeEach(() => {
    startFeeds(1);
    know(0, 5, 6);
    lab.advanceTo(100);
    connect(6, 100);
  });

  it('is replaced by another for a while, and then chosen again', () => {
    feeds.avoid(idOf(6), 1_000);
    lab.advanceTo(1_000 + SELECTION_DELAY_MS);
    connect(5, 2_000);
    expect(feedNumbers()).toEqual([5]);
    lab.advanceTo(1_000 + AVOID_MS);
    lab.meet(6, { now: 1_000 + AVOID_MS });
    lab.advanceTo(1_000 + AVOID_MS + FEED_RETRY_MS);
    expect(feedNumbers()).toContain(6);
  });

  it('is chosen again at once when a handshake with it succeeds', () => {
    feeds.avoid(idOf(6), 1_000);
    lab.advanceTo(1_000 + SELECTION_DELAY_MS);
    feeds.reached(idOf(6), 2_000);
    lab.advanceTo(2_000 + SELECTION_DELAY_MS);
    expect(lab.peers.get(idOf(6))!.isFeed).toBe(true);
  });

  it('is none that nobody knows', () => {
    feeds.avoid(idOf(99), 1_000);
    feeds.reached(idOf(99), 1_000);
    lab.advanceTo(10_000);
    expect(feedNumbers()).toEqual([6]);
  });
});

describe('a feed that refuses', () => {
  beforeEach(() => {
    startFeeds(2);
    know(0, 5, 6, 7, 8);
    lab.advanceTo(100);
  });

  it('is replaced at once', () => {
    for (const number of [5, 6, 7, 8]) lab.meet(number, { now: 100 });
    feeds.peersChanged(100);
    lab.advanceTo(100);
    const first = chosenNumber();
    refuse(first, 200);
    lab.advanceTo(200 + SELECTION_DELAY_MS);
    expect(feedNumbers()).toHaveLength(2);
    expect(chosenNumber()).not.toBe(first);
  });

  it('is asked again after a while, which doubles each time', () => {
    for (const number of [5, 6, 7, 8]) lab.meet(number, { now: 100 });
    feeds.peersChanged(100);
    lab.advanceTo(100);
    const first = chosenNumber();
    let now = 200;
    for (const factor of [1, 2, 4]) {
      refuse(first, now);
      now += AVOID_MS * factor;
      lab.advanceTo(now - 1);
      expect(chosenNumber()).not.toBe(first);
      lab.advanceTo((now += SELECTION_DELAY_MS));
    }
    expect(table.get(idOf(first))!.refusals).toBe(3);
    agree(lab.peers.get(idOf(first))!, now);
    expect(table.get(idOf(first))!.refusals).toBe(0);
  });

  it('may be the ring predecessor all the same', () => {
    for (const number of [5, 6, 7, 8]) lab.meet(number, { now: 100 });
    feeds.peersChanged(100);
    lab.advanceTo(100);
    const first = chosenNumber();
    refuse(first, 200);
    for (const number of [5, 6, 7, 8]) if (number > first) feeds.avoid(idOf(number), 300);
    lab.advanceTo(1_000);
    expect(lab.peers.get(idOf(first))).toMatchObject({ isFeed: true, isLocked: true });
  });
});

describe('a peer that was idle for long', () => {
  it('is dialled as well as asked: it may have dropped the session', () => {
    startFeeds(1);
    const peer = lab.meet(5);
    know(UNUSED_PEER_MS / 2, 5);
    lab.advanceTo(UNUSED_PEER_MS);
    expect(peer.isFeed).toBe(true);
    expect(dialled).toEqual([idOf(5)]);
  });
});

describe('with the strategy nearest', () => {
  it('the round trip of a member is remembered when its session has gone', () => {
    startNearest(() => 7);
    lab.peers.remove(lab.peers.get(idOf(3))!, 2_000);
    expect(table.get(idOf(3))).toMatchObject({ roundTripMs: 7, measuredAt: 0 });
  });

  it('the nearest are feeds, and others as well', () => {
    startNearest(number => (number === 11 || number === 12 ? 5 : FAR));
    expect(feedNumbers()).toHaveLength(5);
    expect(feedNumbers()).toEqual(expect.arrayContaining([11, 12]));
  });

  it('a nearer one becomes a feed after it was measured', () => {
    startNearest(number => (number === 11 || number === 12 ? 5 : FAR));
    measure(20, 1, 2_000);
    settle(2_000 + SELECTION_DELAY_MS);
    expect(feedNumbers()).toContain(20);
  });

  it('a near feed stays when the nearer one that was to take its place refuses, though others are as near', () => {
    startNearest(number => (number >= 11 && number <= 14 ? 5 + number / 100 : FAR));
    const before = feedNumbers();
    measure(20, 1, 2_000);
    lab.advanceTo(2_000 + SELECTION_DELAY_MS);
    for (const number of [11, 12, 13, 14]) measure(number, 5 - number / 100, 2_100);
    feeds.refused(lab.peers.get(idOf(20))!, 2_200);
    settle(2_200 + SELECTION_DELAY_MS);
    expect(feedNumbers()).toEqual(before);
  });

  it('the far feed that is clearly the least useful is replaced at the next review, and delivers until then', () => {
    startNearest(number => (number === 11 || number === 12 ? 5 : FAR));
    const before = feedNumbers();
    const worst = lab.peers.links.find(link => link.isFeed && !link.isLocked && link.roundTrip.minimumMs === FAR)!;
    for (const link of lab.peers.links) {
      for (let i = 0; i < REVIEW_SAMPLES; i++) link.timeliness.sample(link === worst ? 200 : 10);
    }
    lab.advanceTo(1.25 * REVIEW_MS + 1_000);
    expect(feedNumbers()).toEqual(expect.arrayContaining(before));
    expect(feedNumbers()).toHaveLength(6);
    settle(1.25 * REVIEW_MS + 2_000);
    expect(feedNumbers()).toHaveLength(5);
    expect(worst.isFeed).toBe(false);
    expect(feedNumbers().filter(number => before.includes(number))).toHaveLength(4);
  });

  it('no feed is replaced in a cluster that may have no others', () => {
    startNearest(number => (number === 8 || number === 9 ? 5 : FAR), 10);
    const before = feedNumbers();
    for (const link of lab.peers.links) {
      for (let i = 0; i < REVIEW_SAMPLES; i++) link.timeliness.sample(link.roundTrip.minimumMs === FAR ? 200 : 0);
    }
    lab.advanceTo(2 * REVIEW_MS);
    expect(feedNumbers()).toEqual(before);
  });

  it('a dial that failed was a probe if nobody was to be a feed', () => {
    startFeeds(5, { strategy: 'nearest' });
    know(0, ...Array.from({ length: 40 }, (_, i) => i + 1));
    lab.advanceTo(SELECTION_DELAY_MS);
    const wanted = new Set(dialled);
    lab.advanceTo(900);
    const probed = dialled.find(id => !wanted.has(id))!;
    expect(feeds.probeFailed(probed, 15_000)).toBe(true);
    expect(feeds.probeFailed([...wanted][0]!, 15_000)).toBe(false);
  });
});
