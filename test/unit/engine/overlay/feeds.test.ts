import { beforeEach, describe, expect, it } from 'vitest';
import type { DialResult } from '../../../../lib/engine/crypto/handshakes.js';
import type { EngineOptions } from '../../../../lib/engine/engine-options.js';
import { MemberTable } from '../../../../lib/engine/membership/member-table.js';
import { AVOID_MS, FEED_RETRY_MS, Feeds, SELECTION_DELAY_MS } from '../../../../lib/engine/overlay/feeds.js';
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

  it('go when there are more than twice as many as wanted', () => {
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
