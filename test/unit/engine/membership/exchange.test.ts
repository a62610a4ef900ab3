import { beforeEach, describe, expect, it } from 'vitest';
import {
  Exchange,
  EXCHANGE_PAUSE_MS,
  PAGE_TIMEOUT_MS,
  PAGE_TRIES,
  PAGES_PER_REQUEST,
} from '../../../../lib/engine/membership/exchange.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { EngineLab, idOf } from '../engine-lab.js';

let lab: EngineLab;
let exchange: Exchange;
let requests: { peer: Peer; after: string | undefined }[];
let peer: Peer;
let differs: boolean;

beforeEach(() => {
  lab = new EngineLab();
  requests = [];
  differs = true;
  peer = lab.meet(1);
  exchange = new Exchange(
    lab.context,
    () => differs,
    (to, after) => requests.push({ peer: to, after }),
  );
});

/** Pages arrive; each ends at the member of this number. */
function pages(ends: readonly number[], now: number): void {
  for (const end of ends) exchange.onPage(peer, idOf(end), now);
}

const batch = (first: number) => Array.from({ length: PAGES_PER_REQUEST }, (_, i) => first + i);

describe('an exchange', () => {
  it('asks for the beginning, and for what follows after each batch of pages', () => {
    exchange.begin(peer, 0);
    pages(batch(1), 10);
    pages(batch(1 + PAGES_PER_REQUEST), 20);
    expect(requests.map(request => request.after)).toEqual([undefined, idOf(8), idOf(16)]);
  });

  it('ends with the last page', () => {
    exchange.begin(peer, 0);
    exchange.onPage(peer, undefined, 10);
    lab.advanceTo(60_000);
    expect(requests.length).toBe(1);
    expect(lab.context.timers.size).toBe(0);
  });

  it('asks again when no page comes, so often, and gives up then', () => {
    exchange.begin(peer, 0);
    lab.advanceTo(60_000);
    expect(requests.length).toBe(PAGE_TRIES);
    expect(lab.context.timers.size).toBe(0);
  });

  it('asks for the same again when some pages are missing, as long as each answer brings one of them', () => {
    exchange.begin(peer, 0);
    let now = 0;
    for (let missing = PAGES_PER_REQUEST - 1; missing > 0; missing--) {
      pages(batch(1).slice(missing), now + 100);
      lab.advanceTo((now += 100 + PAGE_TIMEOUT_MS));
    }
    expect(requests.map(request => request.after)).toEqual(batch(1).map(() => undefined));
    pages([1], now + 100);
    expect(requests.at(-1)!.after).toBe(idOf(8));
  });

  it('gives up when the answers bring nothing new', () => {
    exchange.begin(peer, 0);
    for (let now = 0; now < 60_000; now += 100 + PAGE_TIMEOUT_MS) {
      pages([1, 2], now + 100);
      lab.advanceTo(now + 100 + PAGE_TIMEOUT_MS);
    }
    expect(requests.length).toBe(1 + PAGE_TRIES);
  });

  it('goes on when pages overtook each other on the way', () => {
    exchange.begin(peer, 0);
    pages(batch(1).toReversed(), 10);
    expect(requests.map(request => request.after)).toEqual([undefined, idOf(8)]);
  });

  it('does not go on with a peer that has gone', () => {
    exchange.begin(peer, 0);
    lab.peers.remove(peer);
    lab.advanceTo(60_000);
    expect(requests.length).toBe(1);
  });

  it('takes pages of the peer it asked, and of nobody else', () => {
    const other = lab.meet(2);
    exchange.begin(peer, 0);
    for (const end of batch(1)) exchange.onPage(other, idOf(end), 10);
    exchange.onPage(other, undefined, 10);
    expect(requests.length).toBe(1);
    pages(batch(1), 20);
    expect(requests.length).toBe(2);
  });

  it('takes the late answer to a repeated request for no progress', () => {
    exchange.begin(peer, 0);
    lab.advanceTo(PAGE_TIMEOUT_MS);
    pages(batch(1), PAGE_TIMEOUT_MS + 10);
    expect(requests.map(request => request.after)).toEqual([undefined, undefined, idOf(8)]);
    pages(batch(1), PAGE_TIMEOUT_MS + 20);
    expect(requests.length).toBe(3);
  });
});

describe('the next exchange', () => {
  it('waits until the one before is over and a pause has passed, and then begins with the last that differed', () => {
    const other = lab.meet(2);
    exchange.begin(peer, 0);
    exchange.begin(other, 10);
    exchange.onPage(peer, undefined, 20);
    expect(requests.length).toBe(1);
    lab.advanceTo(EXCHANGE_PAUSE_MS);
    expect(requests.map(request => request.peer)).toEqual([peer, other]);
  });

  it('is not made when the tables have come to agree meanwhile', () => {
    exchange.begin(peer, 0);
    exchange.onPage(peer, undefined, 20);
    exchange.begin(peer, 30);
    differs = false;
    lab.advanceTo(60_000);
    expect(requests.length).toBe(1);
  });

  it('is not made with a peer that has gone', () => {
    const other = lab.meet(2);
    exchange.begin(peer, 0);
    exchange.begin(other, 10);
    exchange.onPage(peer, undefined, 20);
    lab.peers.remove(other);
    lab.advanceTo(60_000);
    expect(requests.length).toBe(1);
  });

  it('begins at once after a pause', () => {
    exchange.begin(peer, 0);
    exchange.onPage(peer, undefined, 20);
    exchange.begin(peer, EXCHANGE_PAUSE_MS);
    expect(requests.length).toBe(2);
  });
});
