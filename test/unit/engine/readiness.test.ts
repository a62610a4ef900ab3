import { beforeEach, describe, expect, it } from 'vitest';
import { JOIN_RETRY_MS, Seeds } from '../../../lib/engine/membership/seeds.js';
import type { Peer } from '../../../lib/engine/peers/peer.js';
import { READY_PATIENCE_MS, Readiness } from '../../../lib/engine/readiness.js';
import { EngineLab, endpointOf } from './engine-lab.js';

let lab: EngineLab;
let seeds: Seeds;
let readiness: Readiness;
/** When it changed. */
let changes: number[];

function startWithSeeds(...numbers: number[]): void {
  lab = new EngineLab();
  changes = [];
  seeds = new Seeds(lab.context, lab.peers, () => 'started');
  seeds.set(numbers.map(endpointOf), 0);
  lab.advanceTo(0);
  readiness = new Readiness(lab.context, lab.peers, seeds, now => changes.push(now));
}

/** A link in both roles. */
function link(number: number, now: number, isReady = false): Peer {
  const peer = lab.meet(number, { now, isSubscriber: true });
  peer.isFeed = true;
  peer.isFeedActive = true;
  peer.isReady = isReady;
  lab.peers.refreshLink(peer);
  readiness.update(now);
  return peer;
}

function unlink(peer: Peer, now: number): void {
  peer.isFeedActive = false;
  lab.peers.refreshLink(peer);
  readiness.update(now);
}

describe('a node', () => {
  beforeEach(() => startWithSeeds(1));

  it('is ready by its first link in both roles, when it has heard of all its seeds and nobody is ready yet', () => {
    expect(readiness.isReady).toBe(false);
    link(1, 20);
    expect([readiness.isReady, changes]).toEqual([true, [20]]);
  });

  it('is not ready by a feed alone, nor by a subscriber alone', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    readiness.update(10);
    expect(readiness.isReady).toBe(false);
    Object.assign(peer, { isSubscriber: false, isFeed: true, isFeedActive: true });
    lab.peers.refreshLink(peer);
    readiness.update(20);
    expect(readiness.isReady).toBe(false);
  });

  it('is so no more when it has lost its feeds, and again when one is back', () => {
    const peer = link(1, 20);
    unlink(peer, 50);
    expect(readiness.isReady).toBe(false);
    peer.isFeedActive = true;
    lab.peers.refreshLink(peer);
    readiness.update(70);
    expect([readiness.isReady, changes]).toEqual([true, [20, 50, 70]]);
  });

  it('stays ready when those who were ready before it are gone', () => {
    const ready = link(1, 20, true);
    link(2, 30);
    unlink(ready, 40);
    expect([readiness.isReady, changes]).toEqual([true, [20]]);
  });
});

describe('nodes that start together', () => {
  beforeEach(() => startWithSeeds(1, 2));

  it('are not ready by each other while a seed may still answer', () => {
    link(1, 20);
    expect(readiness.isReady).toBe(false);
    lab.advanceTo(JOIN_RETRY_MS - 1);
    expect(readiness.isReady).toBe(false);
  });

  it('are ready without a seed that does not answer', () => {
    link(1, 20);
    lab.advanceTo(JOIN_RETRY_MS);
    expect(changes).toEqual([JOIN_RETRY_MS]);
  });

  it('do not wait for a seed that is the node itself', () => {
    seeds.isOurself(endpointOf(2), 10);
    link(1, 20);
    expect(changes).toEqual([20]);
  });

  it('wait for links with those who were there before, once they know of such', () => {
    link(1, 20);
    const old = lab.meet(2, { now: 30 });
    old.isReady = true;
    readiness.update(30);
    lab.advanceTo(2 * JOIN_RETRY_MS);
    expect(readiness.isReady).toBe(false);
    Object.assign(old, { isFeed: true, isFeedActive: true });
    lab.peers.refreshLink(old);
    readiness.update(2_100);
    expect(readiness.isReady).toBe(false);
    old.isSubscriber = true;
    lab.peers.refreshLink(old);
    readiness.update(2_200);
    expect(changes).toEqual([2_200]);
  });

  it('do not wait for ever for such links', () => {
    link(1, 20);
    lab.meet(2, { now: 30 }).isReady = true;
    readiness.update(30);
    lab.advanceTo(20 + READY_PATIENCE_MS - 1);
    expect(readiness.isReady).toBe(false);
    lab.advanceTo(20 + READY_PATIENCE_MS);
    expect(changes).toEqual([20 + READY_PATIENCE_MS]);
  });

  it('begin to wait anew when their links are gone meanwhile', () => {
    unlink(link(1, 20), 500);
    lab.meet(2, { now: 600 }).isReady = true;
    link(3, 4_000);
    lab.advanceTo(4_000 + READY_PATIENCE_MS - 1);
    expect(readiness.isReady).toBe(false);
    lab.advanceTo(4_000 + READY_PATIENCE_MS);
    expect(readiness.isReady).toBe(true);
  });
});
