import { beforeEach, describe, expect, it } from 'vitest';
import type { MemberTable } from '../../../../lib/engine/membership/member-table.js';
import {
  AVOID_MS,
  DIAL_PATIENCE_FACTOR,
  FEED_RETRY_MS,
  type Feeds,
  SELECTION_DELAY_MS,
} from '../../../../lib/engine/overlay/feeds.js';
import { UNUSED_PEER_MS } from '../../../../lib/engine/peers/heartbeats.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { idOf } from '../engine-lab.js';
import { FeedsLab } from './feeds-lab.js';

let lab: FeedsLab;
let table: MemberTable;
let feeds: Feeds;
let dialled: string[];
let told: Peer[];
let changed: Peer[];

function startFeeds(subscriptions: number): void {
  lab = new FeedsLab({ subscriptions, strategy: 'uniform' });
  ({ table, feeds, dialled, told, changed } = lab);
}

beforeEach(() => startFeeds(2));

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

/** Number of the feed that is not the ring's, which is 8. */
const chosenNumber = () => lab.feedNumbers().find(number => number !== 8)!;

/** It is asked, and refuses. */
function refuse(number: number, now: number): void {
  const peer = lab.peers.get(idOf(number))!;
  expect(peer.isFeed).toBe(true);
  feeds.refused(peer, now);
}

describe('the choice of feeds', () => {
  it('is made once for a burst of changes', () => {
    lab.know(0, 1);
    lab.know(SELECTION_DELAY_MS - 1, 2);
    lab.advanceTo(SELECTION_DELAY_MS - 1);
    expect(dialled).toEqual([]);
    lab.advanceTo(SELECTION_DELAY_MS);
    expect(dialled.toSorted()).toEqual([idOf(1), idOf(2)]);
  });

  it('is worked on every second until all of them deliver', () => {
    lab.know(0, 1, 2);
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
    lab.know(0, 1);
    lab.advanceTo(10_000);
    expect(told).toEqual([peer]);
    expect(peer).toMatchObject({ isFeed: true, isFeedActive: false });
  });

  it('locks the predecessor on the ring, and tells when another one becomes it', () => {
    lab.know(0, 5);
    lab.advanceTo(100);
    const first = connect(5, 100);
    expect(first.isLocked).toBe(true);
    lab.know(200, 6);
    lab.advanceTo(300);
    const second = connect(6, 300);
    expect([first.isLocked, second.isLocked]).toEqual([false, true]);
    expect(told).toEqual([first, first, second]);
  });
});

describe('a chosen member that answers no Hello', () => {
  /** At an interval of a second and three missed. */
  const PATIENCE_MS = DIAL_PATIENCE_FACTOR * 3_000;

  beforeEach(() => {
    startFeeds(1);
    lab.know(0, 5);
  });

  it('is told as silent after a while, and each second from then on: nobody else may be watching it', () => {
    lab.advanceTo(SELECTION_DELAY_MS + PATIENCE_MS - 1);
    expect(lab.silences).toEqual([]);
    lab.advanceTo(SELECTION_DELAY_MS + PATIENCE_MS + 2 * FEED_RETRY_MS);
    expect(lab.silences).toEqual(
      [0, 1, 2].map(times => ({
        id: idOf(5),
        since: SELECTION_DELAY_MS,
        now: SELECTION_DELAY_MS + PATIENCE_MS + times * FEED_RETRY_MS,
      })),
    );
  });

  it('is not when it became a peer in time; when it has gone, the time begins anew', () => {
    lab.advanceTo(PATIENCE_MS - 1_000);
    const peer = connect(5, PATIENCE_MS - 1_000);
    lab.advanceTo(20_000);
    lab.peers.remove(peer);
    feeds.peersChanged(20_000);
    lab.advanceTo(20_000 + PATIENCE_MS - 1);
    expect(lab.silences).toEqual([]);
    lab.advanceTo(20_000 + PATIENCE_MS);
    expect(lab.silences).toMatchObject([{ since: 20_000 }]);
  });

  it('is not when another one was chosen in its place meanwhile', () => {
    lab.advanceTo(PATIENCE_MS - 1_000);
    lab.know(PATIENCE_MS - 1_000, 6);
    lab.advanceTo(PATIENCE_MS + 2 * FEED_RETRY_MS);
    expect(lab.silences).toEqual([]);
  });
});

describe('feeds that are not chosen any more', () => {
  beforeEach(() => {
    startFeeds(1);
    lab.know(0, 5);
    lab.advanceTo(100);
    connect(5, 100);
    lab.know(200, 6);
    lab.advanceTo(300);
  });

  it('deliver until all that are chosen do', () => {
    expect(lab.feedNumbers()).toEqual([5]);
    const next = lab.meet(6, { now: 300 });
    feeds.peersChanged(300);
    lab.advanceTo(300);
    expect(lab.feedNumbers()).toEqual([5, 6]);
    agree(next, 400);
    expect(lab.feedNumbers()).toEqual([6]);
  });

  it('go when there is no room for a chosen one', () => {
    for (const number of [7, 8]) {
      lab.know(number * 100, number);
      lab.advanceTo(number * 100 + SELECTION_DELAY_MS);
      lab.meet(number, { now: number * 100 + SELECTION_DELAY_MS });
      feeds.peersChanged(number * 100 + SELECTION_DELAY_MS);
      lab.advanceTo(number * 100 + SELECTION_DELAY_MS);
    }
    expect(lab.feedNumbers().length).toBeLessThanOrEqual(2);
    expect(lab.feedNumbers()).toContain(8);
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
    lab.know(0, 5, 6);
    lab.advanceTo(100);
    connect(6, 100);
  });

  it('is replaced by another for a while, and then chosen again', () => {
    feeds.avoid(idOf(6), 1_000);
    lab.advanceTo(1_000 + SELECTION_DELAY_MS);
    connect(5, 2_000);
    expect(lab.feedNumbers()).toEqual([5]);
    lab.advanceTo(1_000 + AVOID_MS);
    lab.meet(6, { now: 1_000 + AVOID_MS });
    lab.advanceTo(1_000 + AVOID_MS + FEED_RETRY_MS);
    expect(lab.feedNumbers()).toContain(6);
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
    expect(lab.feedNumbers()).toEqual([6]);
  });
});

describe('a feed that refuses', () => {
  beforeEach(() => {
    startFeeds(2);
    lab.know(0, 5, 6, 7, 8);
    lab.advanceTo(100);
  });

  it('is replaced at once', () => {
    for (const number of [5, 6, 7, 8]) lab.meet(number, { now: 100 });
    feeds.peersChanged(100);
    lab.advanceTo(100);
    const first = chosenNumber();
    refuse(first, 200);
    lab.advanceTo(200 + SELECTION_DELAY_MS);
    expect(lab.feedNumbers()).toHaveLength(2);
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
    expect(table.get(idOf(first))!.experience.refusals).toBe(3);
    agree(lab.peers.get(idOf(first))!, now);
    expect(table.get(idOf(first))!.experience.refusals).toBe(0);
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
    lab.know(UNUSED_PEER_MS / 2, 5);
    lab.advanceTo(UNUSED_PEER_MS);
    expect(peer.isFeed).toBe(true);
    expect(dialled).toEqual([idOf(5)]);
  });
});
