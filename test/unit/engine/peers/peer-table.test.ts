import { beforeEach, describe, expect, it } from 'vitest';
import { PREVIOUS_SESSION_MS } from '../../../../lib/engine/crypto/session-limits.js';
import { MAX_FRAME_BYTES } from '../../../../lib/engine/engine-context.js';
import { OUTBOX_BYTES, Priority } from '../../../../lib/engine/peers/outbox.js';
import { SIMULTANEOUS_OPEN_MS } from '../../../../lib/engine/peers/peer-table.js';
import { EngineLab, endpointOf, idOf } from '../engine-lab.js';

/** Smaller and greater than the id of the lab's own node. */
const SMALLER = 0x01;
const GREATER = 0xff;

let lab: EngineLab;

beforeEach(() => {
  lab = new EngineLab();
});

describe('a peer', () => {
  it('is found by its id and by its session', () => {
    const peer = lab.meet(1);
    expect(lab.peers.get(idOf(1))).toBe(peer);
    expect(lab.peers.ofSession(peer.current)).toBe(peer);
    expect(lab.peers.size).toBe(1);
  });

  it('keeps its roles when it comes back with a new session, and takes its new address and zone', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    const session = lab.session(idOf(1), 10_000);
    const other = endpointOf(99);
    expect(lab.peers.attach(session, other, 'there', 10_000)).toBe(peer);
    expect(peer).toMatchObject({ current: session, endpoint: other, zone: 'there', isSubscriber: true });
    lab.peers.check();
  });

  it('is heard on the session before the current one for a while', () => {
    const peer = lab.meet(1);
    const before = peer.current;
    lab.peers.attach(lab.session(idOf(1), 10_000), peer.endpoint, peer.zone, 10_000);
    lab.peers.retirePrevious(peer, 10_000 + PREVIOUS_SESSION_MS - 1);
    expect(lab.peers.ofSession(before)).toBe(peer);
    lab.peers.retirePrevious(peer, 10_000 + PREVIOUS_SESSION_MS);
    expect(lab.peers.ofSession(before)).toBeUndefined();
    expect(before.isClosed).toBe(true);
  });

  it('is heard on it for longer while it still uses it', () => {
    const peer = lab.meet(1);
    const before = peer.current;
    lab.peers.attach(lab.session(idOf(1), 10_000), peer.endpoint, peer.zone, 10_000);
    lab.peers.heardOnPrevious(peer, 20_000);
    lab.peers.retirePrevious(peer, 10_000 + PREVIOUS_SESSION_MS);
    expect(lab.peers.ofSession(before)).toBe(peer);
  });

  it('never has more than two sessions', () => {
    const peer = lab.meet(1);
    const first = peer.current;
    for (const now of [10_000, 20_000]) lab.peers.attach(lab.session(idOf(1), now), peer.endpoint, peer.zone, now);
    expect(first.isClosed).toBe(true);
    expect(lab.sessions.size).toBe(2);
    lab.peers.check();
  });
});

describe('two sessions opened from both sides at once', () => {
  it.each([
    ['we began', SMALLER, 'initiator', 'responder', 'responder'],
    ['we began', GREATER, 'initiator', 'responder', 'initiator'],
    ['it began', SMALLER, 'responder', 'initiator', 'responder'],
    ['it began', GREATER, 'responder', 'initiator', 'initiator'],
  ] as const)('leave the one that the smaller id began (first %s, id %d)', (_, number, first, second, kept) => {
    const id = idOf(number);
    const peer = lab.peers.attach(lab.session(id, 0, first), endpointOf(1), 'here', 0);
    lab.peers.attach(lab.session(id, 100, second), endpointOf(1), 'here', 100);
    expect(peer.current.role).toBe(kept);
    expect(peer.previous?.role).toBe(kept === 'initiator' ? 'responder' : 'initiator');
    lab.peers.check();
  });

  it('are not at once when they are further apart: the newer is taken', () => {
    const id = idOf(GREATER);
    const peer = lab.peers.attach(lab.session(id, 0, 'initiator'), endpointOf(1), 'here', 0);
    const newer = lab.session(id, SIMULTANEOUS_OPEN_MS + 1, 'responder');
    lab.peers.attach(newer, endpointOf(1), 'here', SIMULTANEOUS_OPEN_MS + 1);
    expect(peer.current).toBe(newer);
  });
});

describe('a peer that is removed', () => {
  it('leaves nothing behind: no session, no link, no timer', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    lab.context.timers.set(peer.service, 100);
    lab.context.timers.set(peer.paced, 100);
    lab.peers.remove(peer);
    expect(lab.peers.get(idOf(1))).toBeUndefined();
    expect([lab.peers.links.length, lab.sessions.size, lab.context.timers.size]).toEqual([0, 0, 0]);
    lab.peers.check();
  });

  it('takes what waited for it along, which is counted', () => {
    const peer = lab.meet(1);
    for (let i = 0; i < 3; i++) lab.peers.send(peer, Priority.event, new Uint8Array(10));
    lab.peers.remove(peer);
    expect(lab.context.counters.drops.peer_gone).toBe(3);
  });
});

describe('the line of peers with something to send', () => {
  it('has each peer once, in the order in which they got something', () => {
    const [a, b] = [lab.meet(1), lab.meet(2)];
    for (const peer of [b, a, b]) lab.peers.send(peer, Priority.event, new Uint8Array(1));
    expect([lab.peers.nextInLine(), lab.peers.nextInLine(), lab.peers.nextInLine()]).toEqual([b, a, undefined]);
  });

  it('takes a peer in again after it has been served', () => {
    const peer = lab.meet(1);
    lab.peers.send(peer, Priority.event, new Uint8Array(1));
    lab.peers.nextInLine();
    lab.peers.send(peer, Priority.event, new Uint8Array(1));
    expect(lab.peers.nextInLine()).toBe(peer);
  });
});

describe('a frame that is refused', () => {
  it('because the outbox is full is counted', () => {
    const peer = lab.meet(1);
    const frame = new Uint8Array(MAX_FRAME_BYTES);
    let accepted = 0;
    while (lab.peers.send(peer, Priority.bulk, frame)) accepted++;
    expect(accepted).toBe(Math.floor(OUTBOX_BYTES / MAX_FRAME_BYTES));
    expect(lab.context.counters.drops.outbox_full).toBe(1);
  });

  it('because no datagram carries it is counted', () => {
    const peer = lab.meet(1);
    expect(lab.peers.send(peer, Priority.control, new Uint8Array(MAX_FRAME_BYTES + 1))).toBe(false);
    expect(lab.context.counters.drops.too_long).toBe(1);
    expect(lab.peers.nextInLine()).toBeUndefined();
  });
});

describe('the list of links', () => {
  it('has those that are our feed or our subscriber', () => {
    const [feed, subscriber, neither] = [lab.meet(1), lab.meet(2, { isSubscriber: true }), lab.meet(3)];
    feed.isFeed = true;
    lab.peers.refreshLink(feed);
    lab.peers.refreshLink(neither);
    expect(lab.peers.links).toEqual([subscriber, feed]);
    subscriber.isSubscriber = false;
    lab.peers.refreshLink(subscriber);
    expect(lab.peers.links).toEqual([feed]);
    lab.peers.check();
  });
});
