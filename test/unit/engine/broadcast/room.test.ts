import { beforeEach, describe, expect, it } from 'vitest';
import {
  LAGGARD_SHARE,
  LAGGARD_SILENCE_MS,
  LEAST_ROOM_BYTES,
  MOST_ROOM_BYTES,
  OPEN_SHARE,
  Room,
  ROOM_MS,
} from '../../../../lib/engine/broadcast/room.js';
import { OriginStream } from '../../../../lib/engine/broadcast/origin-stream.js';
import { Wish } from '../../../../lib/engine/broadcast/stream-link.js';
import { nodeIdToBytes } from '../../../../lib/engine/node-id.js';
import { Priority } from '../../../../lib/engine/peers/outbox.js';
import { WAIT_ALLOWANCE_MS } from '../../../../lib/engine/peers/wait-allowance.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { EngineLab, idOf } from '../engine-lab.js';

let lab: EngineLab;
let room: Room;
let own: OriginStream;
let links: Peer[];

beforeEach(() => {
  lab = new EngineLab();
  room = new Room(lab.peers);
  own = new OriginStream(nodeIdToBytes(idOf(0x80)), 1, 1, 0);
  links = [1, 2, 3, 4].map(number => lab.meet(number, { isSubscriber: true }));
  for (const link of links) link.flow.control.start(1_000);
});

function fill(link: Peer, bytes: number): void {
  for (let left = bytes; left > 0; left -= 1_000) link.outbox.push(Priority.event, new Uint8Array(1_000));
}

const isThere = (now = 0, isLarge = false) => room.isThere(own, isLarge, now);

function wish(link: Peer, wish: Wish): void {
  own.hasWishes = true;
  own.link(link).theirs = wish;
}

describe('room for a message of our own', () => {
  it('is there while no link has more to send than in a tenth of a second', () => {
    for (const link of links) fill(link, ROOM_MS * 1_000 - 1_000);
    expect(isThere()).toBe(true);
    fill(links[2]!, 1_000);
    expect(isThere()).toBe(false);
  });

  it('is at least that of some datagrams, and bounded for fast links', () => {
    for (const link of links) link.flow.control.rate = 10;
    fill(links[0]!, LEAST_ROOM_BYTES - 1_000);
    expect(isThere()).toBe(true);
    for (const link of links) link.flow.control.rate = 1e6;
    fill(links[0]!, MOST_ROOM_BYTES);
    expect(isThere()).toBe(false);
  });

  it('is as much to the same host, by how fast the link took the last', () => {
    const link = lab.meet(5, { isSubscriber: true, endpoint: { address: '127.0.0.1', port: 7_000 } });
    link.flow.path.arrivalRate = 1_000;
    fill(link, ROOM_MS * 1_000 - 1_000);
    expect(isThere()).toBe(true);
    fill(link, 1_000);
    expect(isThere()).toBe(false);
  });

  it('is not taken by links that do not get it at once', () => {
    fill(links[0]!, MOST_ROOM_BYTES);
    wish(links[0]!, Wish.lazy);
    expect(isThere()).toBe(true);
  });

  it('is that of the links that asked for it, if it is offered first', () => {
    fill(links[0]!, MOST_ROOM_BYTES);
    expect(isThere(0, true)).toBe(true);
    wish(links[0]!, Wish.eager);
    expect(isThere(0, true)).toBe(false);
  });

  it('is there when everybody has choked us', () => {
    for (const link of links) wish(link, Wish.silent);
    expect(isThere()).toBe(true);
  });
});

describe('a link that is far behind the others', () => {
  it('is not waited for', () => {
    fill(links[0]!, MOST_ROOM_BYTES);
    links[0]!.flow.control.rate = 1_000 * LAGGARD_SHARE - 1;
    expect(isThere()).toBe(true);
  });

  it('is waited for when it is the only one', () => {
    for (const link of links.slice(1)) lab.peers.remove(link);
    fill(links[0]!, MOST_ROOM_BYTES);
    links[0]!.flow.control.rate = 10;
    expect(isThere()).toBe(false);
  });

  it('is one that reports nothing any more, too', () => {
    const [link] = links;
    fill(link!, MOST_ROOM_BYTES);
    for (let i = 0; i < 20; i++) link!.flow.sent(1, i, 1_200, true, 0);
    expect(link!.flow.shouldAsk(0)).toBe(true);
    expect(isThere(LAGGARD_SILENCE_MS)).toBe(false);
    expect(isThere(LAGGARD_SILENCE_MS + 1)).toBe(true);
  });
});

describe('a link without room while others have some', () => {
  it('is waited for as long as its allowance lasts', () => {
    fill(links[0]!, MOST_ROOM_BYTES);
    expect(isThere(0)).toBe(false);
    expect(isThere(WAIT_ALLOWANCE_MS - 1)).toBe(false);
    expect(isThere(2 * WAIT_ALLOWANCE_MS)).toBe(true);
  });

  it('is waited for by itself: each of them has an allowance of its own', () => {
    fill(links[0]!, MOST_ROOM_BYTES);
    expect(isThere(0)).toBe(false);
    fill(links[1]!, MOST_ROOM_BYTES);
    expect(isThere(2 * WAIT_ALLOWANCE_MS)).toBe(false);
    expect(isThere(4 * WAIT_ALLOWANCE_MS)).toBe(true);
  });

  it('is waited for however long where fewer than a quarter have room', () => {
    expect(1 / links.length).toBe(OPEN_SHARE);
    links.push(lab.meet(5, { isSubscriber: true }));
    for (const link of links) link.flow.control.start(1_000);
    for (const link of links.slice(1)) fill(link, MOST_ROOM_BYTES);
    expect(isThere(0)).toBe(false);
    expect(isThere(60_000)).toBe(false);
  });

  it('does not use up its allowance while nothing is to be sent', () => {
    fill(links[0]!, MOST_ROOM_BYTES);
    expect(isThere(0)).toBe(false);
    while (links[0]!.outbox.shift(Infinity, true) !== undefined);
    expect(isThere(1)).toBe(true);
    fill(links[0]!, MOST_ROOM_BYTES);
    expect(isThere(10_000)).toBe(false);
  });
});
