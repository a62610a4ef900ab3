import { beforeEach, describe, expect, it } from 'vitest';
import { PREVIOUS_SESSION_MS, REJECT_AFTER_MS, REKEY_AFTER_MS } from '../../../../lib/engine/crypto/session-limits.js';
import { DOUBT_TRIES } from '../../../../lib/engine/membership/failure-detector.js';
import {
  HASTY_MS,
  HASTY_REPEATS,
  HASTY_SHARE,
  HEARTBEAT_JITTER,
  LEAST_PACE,
  paceOf,
  Heartbeats,
  IDLE_PEER_MS,
  MOST_PINGS,
  PING_MS,
  TURN_INTERVALS,
  UNUSED_PEER_MS,
} from '../../../../lib/engine/peers/heartbeats.js';
import { RING_PLACES, subscriberLimit } from '../../../../lib/engine/peers/link-limits.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { Frame, Role } from '../../../../lib/engine/wire/frame.js';
import { SeededRandom } from '../../../../lib/testing/seeded-random.js';
import { EngineLab, frameReader, framesTo } from '../engine-lab.js';

const INTERVAL = 1_500;
const DIGEST = 0xabcdef;

/** What the heartbeats told their host, as text. */
let told: string[];
/** Round trips that the host was told of. */
let measured: number[];
/** When links were found silent, and since when they were. */
let silences: { since: number; now: number }[];
let lab: EngineLab;
let heartbeats: Heartbeats;
let counter: number;
/** Others that live: many, unless a test is about few. */
let memberCount: number;
let isReady: boolean;

function startLab(overrides: ConstructorParameters<typeof EngineLab>[0] = {}): void {
  told = [];
  measured = [];
  silences = [];
  counter = 0;
  memberCount = 1e9;
  isReady = false;
  lab = new EngineLab(overrides, (peer, now) => heartbeats.service(peer, now));
  heartbeats = new Heartbeats(lab.context, lab.peers, {
    rehandshake: () => told.push('rehandshake'),
    peerLost: peer => {
      told.push('gone');
      lab.peers.remove(peer);
    },
    silent: (_peer, since, now) => silences.push({ since, now }),
    linkChanged: peer => {
      told.push('linkChanged');
      lab.peers.refreshLink(peer);
    },
    feedRefused: () => told.push('refused'),
    roundTripMeasured: peer => measured.push(peer.roundTrip.minimumMs),
    digestHeard: (_peer, digest) => told.push(`digest ${digest.toString(16)}`),
    digest: DIGEST,
    get memberCount() {
      return memberCount;
    },
    readinessHeard: () => told.push('readiness'),
    get isReady() {
      return isReady;
    },
  });
}

beforeEach(() => startLab());

/** The peer is heard: any packet of it. */
function hear(peer: Peer, now: number): void {
  peer.lastHeardAt = now;
}

/** A heartbeat of the peer arrives, in a packet later than all before unless told otherwise. */
function receive(peer: Peer, roles: number, now: number, packet = ++counter, type: number = Frame.heartbeat): void {
  hear(peer, now);
  const { reader } = frameReader([type, 77, roles, 1]);
  heartbeats.onHeartbeat(peer, reader, peer.current, packet, now);
}

/** The peer answers our latest heartbeat. */
function answer(peer: Peer, roles: number, now: number, token = peer.heartbeatToken): void {
  hear(peer, now);
  const { reader } = frameReader([Frame.heartbeatReply, token, roles, 1]);
  heartbeats.onReply(peer, reader, peer.current, ++counter, now);
}

function asFeed(peer: Peer, now: number): void {
  peer.isFeed = true;
  lab.peers.refreshLink(peer);
  heartbeats.tell(peer, now);
}

/** Lets time pass and tells when heartbeats left. */
function timesUntil(peer: Peer, until: number): number[] {
  const times: number[] = [];
  while (lab.context.timers.deadline() <= until) {
    const now = lab.context.timers.deadline();
    lab.advanceTo(now);
    for (const _ of heartbeatsTo(peer)) times.push(now);
  }
  return times;
}

const heartbeatsTo = (peer: Peer) => framesTo(peer).filter(([type]) => type === Frame.heartbeat);
const repliesTo = (peer: Peer) => framesTo(peer).filter(([type]) => type === Frame.heartbeatReply);

describe('a heartbeat', () => {
  it('tells a token, our roles towards the peer, and the digest of our members', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    peer.isFeed = peer.isLocked = true;
    heartbeats.tell(peer, 0);
    const roles = Role.feed | Role.locked | Role.subscribed;
    expect(framesTo(peer)).toEqual([[Frame.heartbeat, peer.heartbeatToken, roles, DIGEST]]);
  });

  it('is answered with its token, our roles and our digest', () => {
    const peer = lab.meet(1);
    receive(peer, Role.feed, 0);
    expect(repliesTo(peer)).toEqual([[Frame.heartbeatReply, 77, Role.subscribed, DIGEST]]);
  });

  it('tells the digest of the peer, and so does its answer', () => {
    const peer = lab.meet(1);
    receive(peer, 0, 0);
    heartbeats.tell(peer, 0);
    answer(peer, 0, 10);
    expect(told).toEqual(['digest 1', 'digest 1']);
  });

  it('does not go to a peer that is no link, once it has answered', () => {
    const peer = lab.meet(1);
    heartbeats.tell(peer, 0);
    answer(peer, 0, 10);
    framesTo(peer);
    lab.advanceTo(UNUSED_PEER_MS - 1);
    expect(heartbeatsTo(peer)).toEqual([]);
  });

  it('measures the round trip when it is answered, and only once', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    heartbeats.tell(peer, 0);
    answer(peer, 0, 80);
    answer(peer, 0, 8_000);
    expect(peer.roundTrip.smoothedMs).toBe(80);
    expect(measured).toEqual([80]);
  });

  it('measures nothing by an answer to an earlier one', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    heartbeats.tell(peer, 0);
    const early = peer.heartbeatToken;
    heartbeats.tell(peer, 50);
    answer(peer, 0, 60, early);
    expect(peer.roundTrip.smoothedMs).toBeUndefined();
    expect(peer.isHeartbeatAnswered).toBe(false);
  });
});

/** When the next heartbeat leaves, which the peer answers at once. */
function nextExchange(peer: Peer): number {
  const at = timesUntil(peer, lab.context.timers.deadline())[0] ?? nextExchange(peer);
  answer(peer, Role.feed, at);
  return at;
}

/** Whether these differ, and by no more than the jitter from the one around which they lie. */
function areVaried(times: number[], around: number): boolean {
  const isNear = (time: number) => Math.abs(time - around) <= around * HEARTBEAT_JITTER + 1e-6;
  return times.every(isNear) && new Set(times.map(Math.round)).size > 20;
}

function linkThatAnswered(): Peer {
  const peer = lab.meet(1, { isSubscriber: true });
  heartbeats.tell(peer, 0);
  answer(peer, Role.feed, 0);
  framesTo(peer);
  return peer;
}

describe('the pace of heartbeats', () => {
  it.each([
    [9, 5, 0.722],
    [14, 5, 0.821],
    [99, 5, 0.975],
    [4_999, 5, 0.9995],
    [4, 5, LEAST_PACE],
    [1, 5, LEAST_PACE],
    [0, 5, LEAST_PACE],
    [9, 3, 0.833],
    [9, 1, 0.944],
  ])('among %d others, %d of whom are feeds, is %d: of the links to expect, in proportion', (members, feeds, pace) => {
    expect(paceOf(members, feeds)).toBeCloseTo(pace, 3);
  });
});

describe('readiness', () => {
  it('is told with every heartbeat and every answer', () => {
    const peer = linkThatAnswered();
    isReady = true;
    heartbeats.tell(peer, 10);
    receive(peer, Role.feed, 20);
    const roles = framesTo(peer).map(frame => Number(frame[2]) & Role.ready);
    expect(roles).toEqual([Role.ready, Role.ready]);
  });

  it('of a peer is passed on when it changes', () => {
    const peer = linkThatAnswered();
    told = [];
    receive(peer, Role.feed | Role.ready, 20);
    receive(peer, Role.feed | Role.ready, 30);
    expect([peer.isReady, told.filter(what => what === 'readiness')]).toEqual([true, ['readiness']]);
    receive(peer, Role.feed, 40);
    expect([peer.isReady, told.filter(what => what === 'readiness').length]).toEqual([false, 2]);
  });
});

describe('the two ends of a link', () => {
  it('take turns: who was asked begins after an interval, give or take the jitter', () => {
    const peer = linkThatAnswered();
    const gaps: number[] = [];
    for (let now = 10; gaps.length < 40; now += 10) {
      receive(peer, Role.feed, now);
      const next = nextExchange(peer);
      gaps.push(next - now);
      now = next;
    }
    expect(areVaried(gaps, INTERVAL)).toBe(true);
  });

  it('take turns: who asked steps in later, if the other one does not begin', () => {
    const peer = linkThatAnswered();
    const times = Array.from({ length: 40 }, () => nextExchange(peer));
    const gaps = times.slice(1).map((time, i) => time - times[i]!);
    expect(areVaried(gaps, TURN_INTERVALS * INTERVAL)).toBe(true);
  });

  it('take their turns more often in a small cluster, where a node has fewer links', () => {
    memberCount = 9;
    const peer = linkThatAnswered();
    const times = Array.from({ length: 40 }, () => nextExchange(peer));
    const gaps = times.slice(1).map((time, i) => time - times[i]!);
    expect(areVaried(gaps, paceOf(9, 5) * TURN_INTERVALS * INTERVAL)).toBe(true);
  });

  it('do not begin both at once: the jitters are not as wide as the step between them', () => {
    expect(1 + HEARTBEAT_JITTER).toBeLessThan(TURN_INTERVALS * (1 - HEARTBEAT_JITTER));
  });

  it('do not wait for each other while an answer is missing', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    heartbeats.tell(peer, 0);
    const due = peer.nextHeartbeatAt;
    receive(peer, Role.feed, 100);
    expect(peer.nextHeartbeatAt).toBe(due);
  });
});

describe('the share of heartbeats that are answered', () => {
  it('rises with each that is answered at once, and stays below 1', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    const before = peer.answerRate;
    heartbeats.tell(peer, 0);
    answer(peer, Role.feed, 10);
    expect(peer.answerRate).toBeCloseTo(before + (1 - before) / 16, 9);
    for (let i = 1; i < 200; i++) {
      heartbeats.tell(peer, i * 100);
      answer(peer, Role.feed, i * 100 + 10);
    }
    expect(peer.answerRate).toBeGreaterThan(0.99);
    expect(peer.answerRate).toBeLessThan(1);
  });

  it('falls with each that had to be repeated', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    peer.answerRate = 1;
    heartbeats.tell(peer, 0);
    lab.advanceTo(HASTY_MS + PING_MS);
    expect(peer.tries).toBe(3);
    answer(peer, Role.feed, 500);
    // Two misses and a hit.
    expect(peer.answerRate).toBeCloseTo((15 / 16) ** 3 + 1 / 16, 9);
  });

  it('comes near the truth on a link that loses a third of the exchanges', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    const random = new SeededRandom(7);
    let now = 0;
    let sum = 0;
    for (let i = 0; i < 300; i++) {
      now += 50;
      heartbeats.tell(peer, now);
      while (random.unit() < 1 / 3) {
        now = lab.context.timers.deadline();
        lab.advanceTo(now);
      }
      answer(peer, Role.feed, now + 10);
      framesTo(peer);
      sum += peer.answerRate;
    }
    expect(sum / 300).toBeGreaterThan(0.6);
    expect(sum / 300).toBeLessThan(0.73);
  });

  it('is not told by a peer that was never asked', () => {
    const peer = lab.meet(1);
    const before = peer.answerRate;
    receive(peer, Role.feed, 0);
    answer(peer, Role.feed, 10);
    expect(peer.answerRate).toBe(before);
  });
});

describe('news of a role', () => {
  it('is repeated, each time after twice as long, until it is answered', () => {
    const peer = lab.meet(1);
    heartbeats.tell(peer, 0);
    framesTo(peer);
    expect(timesUntil(peer, 4_499)).toEqual([HASTY_MS, 3 * HASTY_MS, 7 * HASTY_MS]);
    answer(peer, 0, 2_500);
    expect(timesUntil(peer, 5_000)).toEqual([]);
  });

  it('is repeated likewise to a link that is heard otherwise', () => {
    startLab({ heartbeat: { intervalMs: 5_000, missed: 3 } });
    const peer = lab.meet(1);
    asFeed(peer, 0);
    framesTo(peer);
    const times: number[] = [];
    for (let now = 10; now < 4_499; now += 10) {
      hear(peer, now);
      times.push(...timesUntil(peer, now));
    }
    expect(times).toEqual([HASTY_MS, 3 * HASTY_MS, 7 * HASTY_MS]);
  });

  it('is repeated so often to a peer that is no link', () => {
    const peer = lab.meet(1);
    heartbeats.tell(peer, 0);
    framesTo(peer);
    expect(timesUntil(peer, UNUSED_PEER_MS - 1).length).toBe(HASTY_REPEATS);
  });

  it('waits two round trips on a path that is slow', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    peer.roundTrip.sample(400, 0);
    heartbeats.tell(peer, 0);
    framesTo(peer);
    expect(timesUntil(peer, 900)).toEqual([800]);
  });

  it('is repeated sooner where the interval is short', () => {
    startLab({ heartbeat: { intervalMs: 100, missed: 10 } });
    const peer = lab.meet(1, { isSubscriber: true });
    heartbeats.tell(peer, 0);
    framesTo(peer);
    expect(timesUntil(peer, 45)).toEqual([HASTY_SHARE * 100]);
  });

  it('is never repeated later than the next heartbeat is due', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    peer.roundTrip.sample(5_000, 0);
    heartbeats.tell(peer, 0);
    framesTo(peer);
    expect(timesUntil(peer, TURN_INTERVALS * INTERVAL * (1 + HEARTBEAT_JITTER))[0]).toBeDefined();
  });
});

describe('a subscriber', () => {
  it('is a peer that calls us its feed, until it does no more', () => {
    const peer = lab.meet(1);
    receive(peer, Role.feed, 0);
    expect([peer.isSubscriber, lab.peers.links.length]).toEqual([true, 1]);
    receive(peer, 0, 100);
    expect([peer.isSubscriber, lab.peers.links.length]).toEqual([false, 0]);
    expect(told.filter(what => what === 'linkChanged').length).toBe(2);
  });

  it('is refused when there are enough, unless we are its predecessor on the ring', () => {
    const plain = subscriberLimit(5) - RING_PLACES;
    for (let i = 1; i <= plain; i++) receive(lab.meet(i), Role.feed, 0);
    const [late, neighbour] = [lab.meet(100), lab.meet(0x81)];
    receive(late, Role.feed, 0);
    receive(neighbour, Role.feed | Role.locked, 0);
    expect([late.isSubscriber, neighbour.isSubscriber]).toEqual([false, true]);
    expect(repliesTo(late)).toMatchObject([{ 2: 0 }]);
  });

  it('stays one when there are enough', () => {
    const peers = Array.from({ length: subscriberLimit(5) - RING_PLACES }, (_, i) => lab.meet(i + 1));
    for (const round of [0, 1]) for (const peer of peers) receive(peer, Role.feed, round);
    expect(peers.every(peer => peer.isSubscriber)).toBe(true);
  });

  it('that follows us on the ring takes the place of one that is farther behind, which is told', () => {
    // Our own id is 0x80: 0x90 follows us, and then 0xa0 and so on, and the small ones come last.
    const claimants = Array.from({ length: subscriberLimit(5) }, (_, i) => lab.meet(0xa0 + i));
    for (const peer of claimants) receive(peer, Role.feed | Role.locked, 0);
    const [last, far, next] = [claimants.at(-1)!, lab.meet(0x10), lab.meet(0x90)];
    framesTo(last);
    receive(far, Role.feed | Role.locked, 0);
    expect(far.isSubscriber).toBe(false);
    receive(next, Role.feed | Role.locked, 0);
    expect([next.isSubscriber, last.isSubscriber]).toEqual([true, false]);
    expect(heartbeatsTo(last)).toMatchObject([{ 2: 0 }]);
  });

  it('loses its place when it keeps one for ring successors without being one', () => {
    const plain = Array.from({ length: subscriberLimit(5) - RING_PLACES }, (_, i) => lab.meet(i + 1));
    for (const peer of plain) receive(peer, Role.feed, 0);
    const peer = lab.meet(0x90);
    receive(peer, Role.feed | Role.locked, 0);
    receive(peer, Role.feed, 1);
    expect(peer).toMatchObject({ isSubscriber: false, isRingSubscriber: false });
  });

  it('is taken even if its heartbeat was overtaken by other packets', () => {
    const peer = lab.meet(1);
    receive(peer, Role.feed, 0, 5);
    expect(peer.isSubscriber).toBe(true);
    expect(peer.current.highestReceived).not.toBe(5);
    expect(repliesTo(peer)).toMatchObject([{ 2: Role.subscribed }]);
  });

  it('has its roles from the later of two frames in one packet', () => {
    const peer = lab.meet(1);
    receive(peer, 0, 0, 5);
    receive(peer, Role.feed, 0, 5);
    expect(peer.isSubscriber).toBe(true);
  });

  it('is not taken off by a heartbeat that was overtaken by a later one', () => {
    const peer = lab.meet(1);
    receive(peer, Role.feed, 0, 9);
    receive(peer, 0, 1, 8);
    expect(peer.isSubscriber).toBe(true);
    expect(repliesTo(peer)[1]).toMatchObject({ 2: Role.subscribed });
  });

  it('has its roles from the current session, not from late packets of the one before', () => {
    const peer = lab.meet(1);
    const before = peer.current;
    lab.peers.attach(lab.session(peer.id, 100), peer.endpoint, peer.zone, 100);
    receive(peer, Role.feed, 100, 0);
    heartbeats.onHeartbeat(peer, frameReader([Frame.heartbeat, 1, 0, 1]).reader, before, 1_000, 200);
    expect(peer.isSubscriber).toBe(true);
  });
});

describe('a feed', () => {
  it('is active once it says that it counts us as its subscriber', () => {
    const peer = lab.meet(1);
    asFeed(peer, 0);
    expect(peer.isFeedActive).toBe(false);
    answer(peer, Role.subscribed, 10);
    expect(peer.isFeedActive).toBe(true);
    expect(told).toContain('linkChanged');
  });

  it('has refused when it answers that it does not', () => {
    const peer = lab.meet(1);
    asFeed(peer, 0);
    answer(peer, 0, 10);
    expect(peer.isFeedActive).toBe(false);
    expect(told).toContain('refused');
  });

  it('is asked again when it seems to have forgotten us', () => {
    const peer = lab.meet(1);
    asFeed(peer, 0);
    answer(peer, Role.subscribed, 10);
    framesTo(peer);
    receive(peer, 0, 20);
    expect(heartbeatsTo(peer)).toMatchObject([{ 2: Role.feed }]);
    expect(peer.isFeedActive).toBe(true);
    answer(peer, 0, 30);
    expect(peer.isFeedActive).toBe(false);
    expect(told).toContain('refused');
  });

  it('has refused when it takes back what it agreed to', () => {
    const peer = lab.meet(1);
    asFeed(peer, 0);
    answer(peer, Role.subscribed, 10);
    heartbeats.tell(peer, 20);
    answer(peer, 0, 30);
    expect(peer.isFeedActive).toBe(false);
    expect(told).toContain('refused');
  });
});

/** When it is asked, from the first heartbeat without an answer on. */
const asked = (count: number) => Array.from({ length: count }, (_, i) => (i === 0 ? 0 : HASTY_MS + (i - 1) * PING_MS));

describe('a link that is not heard', () => {
  it('is asked again and again, quickly', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    heartbeats.tell(peer, 0);
    framesTo(peer);
    expect(timesUntil(peer, 1_000)).toEqual(asked(6).slice(1));
  });

  it('is told as silent once it did not answer so often, and with each try after that, since the first one', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    heartbeats.tell(peer, 0);
    lab.advanceTo(asked(DOUBT_TRIES).at(-1)!);
    expect(silences).toEqual([]);
    lab.advanceTo(1_000);
    expect(silences).toEqual(
      asked(6)
        .slice(DOUBT_TRIES)
        .map(now => ({ since: 0, now })),
    );
  });

  it('is asked as fast for so long only, and then as any other link', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    heartbeats.tell(peer, 0);
    framesTo(peer);
    const times = [0, ...timesUntil(peer, 60_000)];
    expect(times.slice(0, MOST_PINGS)).toEqual(asked(MOST_PINGS));
    const gaps = times.slice(MOST_PINGS + 1).map((time, i) => time - times[MOST_PINGS + i]!);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(TURN_INTERVALS * INTERVAL * (1 - HEARTBEAT_JITTER) - 1e-6);
    expect(told).toEqual([]);
  });

  it('is not silent when anything comes from it, though no answer does', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    heartbeats.tell(peer, 0);
    for (let now = 100; now <= 60_000; now += 200) {
      hear(peer, now);
      lab.advanceTo(now);
    }
    expect(silences).toEqual([]);
  });

  it('is counted anew when it was heard in between', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    heartbeats.tell(peer, 0);
    lab.advanceTo(asked(DOUBT_TRIES).at(-1)!);
    hear(peer, 500);
    lab.advanceTo(60_000);
    expect(silences[0]!.since).toBeGreaterThan(500);
  });

  it('has nothing to answer for from before we asked: it may have been no link then', () => {
    const peer = lab.meet(1);
    heartbeats.tell(peer, 0);
    answer(peer, 0, 10);
    asFeed(peer, 5_000);
    lab.advanceTo(5_000 + 1_000);
    expect(silences[0]!.since).toBe(5_000);
  });

  it('is asked faster where the interval is short: as often in an interval', () => {
    startLab({ heartbeat: { intervalMs: 200, missed: 3 } });
    const peer = lab.meet(1, { isSubscriber: true });
    heartbeats.tell(peer, 0);
    framesTo(peer);
    expect(timesUntil(peer, 160)).toEqual([60, 90, 120, 150]);
  });
});

describe('a peer about which others ask', () => {
  it('is asked as quickly as a silent link, but is not told as silent: it owes us nothing', () => {
    const peer = lab.meet(1);
    peer.isAwaited = true;
    heartbeats.tell(peer, 0);
    framesTo(peer);
    expect(timesUntil(peer, 900)).toEqual([300, 450, 600, 750, 900]);
    expect(silences).toEqual([]);
  });

  it('is not, once nobody waits for it', () => {
    const peer = lab.meet(1);
    peer.isAwaited = true;
    heartbeats.tell(peer, 0);
    lab.advanceTo(600);
    framesTo(peer);
    peer.isAwaited = false;
    expect(timesUntil(peer, 750).length).toBeLessThanOrEqual(1);
    expect(timesUntil(peer, UNUSED_PEER_MS - 1).length).toBeLessThanOrEqual(HASTY_REPEATS);
  });
});

describe('a session', () => {
  it('that never served a link is given up after some seconds of silence', () => {
    const peer = lab.meet(1);
    heartbeats.tell(peer, 0);
    answer(peer, 0, 10);
    hear(peer, 3_000);
    lab.advanceTo(3_000 + UNUSED_PEER_MS - 1);
    expect(told).not.toContain('gone');
    lab.advanceTo(3_000 + UNUSED_PEER_MS);
    expect(told.at(-1)).toBe('gone');
  });

  it('that serves no link any more is given up after a minute', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    heartbeats.tell(peer, 0);
    answer(peer, 0, 10);
    peer.isSubscriber = false;
    lab.peers.refreshLink(peer);
    heartbeats.tell(peer, 20);
    answer(peer, 0, 30);
    lab.advanceTo(IDLE_PEER_MS - 1);
    expect(told).not.toContain('gone');
    lab.advanceTo(IDLE_PEER_MS + 20);
    expect(told.at(-1)).toBe('gone');
  });

  it('is made anew when its time has come, again and again until it is', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    heartbeats.tell(peer, 0);
    for (let now = 0; now < REKEY_AFTER_MS; now += 1_000) {
      hear(peer, now);
      lab.advanceTo(now);
    }
    expect(told).not.toContain('rehandshake');
    hear(peer, REKEY_AFTER_MS);
    lab.advanceTo(REKEY_AFTER_MS + 10_000);
    expect(told.filter(what => what === 'rehandshake').length).toBeGreaterThanOrEqual(5);
  });

  it('that has ended takes the peer along, which is not dead for it', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    heartbeats.tell(peer, 0);
    for (let now = 0; now <= REJECT_AFTER_MS; now += 1_000) {
      hear(peer, now);
      lab.advanceTo(now);
    }
    expect(told.at(-1)).toBe('gone');
  });

  it('before the current one is wiped when nobody uses it any more', () => {
    const peer = lab.meet(1, { isSubscriber: true });
    const before = peer.current;
    lab.peers.attach(lab.session(peer.id, 1_000), peer.endpoint, peer.zone, 1_000);
    heartbeats.tell(peer, 1_000);
    for (let now = 1_000; now <= 1_000 + PREVIOUS_SESSION_MS; now += 1_000) {
      hear(peer, now);
      lab.advanceTo(now);
    }
    expect(before.isClosed).toBe(true);
    expect(peer.previous).toBeUndefined();
  });
});
