import { beforeEach, describe, expect, it } from 'vitest';
import {
  ANNOUNCE_PAUSE_MS,
  Announcements,
  LEAST_ANNOUNCE_DELAY_MS,
  MOST_ANNOUNCE_DELAY_MS,
  PAUSE_DELAYS_MS,
} from '../../../../lib/engine/broadcast/announcements.js';
import { OriginStream } from '../../../../lib/engine/broadcast/origin-stream.js';
import { nodeIdToBytes } from '../../../../lib/engine/node-id.js';
import { Priority } from '../../../../lib/engine/peers/outbox.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { EngineLab, framesTo, idOf } from '../engine-lab.js';
import { BOOT, ORIGIN, takeFrom } from './broadcast-lab.js';

/** News of a pause is spread over this time at most, ms. */
const SPREAD_MS = 5;
const FIRST_PAUSE_MS = PAUSE_DELAYS_MS[0];

let lab: EngineLab;
let announcements: Announcements;
let stream: OriginStream;
let peer: Peer;
/** When it was told that the stream pauses. */
let paused: number[];

beforeEach(() => {
  lab = new EngineLab();
  paused = [];
  announcements = new Announcements(lab.context, lab.peers, (_, now) => paused.push(now));
  stream = new OriginStream(ORIGIN, BOOT, 1, 0);
  peer = link(1);
});

function link(number: number, roundTripMs = 4): Peer {
  const met = lab.meet(number, { isSubscriber: true });
  met.roundTrip.sample(roundTripMs, 0);
  return met;
}

/** A segment that nobody brought, as one of our own. */
function arrive(sequence: number, now: number, from?: Peer, of = stream): void {
  of.arrived(sequence, from, now);
  announcements.arrived(of, now);
}

const newestTo = (to: Peer) => takeFrom(to).digests.map(({ newest }) => newest);

describe('an announcement on a choked link', () => {
  it('leaves after about a round trip, between its bounds', () => {
    for (const roundTripMs of [0.1, 4, 300]) {
      const to = link(10 + Math.ceil(roundTripMs), roundTripMs);
      const delay = Math.min(MOST_ANNOUNCE_DELAY_MS, Math.max(LEAST_ANNOUNCE_DELAY_MS, roundTripMs));
      stream.arrived(7, undefined, 100);
      announcements.soon(stream.link(to), 100);
      lab.advanceTo(100 + delay / 2 - 0.01);
      expect(newestTo(to)).toEqual([]);
      lab.advanceTo(100 + delay * 1.5);
      expect(newestTo(to)).toEqual([7]);
    }
  });

  it('tells of the newest segment that is there when it leaves, and how old that is', () => {
    stream.arrived(7, undefined, 100);
    announcements.soon(stream.link(peer), 100);
    stream.arrived(8, undefined, 101);
    announcements.soon(stream.link(peer), 101);
    const at = lab.context.timers.deadline();
    lab.advanceTo(200);
    expect(takeFrom(peer).digests).toEqual([{ newest: 8, ageMs: expect.closeTo(at - 101, 2) }]);
  });

  it('is spared when the peer proves to know before', () => {
    stream.arrived(7, undefined, 100);
    announcements.soon(stream.link(peer), 100);
    stream.link(peer).provedToHold(7);
    lab.advanceTo(1_000);
    expect(framesTo(peer)).toEqual([]);
  });

  it('follows the last one only after a pause', () => {
    const times: number[] = [];
    for (let now = 100; now < 300; now++) {
      stream.arrived(now, undefined, now);
      announcements.soon(stream.link(peer), now);
      lab.advanceTo(now);
      if (newestTo(peer).length > 0) times.push(now);
    }
    const pauses = times.slice(1).map((time, i) => time - times[i]!);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(ANNOUNCE_PAUSE_MS);
    expect(times.length).toBeGreaterThan(5);
  });

  it('shares a frame with those of other streams', () => {
    const other = new OriginStream(nodeIdToBytes(idOf(0x78)), BOOT, 1, 0);
    for (const each of [stream, other]) {
      each.arrived(7, undefined, 100);
      announcements.soon(each.link(peer), 100);
    }
    lab.advanceTo(200);
    const frames = framesTo(peer);
    expect(frames).toHaveLength(1);
    expect(frames[0]!.filter(value => value instanceof Uint8Array)).toEqual([stream.idBytes, other.idBytes]);
  });

  it('is not sent for a stream that was forgotten, nor to a peer that is gone', () => {
    const other = link(2);
    stream.arrived(7, undefined, 100);
    for (const to of [peer, other]) announcements.soon(stream.link(to), 100);
    announcements.peerGone(other);
    announcements.forget(stream);
    lab.advanceTo(1_000);
    expect([framesTo(peer), framesTo(other)]).toEqual([[], []]);
    expect(lab.context.timers.size).toBe(0);
  });
});

describe('a stream that pauses', () => {
  it('is told of again and again, with its age, until it cannot be repaired any more', () => {
    arrive(1, 1_000);
    lab.advanceTo(120_000);
    const { digests } = takeFrom(peer);
    expect(digests.map(({ newest }) => newest)).toEqual(PAUSE_DELAYS_MS.map(() => 1));
    for (const [i, { ageMs }] of digests.entries()) {
      expect(ageMs).toBeGreaterThanOrEqual(PAUSE_DELAYS_MS[i]!);
      expect(ageMs).toBeLessThanOrEqual(PAUSE_DELAYS_MS[i]! + SPREAD_MS);
    }
    expect(lab.context.timers.size).toBe(0);
  });

  it('says so, when the first news of it is due', () => {
    arrive(1, 1_000);
    lab.advanceTo(1_000 + FIRST_PAUSE_MS - 1);
    expect(paused).toEqual([]);
    lab.advanceTo(1_000 + FIRST_PAUSE_MS);
    expect(paused).toEqual([1_000 + FIRST_PAUSE_MS]);
  });

  it('begins its pause anew with each segment', () => {
    const step = FIRST_PAUSE_MS - 1;
    for (let i = 0; i < 20; i++) {
      lab.advanceTo(i * step);
      arrive(i + 1, i * step);
    }
    expect(newestTo(peer)).toEqual([]);
    lab.advanceTo(19 * step + FIRST_PAUSE_MS + SPREAD_MS);
    expect(newestTo(peer)).toEqual([20]);
  });

  it('does not pause between the messages that it usually sends so far apart', () => {
    Object.assign(stream, { heat: 6, intervalMs: 100 });
    arrive(1, 0);
    const [later] = PAUSE_DELAYS_MS.filter(delay => delay >= 300);
    expect(later).toBeLessThanOrEqual(1_000);
    const first = PAUSE_DELAYS_MS.find(delay => delay >= 3 * stream.intervalMs)!;
    lab.advanceTo(first - 1);
    expect(newestTo(peer)).toEqual([]);
    lab.advanceTo(first + SPREAD_MS);
    expect(newestTo(peer)).toEqual([1]);
  });

  it('pauses in the end even if its messages are usually very far apart', () => {
    Object.assign(stream, { heat: 6, intervalMs: 1e6 });
    arrive(1, 0);
    lab.advanceTo(PAUSE_DELAYS_MS.at(-1)! + SPREAD_MS);
    expect(newestTo(peer)).toEqual([1]);
  });

  it('spares the links that have proved to hold the newest segment', () => {
    stream.link(peer).provedToHold(1);
    arrive(1, 0);
    lab.advanceTo(120_000);
    expect(framesTo(peer)).toEqual([]);
  });

  it('tells the origin nothing that it sent itself', () => {
    const origin = link(0x77);
    arrive(1, 0, peer);
    lab.advanceTo(120_000);
    expect(framesTo(origin)).toEqual([]);
  });

  it('tells whom it came from once, so that it does not go on telling us', () => {
    stream.link(peer).provedToHold(1);
    arrive(1, 0, peer);
    lab.advanceTo(120_000);
    expect(newestTo(peer)).toEqual([1]);
  });

  it('leaves out a large message that still waits for the link, but for the last time', () => {
    const idle = link(2);
    arrive(1, 0);
    stream.isBulk = true;
    const ages: number[] = [];
    for (const delay of PAUSE_DELAYS_MS) {
      lab.peers.send(peer, Priority.bulk, Uint8Array.of(0x92, 99, 1));
      lab.advanceTo(delay + SPREAD_MS);
      ages.push(...takeFrom(peer).digests.map(({ ageMs }) => ageMs));
    }
    expect(ages).toHaveLength(1);
    expect(ages[0]).toBeGreaterThanOrEqual(PAUSE_DELAYS_MS.at(-1)!);
    expect(newestTo(idle)).toHaveLength(PAUSE_DELAYS_MS.length);
  });

  it('does not leave out small messages because a large one waits', () => {
    arrive(1, 0);
    lab.peers.send(peer, Priority.bulk, Uint8Array.of(0x92, 99, 1));
    lab.advanceTo(FIRST_PAUSE_MS + SPREAD_MS);
    expect(newestTo(peer)).toEqual([1]);
  });

  it('shares few frames with many others, none longer than a datagram carries', () => {
    for (let i = 0; i < 100; i++) {
      const other = new OriginStream(nodeIdToBytes(idOf(0x1000 + i)), Number.MAX_SAFE_INTEGER, 1, 0);
      arrive(i + 1, 0, undefined, other);
    }
    lab.advanceTo(FIRST_PAUSE_MS + SPREAD_MS + ANNOUNCE_PAUSE_MS);
    const digests = framesTo(peer);
    expect(digests.length).toBeLessThanOrEqual(8);
    expect(digests.flatMap(frame => frame.filter(value => value instanceof Uint8Array)).length).toBe(100);
    expect(lab.context.counters.drops.too_long).toBe(0);
  });

  it('is not told of when it was forgotten', () => {
    arrive(1, 0);
    announcements.forget(stream);
    lab.advanceTo(60_000);
    expect(framesTo(peer)).toEqual([]);
    expect(lab.context.timers.size).toBe(0);
  });
});
