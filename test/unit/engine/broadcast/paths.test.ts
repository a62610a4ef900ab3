import { beforeEach, describe, expect, it } from 'vitest';
import { LargeMessage } from '../../../../lib/engine/broadcast/large-messages.js';
import { OriginStream, OriginTable } from '../../../../lib/engine/broadcast/origin-stream.js';
import { ANNOUNCING_BY_REPAIRS, ANNOUNCING_LINKS, PROBE_CHOICES } from '../../../../lib/engine/broadcast/announcers.js';
import {
  BUSY_HEAT,
  CHOICE_SEGMENTS,
  COOLING_MS,
  FIRST_FEEDS,
  GRAFT_LEAD_MS,
  LARGE_PATHS_MS,
  MOST_HEAT,
  Paths,
  QUIET_HEAT,
  STARVED_INTERVALS,
  STARVED_SEGMENTS,
  SWAP_LEAD_MS,
  WISH_REPEAT_MS,
} from '../../../../lib/engine/broadcast/paths.js';
import { Repair } from '../../../../lib/engine/broadcast/repair.js';
import { SegmentCache } from '../../../../lib/engine/broadcast/segment-cache.js';
import { LEAST_COMPARISONS, type StreamLink, Wish } from '../../../../lib/engine/broadcast/stream-link.js';
import { OVERLOAD_MS } from '../../../../lib/engine/peers/overload.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { Timer } from '../../../../lib/engine/timer-heap.js';
import { Frame } from '../../../../lib/engine/wire/frame.js';
import { SeededRandom } from '../../../../lib/testing/seeded-random.js';
import { EngineLab, frameReader } from '../engine-lab.js';
import { BOOT, ORIGIN, takeFrom } from './broadcast-lab.js';

const INTERVAL_MS = 50;

/** What the dice show: the lowest lets everything happen that has a chance, the highest nothing. */
let roll: 'lowest' | 'highest' | 'any';
let lab: EngineLab;
let repair: Repair;
let paths: Paths;
let stream: OriginStream;
let links: StreamLink[];
let now: number;

beforeEach(() => {
  roll = 'any';
  now = 1_000;
  const seeded = new SeededRandom(1);
  lab = new EngineLab({
    random: buffer => {
      if (roll === 'any') seeded.fill(buffer);
      else buffer.fill(roll === 'lowest' ? 0 : 255);
    },
  });
  const origins = new OriginTable();
  stream = new OriginStream(ORIGIN, BOOT, 1, 0);
  origins.add(stream);
  repair = new Repair(lab.context, lab.peers, origins, new SegmentCache());
  paths = new Paths(lab.context, lab.peers, origins, repair);
  links = [1, 2, 3, 4, 5, 6].map(number => {
    const peer = lab.meet(number, { isSubscriber: true });
    peer.roundTrip.sample(10, 0);
    return stream.link(peer);
  });
});

/** The next segment comes first over one link, and so long after that over others; those that are choked do not bring it. */
function hear(lateness: readonly number[], intervalMs = INTERVAL_MS): void {
  now += intervalMs;
  const sequence = stream.newest + 1;
  const copies = links
    .map((link, i) => ({ link, at: now + (lateness[i] ?? NaN) }))
    .filter(({ link, at }) => link.isFeed && !Number.isNaN(at))
    .sort((a, b) => a.at - b.at);
  for (const [i, { link, at }] of copies.entries()) {
    link.provedToHold(sequence);
    if (i > 0) paths.copied(stream, link, sequence, at);
    else first(link, sequence, at);
  }
}

function first(link: StreamLink, sequence: number, at: number, wasAskedFor = false): void {
  stream.window.add(sequence, at);
  paths.stir(stream, at);
  stream.arrived(sequence, link.peer, at);
  paths.arrived(stream, link, sequence, wasAskedFor, at);
}

function hearMany(count: number, lateness: readonly number[], intervalMs?: number): void {
  for (let i = 0; i < count; i++) hear(lateness, intervalMs);
}

/** Every link as late as its place, ms. */
const IN_TURN = [0, 10, 20, 30, 35, 40];

const wishesTo = (link: StreamLink) => takeFrom(link.peer).wishes.map(([wish]) => wish);
const ours = () => links.map(link => link.ours);
const choked = () => links.filter(link => !link.isFeed);
const feeds = () => links.flatMap((link, i) => (link.isFeed ? [i] : []));

/** Until there are no more feeds than these. */
function settle(lateness: readonly number[], most: number): void {
  roll = 'lowest';
  // The peers hear the stream elsewhere, so that each of them may be relied on.
  for (const link of links) link.theirs = Wish.lazy;
  for (let i = 0; i < 40 && feeds().length > most; i++) hearMany(CHOICE_SEGMENTS, lateness);
  for (const link of links) takeFrom(link.peer);
  roll = 'highest';
}

describe('whether a stream is busy', () => {
  it('shows when several messages came in quick succession', () => {
    hearMany(BUSY_HEAT - 1, IN_TURN);
    expect(stream.arrivalTimes).toBeUndefined();
    hearMany(2, IN_TURN);
    expect(stream.arrivalTimes).toBeDefined();
  });

  it('is not so with a message a second, however many', () => {
    hearMany(100, IN_TURN, COOLING_MS);
    expect(stream.heat).toBeLessThan(QUIET_HEAT);
    expect(stream.arrivalTimes).toBeUndefined();
    expect(stream.hasWishes).toBe(false);
  });

  it('is never so of our own stream, whose copies we do not hear', () => {
    stream.isOwn = true;
    for (let i = 0; i < 30; i++) paths.stir(stream, i);
    expect(stream.arrivalTimes).toBeUndefined();
  });

  it('is known with the mean time between its messages', () => {
    hearMany(60, IN_TURN, 40);
    expect(stream.intervalMs).toBeCloseTo(40, 0);
  });

  it('is over soon, however hot it was', () => {
    hearMany(500, IN_TURN, 1);
    expect(stream.heat).toBeLessThanOrEqual(MOST_HEAT);
    now += (MOST_HEAT - QUIET_HEAT) * COOLING_MS + 1;
    hear(IN_TURN);
    expect(stream.arrivalTimes).toBeUndefined();
  });
});

describe('the first choice', () => {
  it('keeps the three quickest feeds, and has the others keep silent or announce', () => {
    roll = 'highest';
    // At least once each of the first three is needed, so that they are worth more than nothing.
    for (let i = 0; i < 30 && stream.choices === 0; i++) {
      hear(IN_TURN.map((ms, link) => (link === i % 3 ? 0 : ms + 5)));
    }
    expect(stream.choices).toBe(1);
    expect(feeds()).toEqual([0, 1, 2].slice(0, FIRST_FEEDS));
    const told = links.map(link => wishesTo(link).at(-1));
    expect(told.slice(0, FIRST_FEEDS)).toEqual([undefined, undefined, undefined]);
    expect(told.slice(FIRST_FEEDS)).not.toContain(Wish.eager);
    expect(told.slice(FIRST_FEEDS)).not.toContain(undefined);
  });

  it('waits until the copies of some segments have all come', () => {
    roll = 'lowest';
    hearMany(BUSY_HEAT + 2, IN_TURN);
    expect(ours()).toEqual(links.map(() => Wish.unset));
  });
});

describe('the later choices', () => {
  it('choke feeds one by one, down to one without loss and jitter: the earliest', () => {
    hearMany(20, IN_TURN);
    roll = 'lowest';
    for (const link of links) link.theirs = Wish.lazy;
    const counts: number[] = [];
    for (let i = 0; i < 10; i++) {
      hearMany(CHOICE_SEGMENTS, IN_TURN);
      counts.push(feeds().length);
    }
    const steps = counts.slice(1).map((count, i) => counts[i]! - count);
    expect(Math.max(...steps)).toBeLessThanOrEqual(1);
    expect(feeds()).toEqual([0]);
  });

  it('choke nobody when the dice say no', () => {
    hearMany(20, IN_TURN);
    for (const link of links) link.theirs = Wish.lazy;
    roll = 'highest';
    hearMany(20 * CHOICE_SEGMENTS, IN_TURN);
    expect(feeds()).toHaveLength(FIRST_FEEDS);
  });

  it('choke nobody on whom we must rely: the others hear the stream from us', () => {
    roll = 'lowest';
    hearMany(20 * CHOICE_SEGMENTS, IN_TURN);
    expect(feeds()).toHaveLength(FIRST_FEEDS);
  });

  it('keep a second feed as long as it makes up for what the first one loses', () => {
    hearMany(20, IN_TURN);
    for (const link of links) link.theirs = Wish.lazy;
    roll = 'lowest';
    for (let i = 0; i < 20 * CHOICE_SEGMENTS; i++) hear(i % 4 === 0 ? [NaN, 10, 20, 30] : IN_TURN);
    expect(feeds()).toEqual([0, 1]);
  });

  it('take a choked link that would be clearly earlier now and then, not one that would be a little', () => {
    settle(IN_TURN, 1);
    Object.assign(links[3]!, { comparisons: LEAST_COMPARISONS, leadMs: GRAFT_LEAD_MS - 0.1 });
    hearMany(CHOICE_SEGMENTS, IN_TURN);
    expect(feeds()).toEqual([0]);
    links[3]!.leadMs = GRAFT_LEAD_MS + 0.1;
    Object.assign(links[4]!, { comparisons: LEAST_COMPARISONS, leadMs: GRAFT_LEAD_MS + 5 });
    hearMany(CHOICE_SEGMENTS, IN_TURN);
    expect(feeds()).toEqual([0, 4]);
    expect(wishesTo(links[4]!)).toEqual([Wish.eager]);
  });

  it('take a choked link that is a little earlier on average, unless it varies more than that', () => {
    settle(IN_TURN, 1);
    const earlier = { comparisons: LEAST_COMPARISONS, behindMs: -SWAP_LEAD_MS - 0.2 };
    Object.assign(links[3]!, earlier, { deviationMs: SWAP_LEAD_MS + 0.4 });
    hearMany(CHOICE_SEGMENTS, IN_TURN);
    expect(feeds()).toEqual([0]);
    Object.assign(links[3]!, earlier, { deviationMs: 0 });
    hearMany(CHOICE_SEGMENTS, IN_TURN);
    expect(feeds()).toEqual([0, 3]);
  });

  it('take no link that was compared too seldom to be judged', () => {
    settle(IN_TURN, 1);
    Object.assign(links[3]!, { comparisons: LEAST_COMPARISONS - 1, leadMs: 50, behindMs: -50 });
    hearMany(CHOICE_SEGMENTS, IN_TURN);
    expect(feeds()).toEqual([0]);
  });

  it('learn the lead of a choked link from its announcements', () => {
    settle(IN_TURN, 1);
    for (let i = 0; i < 4 * CHOICE_SEGMENTS && feeds().length === 1; i++) {
      const before = now + INTERVAL_MS - 20;
      if (i % 2 === 0) paths.announced(stream, links[2]!, stream.newest + 1, before, before);
      hear(IN_TURN);
    }
    expect(feeds()).toEqual([0, 2]);
  });
});

const fallBehind = () => lab.context.overload.waited(10 * OVERLOAD_MS, now);

describe('a node that is behind', () => {
  beforeEach(() => {
    hearMany(20, IN_TURN);
    for (const link of links) link.theirs = Wish.lazy;
    roll = 'lowest';
  });

  it('is content with one feed, whatever another would save', () => {
    for (let i = 0; i < 20 * CHOICE_SEGMENTS; i++) {
      fallBehind();
      hear(i % 4 === 0 ? [NaN, 10, 20, 30] : IN_TURN);
    }
    expect(feeds()).toEqual([0]);
  });

  it('takes no link for being earlier: all of them would be as late here', () => {
    settle(IN_TURN, 1);
    Object.assign(links[3]!, { comparisons: LEAST_COMPARISONS, leadMs: GRAFT_LEAD_MS + 5 });
    for (let i = 0; i < CHOICE_SEGMENTS; i++) {
      fallBehind();
      hear(IN_TURN);
    }
    expect(feeds()).toEqual([0]);
    // Nor for telling of what has yet to be read.
    lab.context.overload.waited(10 * OVERLOAD_MS, now + 1_000);
    paths.announced(stream, links[3]!, stream.newest + 9, now, now + 1_000);
    expect(feeds()).toEqual([0]);
  });
});

describe('choked links', () => {
  it('keep silent but for the one that could repair quickest', () => {
    links[5]!.peer.roundTrip.sample(1, 0);
    settle(IN_TURN, 1);
    for (const link of links) link.behindMs = 5;
    links[4]!.behindMs = 0;
    links[4]!.peer.roundTrip.sample(2, 0);
    while (stream.choices % PROBE_CHOICES !== 0) hearMany(1, IN_TURN);
    hearMany(2 * CHOICE_SEGMENTS, IN_TURN);
    const announcing = choked().filter(link => link.ours === Wish.lazy);
    expect(announcing).toContain(links[4]);
    expect(announcing.length).toBeLessThanOrEqual(ANNOUNCING_LINKS + 1);
  });

  it('announce in greater number when much is lost', () => {
    settle(IN_TURN, 1);
    for (const link of links) link.behindMs = 5;
    stream.repairedShare = 0.5;
    hearMany(CHOICE_SEGMENTS, IN_TURN);
    const announcing = choked().filter(link => link.ours === Wish.lazy);
    expect(announcing.length).toBeGreaterThanOrEqual(ANNOUNCING_LINKS + ANNOUNCING_BY_REPAIRS.length);
  });

  it('that hear the stream from us are no announcers', () => {
    settle(IN_TURN, 1);
    for (const link of links) link.behindMs = 5;
    for (const link of links.slice(1, 5)) link.theirs = Wish.eager;
    while (stream.choices % PROBE_CHOICES !== 2) hearMany(1, IN_TURN);
    expect(links[5]!.ours).toBe(Wish.lazy);
  });

  it('get their turn to be looked at', () => {
    settle(IN_TURN, 1);
    roll = 'any';
    const looked = new Set<StreamLink>();
    for (let i = 0; i < 60 * CHOICE_SEGMENTS; i++) {
      hear(IN_TURN);
      for (const link of choked()) if (link.ours === Wish.lazy) looked.add(link);
    }
    expect(looked.size).toBeGreaterThanOrEqual(4);
  });
});

describe('a stream', () => {
  it('never stays without a feed: when the last one is gone, the next best is taken', () => {
    settle(IN_TURN, 1);
    links.forEach((link, i) => (link.behindMs = 100 - i));
    lab.peers.remove(links[0]!.peer);
    paths.linkEnded(stream, links[0]!.peer, true, now);
    expect(links[5]!.ours).toBe(Wish.eager);
    expect(wishesTo(links[5]!)).toEqual([Wish.eager]);
    expect(links.slice(1, 5).filter(link => link.isFeed)).toEqual([]);
  });

  it('takes the next best, too, when its feed is no link any more but keeps its session', () => {
    settle(IN_TURN, 1);
    links.forEach((link, i) => (link.behindMs = 100 - i));
    const { peer } = links[0]!;
    peer.isFeed = false;
    peer.isSubscriber = false;
    lab.peers.refreshLink(peer);
    paths.linkEnded(stream, peer, false, now);
    expect(wishesTo(links[5]!)).toEqual([Wish.eager]);
    expect(stream.links.has(peer)).toBe(true);
  });

  it('that is quiet asks for nothing when it is told of: all links bring it anyway', () => {
    paths.announced(stream, links[0]!, stream.newest + 1, now, now);
    expect(links.flatMap(link => wishesTo(link))).toEqual([]);
    expect(stream.hasWishes).toBe(false);
  });

  it('that is quiet has all links for feeds: a peer that goes changes nothing', () => {
    lab.peers.remove(links[0]!.peer);
    paths.linkEnded(stream, links[0]!.peer, true, now);
    expect(links.flatMap(link => wishesTo(link))).toEqual([]);
    expect(stream.links.has(links[0]!.peer)).toBe(false);
  });

  it('without any link is no fault', () => {
    settle(IN_TURN, 1);
    for (const { peer } of links) {
      lab.peers.remove(peer);
      paths.linkEnded(stream, peer, true, now);
    }
    expect(stream.links.size).toBe(0);
  });

  it('that has run dry takes who answered as a feed', () => {
    settle(IN_TURN, 1);
    for (let i = 1; i <= STARVED_SEGMENTS; i++) {
      expect(links[3]!.isFeed).toBe(false);
      now += INTERVAL_MS;
      first(links[3]!, stream.newest + 1, now, true);
    }
    expect(links[3]!.ours).toBe(Wish.eager);
  });

  it('has not run dry while anything comes by itself', () => {
    settle(IN_TURN, 1);
    for (let i = 0; i < 4 * STARVED_SEGMENTS; i++) {
      now += INTERVAL_MS;
      if (i % STARVED_SEGMENTS === 0) hear(IN_TURN);
      else first(links[3]!, stream.newest + 1, now, true);
    }
    expect(links[3]!.isFeed).toBe(false);
  });

  it('that has run dry takes who tells of much more, and what it holds', () => {
    settle(IN_TURN, 1);
    const { newest } = stream;
    const soon = now + stream.intervalMs / 2;
    paths.announced(stream, links[2]!, newest + 2, soon, soon);
    expect(links[2]!.isFeed).toBe(false);
    const late = now + IN_TURN[5]! + Math.max(stream.lateness.patienceMs, STARVED_INTERVALS * stream.intervalMs);
    paths.announced(stream, links[2]!, newest + 1, late, late);
    expect(links[2]!.isFeed).toBe(false);
    paths.announced(stream, links[2]!, newest + 2, late, late);
    expect(takeFrom(links[2]!.peer).wishes).toEqual([[Wish.eager, newest + 1]]);
  });
});

describe('a stream that pauses', () => {
  it('has those tell that were silent: perhaps all who brought it or told of it died', () => {
    settle(IN_TURN, 1);
    const silent = links.filter(link => link.ours === Wish.silent);
    expect(silent.length).toBeGreaterThan(0);
    paths.paused(stream, now);
    for (const link of silent) expect(wishesTo(link)).toEqual([Wish.lazy]);
    expect(links.map(link => link.ours)).not.toContain(Wish.silent);
  });

  it('has them told once, however long it pauses', () => {
    settle(IN_TURN, 1);
    paths.paused(stream, now);
    for (const link of links) takeFrom(link.peer);
    paths.paused(stream, now + 1_000);
    expect(links.flatMap(link => wishesTo(link))).toEqual([]);
  });

  it('and was quiet before has told nobody to be silent', () => {
    paths.paused(stream, now);
    expect(links.flatMap(link => wishesTo(link))).toEqual([]);
  });
});

describe('a wish that the peer acts against', () => {
  beforeEach(() => settle(IN_TURN, 1));

  it('is repeated when a choked link sends segments, not sooner than it could know', () => {
    const [, link] = links;
    const wish = link!.ours;
    link!.toldAt = now;
    hear(IN_TURN, WISH_REPEAT_MS - 10);
    const patience = Math.max(WISH_REPEAT_MS, 2 * link!.peer.roundTrip.smoothedMs!);
    paths.copied(stream, link!, stream.newest, link!.toldAt + patience - 1);
    expect(wishesTo(link!)).toEqual([]);
    paths.copied(stream, link!, stream.newest, link!.toldAt + patience);
    expect(wishesTo(link!)).toEqual([wish]);
  });

  it('is not repeated for what we asked for', () => {
    const [, link] = links;
    stream.window.announce(stream.newest + 2, now);
    repair.watch(stream, now);
    lab.advanceTo(now + 1_000);
    for (const each of links) takeFrom(each.peer);
    paths.copied(stream, link!, stream.newest, now + 5_000);
    expect(wishesTo(link!)).toEqual([]);
  });

  it('is repeated when a feed announces what it should have sent', () => {
    const [feed] = links;
    paths.graft(feed!, now);
    takeFrom(feed!.peer);
    paths.announced(stream, feed!, stream.newest + 1, now, now + WISH_REPEAT_MS);
    expect(wishesTo(feed!)).toEqual([Wish.eager]);
  });
});

/** A wish as it comes from a peer. */
function wish(peer: Peer, value: unknown, from: unknown = 0, origin: unknown = ORIGIN, boot: unknown = BOOT) {
  const { reader } = frameReader([Frame.wish, origin, boot, value, from]);
  return { wanted: paths.onWish(peer, reader), isMalformed: reader.failed };
}

describe('a wish of a peer', () => {
  it('is kept to', () => {
    const [link] = links;
    for (const value of Object.values(Wish)) {
      wish(link!.peer, value);
      expect(link!.theirs).toBe(value);
    }
    expect(stream.hasWishes).toBe(true);
  });

  it('for the stream may want what is held already', () => {
    const [link] = links;
    expect(wish(link!.peer, Wish.eager, 7).wanted).toEqual({ link, before: Wish.unset, from: 7 });
    expect(wish(link!.peer, Wish.eager, 0).wanted).toEqual({ link, before: Wish.eager, from: 0 });
    expect(wish(link!.peer, Wish.lazy, 7).wanted).toEqual({ link, before: Wish.eager, from: 0 });
  });

  it.each([
    ['of a kind that we do not know', [Wish.silent + 1]],
    ['for an origin that we do not know', [Wish.eager, 1, new Uint8Array(16)]],
    ['for another life of the origin', [Wish.eager, 1, ORIGIN, BOOT + 1]],
    ['for a former life of the origin', [Wish.eager, 1, ORIGIN, BOOT - 1]],
  ] as const)('%s counts for nothing', (_, [value, from, origin, boot]) => {
    expect(wish(links[0]!.peer, value, from, origin, boot)).toEqual({ wanted: undefined, isMalformed: false });
    expect([links[0]!.theirs, stream.hasWishes]).toEqual([Wish.unset, false]);
  });

  it.each([
    ['text for the origin', ['x', BOOT, 1, 0]],
    ['a short id', [new Uint8Array(15), BOOT, 1, 0]],
    ['text for the life', [ORIGIN, 'x', 1, 0]],
    ['nothing for the wish', [ORIGIN, BOOT, null, 0]],
    ['a negative sequence', [ORIGIN, BOOT, 1, -1]],
  ])('is malformed with %s', (_, [origin, boot, value, from]) => {
    expect(wish(links[0]!.peer, value, from, origin, boot)).toEqual({ wanted: undefined, isMalformed: true });
    expect(links[0]!.theirs).toBe(Wish.unset);
  });
});

describe('a stream that was silent', () => {
  const SILENCE_MS = MOST_HEAT * COOLING_MS;

  it('floods all links again with its next message, on both sides', () => {
    settle(IN_TURN, 1);
    hear(IN_TURN, SILENCE_MS);
    expect(stream).toMatchObject({ hasWishes: false, arrivalTimes: undefined, choices: 0 });
    expect(links.map(({ theirs, ours: own }) => [theirs, own])).toEqual(links.map(() => [Wish.unset, Wish.unset]));
  });

  it('can become busy again, and chooses anew', () => {
    settle(IN_TURN, 1);
    hear(IN_TURN, SILENCE_MS);
    settle([40, 0, 10, 20, 30, 35], 1);
    expect(feeds()).toEqual([1]);
  });

  it('keeps its wishes while a large message of it is under way', () => {
    settle(IN_TURN, 1);
    stream.large = new LargeMessage(stream.newest + 1, stream.newest + 60, new Timer(() => undefined));
    hear(IN_TURN, SILENCE_MS);
    expect(stream.hasWishes).toBe(true);
    expect(links[0]!.theirs).toBe(Wish.lazy);
  });

  it('of large messages keeps its wishes much longer, but not for ever', () => {
    paths.onWish(links[0]!.peer, frameReader([Frame.wish, ORIGIN, BOOT, Wish.eager, 0]).reader);
    stream.activeAt = now;
    paths.stirLarge(stream, now + LARGE_PATHS_MS);
    expect(links[0]!.theirs).toBe(Wish.eager);
    paths.stirLarge(stream, now + LARGE_PATHS_MS + 1);
    expect([links[0]!.theirs, stream.hasWishes]).toEqual([Wish.unset, false]);
  });
});
