import type { EngineContext } from '../engine-context.js';
import { NODE_ID_BYTES } from '../node-id.js';
import { Priority } from '../peers/outbox.js';
import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import { randomUnit } from '../random.js';
import { Frame } from '../wire/frame.js';
import type { MessagePackReader } from '../wire/message-pack-reader.js';
import { announcerWishes } from './announcers.js';
import { ArrivalTimes } from './arrival-times.js';
import { chooseFeeds } from './feed-value.js';
import type { OriginStream, OriginTable } from './origin-stream.js';
import type { Repair } from './repair.js';
import { LEAST_COMPARISONS, type StreamLink, Wish } from './stream-link.js';
import { isLargeUnderWay } from './waiting.js';

/**
 * A stream is busy when this many segments of small messages came more than cooled off meanwhile (one a second): choosing
 * feeds costs some frames between neighbours, which a stream of less than one segment a second does not repay. A stream
 * below the second bound is quiet again and floods all links. The most bounds how long that takes after a burst: 10 s.
 */
export const BUSY_HEAT = 5;
export const QUIET_HEAT = 2;
export const MOST_HEAT = 12;
export const COOLING_MS = 1_000;

/**
 * Large messages do not make a stream busy: whom they were wanted from is remembered until the stream was silent for this
 * long, ms. Longer, and the overlay has changed meanwhile.
 */
export const LARGE_PATHS_MS = 60_000;

/** Gain of the smoothed interval between messages. */
const INTERVAL_GAIN = 1 / 8;

/** A choice is made each time so many more segments were timed. */
export const CHOICE_SEGMENTS = 8;

/** Copies that have not come this long after the first one are no use, ms: a choice does not wait for them. */
export const SETTLED_MS = 150;

/** Fewest settled segments to judge by. */
const LEAST_SETTLED = 4;

/** Feeds kept at most of a busy stream, and as many as are kept by the first choice, which has seen little yet. */
export const MOST_FEEDS = 2;
export const FIRST_FEEDS = 3;

/** A second feed is kept only if it brings segments this much earlier on average, ms; less, and it is choked. */
export const FEED_WORTH_MS = 1.25;

/** A choked link becomes a feed when it would have brought segments this much earlier on average, ms. Above the worth of a feed, or links would be taken and choked in turn. */
export const GRAFT_LEAD_MS = 2.5;

/**
 * It also becomes one when it is earlier than the feeds on average by this, ms, and by more than it varies: then it takes
 * the place of one. Less, and feeds change for nothing; more, and segments take a few hops too many inside a region.
 */
export const SWAP_LEAD_MS = 0.4;

/**
 * A node that is behind chokes a feed at once that brought this many more copies in vain than first ones, if another is left
 * that nobody who hears the stream from us leans on. Less: feeds are choked by chance; more: it is behind for longer.
 */
export const BEHIND_IDLE_COPIES = 16;

/**
 * A feed that is not worth its copies is choked with this probability at each choice: neighbours that would all lean on
 * each other decide one after the other, and see what the others did. For a feed further away than the one that is kept it
 * is less, in proportion to the round trips, down to the least: it may be the last one by which a region hears the stream.
 */
export const CHOKE_PROBABILITY = 0.4;
export const LEAST_CHOKE_PROBABILITY = 0.06;

/** Gain of the smoothed share of segments that came only because we asked. */
const REPAIRS_GAIN = 1 / 32;

/** A wish is repeated when the peer acts against it, not sooner than this after it was told, ms, or two round trips. */
export const WISH_REPEAT_MS = 100;

/**
 * All feeds have run dry when this many segments in a row came only because we asked, or when a choked link tells of two
 * or more that no feed has brought for this many intervals. Then whoever answered, or told, becomes a feed.
 */
export const STARVED_SEGMENTS = 3;
export const STARVED_INTERVALS = 1.5;

/** Decides, for each busy stream, which links bring it, which only announce, and which keep silent; and keeps to what others decided. */
export class Paths {
  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly origins: OriginTable,
    private readonly repair: Repair,
  ) {}

  /** A new segment of a small message, before it is passed on: has the stream been quiet? */
  stir(stream: OriginStream, now: number): void {
    const elapsed = now - stream.activeAt;
    stream.heat = Math.max(0, stream.heat - elapsed / COOLING_MS);
    const hasChosen = stream.hasWishes || stream.arrivalTimes !== undefined;
    if (stream.heat < QUIET_HEAT && hasChosen && !isLargeUnderWay(stream)) this.calm(stream);
    stream.heat = Math.min(MOST_HEAT, stream.heat + 1);
    if (stream.heat < 2) stream.intervalMs = Infinity;
    else if (stream.intervalMs === Infinity) stream.intervalMs = elapsed;
    else stream.intervalMs += INTERVAL_GAIN * (elapsed - stream.intervalMs);
    if (stream.heat >= BUSY_HEAT && !stream.isOwn) stream.arrivalTimes ??= new ArrivalTimes();
  }

  /** A new segment of a large message, before it is passed on. */
  stirLarge(stream: OriginStream, now: number): void {
    if (stream.hasWishes && now - stream.activeAt > LARGE_PATHS_MS) this.calm(stream);
  }

  /** The first copy of a segment of a small message. */
  arrived(stream: OriginStream, link: StreamLink, sequence: number, wasAskedFor: boolean, now: number): void {
    link.peer.timeliness.sample(0);
    if (link.idleCopies > 0) link.idleCopies--;
    const times = stream.arrivalTimes;
    if (times === undefined) return;
    const slot = times.first(sequence, stream.links, now);
    if (slot >= 0) link.time(slot, now);
    if (sequence <= stream.announced) this.compareAnnouncements(stream, sequence, now);
    stream.repairedShare += REPAIRS_GAIN * (Number(wasAskedFor) - stream.repairedShare);
    if (!wasAskedFor) stream.starved = 0;
    else if (++stream.starved >= STARVED_SEGMENTS) this.graft(link, now);
    const wanted = stream.choices === 0 ? LEAST_SETTLED : CHOICE_SEGMENTS;
    if (times.opened - stream.timedAtChoice >= wanted) this.choose(stream, now);
  }

  /** A further copy of a segment of a small message. */
  copied(stream: OriginStream, link: StreamLink, sequence: number, now: number): void {
    if (sequence === stream.newest) link.peer.timeliness.sample(now - stream.newestAt);
    if (stream.arrivalTimes !== undefined) {
      this.time(stream, link, sequence, now);
      if (link.isFeed) this.copiedInVain(stream, link, now);
    }
    if (!link.isFeed && sequence > (stream.gap?.askedUpTo ?? 0)) this.repeat(link, now);
  }

  /** The peer has had this segment since then, our time. */
  announced(stream: OriginStream, link: StreamLink, sequence: number, at: number, now: number): void {
    link.announcedSequence = sequence;
    link.announcedAt = at;
    if (sequence > stream.announced) stream.announced = sequence;
    const times = stream.arrivalTimes;
    const arrival = times?.arrivalOf(sequence);
    if (arrival !== undefined) {
      link.compared(at - arrival);
      link.peer.timeliness.sample(Math.max(0, at - arrival));
    } else if (sequence > stream.newest && (link.ours === Wish.eager || (times !== undefined && link.isFeed))) {
      this.repeat(link, now);
    } else if (sequence > stream.newest + 1 && times !== undefined && !this.context.overload.isBehind(now)) {
      const patience = Math.max(stream.lateness.patienceMs, STARVED_INTERVALS * stream.intervalMs);
      if (now - stream.newestAt >= patience) this.graft(link, now, stream.newest + 1);
    }
  }

  /** `[11, origin, boot, wish, from]`. Returns the link whose wish it is, and from which sequence on it wants what we hold; 0 for none. */
  onWish(peer: Peer, reader: MessagePackReader): { link: StreamLink; before: Wish; from: number } | undefined {
    const stream = this.origins.find(reader.bytesOf(NODE_ID_BYTES));
    const boot = reader.uint();
    const wish = reader.uint();
    const from = reader.uint();
    if (reader.failed || stream === undefined || stream.boot !== boot || wish > Wish.silent) return undefined;
    const link = stream.link(peer);
    const before = link.theirs;
    link.theirs = wish as Wish;
    stream.hasWishes = true;
    return { link, before, from: wish === Wish.eager ? from : 0 };
  }

  /** Takes the link as a feed. @param from the sequence from which on it is to send what it holds already; 0 for none. */
  graft(link: StreamLink, now: number, from = 0): void {
    link.stream.starved = 0;
    link.leadMs = 0;
    link.comparisons = 0;
    this.tell(link, Wish.eager, now, from);
  }

  choke(link: StreamLink, now: number): void {
    this.tell(link, Wish.lazy, now);
  }

  /**
   * A stream came to a pause, or all who brought it or told of it died at once, which we would learn from their heartbeats
   * only much later. In the latter case those whom we choked know more: they are to tell.
   */
  paused(stream: OriginStream, now: number): void {
    if (stream.arrivalTimes === undefined) return;
    for (const peer of this.peers.links) {
      const link = stream.link(peer);
      if (link.ours === Wish.silent) this.tell(link, Wish.lazy, now);
    }
  }

  /** The peer is no link any more; it may become one again, unless it is gone. */
  linkEnded(stream: OriginStream, peer: Peer, isGone: boolean, now: number): void {
    if (stream.newestFrom === peer) stream.newestFrom = undefined;
    if (isGone ? stream.links.delete(peer) : stream.links.has(peer)) this.ensureFeed(stream, now);
  }

  /** Some may have told of the segment before it came. */
  private compareAnnouncements(stream: OriginStream, sequence: number, now: number): void {
    for (const choked of stream.links.values()) {
      if (choked.announcedSequence === sequence && !choked.isFeed) choked.compared(choked.announcedAt - now);
    }
  }

  /** A feed brought what we have, for which a node that is behind has no time. */
  private copiedInVain(stream: OriginStream, link: StreamLink, now: number): void {
    if (link.peer.id === stream.id || !this.context.overload.isBehind(now)) return;
    if (++link.idleCopies < BEHIND_IDLE_COPIES) return;
    link.idleCopies = 0;
    for (const other of stream.links.values()) {
      if (other !== link && other.isFeed && other.isIndependent && other.peer.isLink) return this.choke(link, now);
    }
  }

  private time(stream: OriginStream, link: StreamLink, sequence: number, now: number): void {
    const slot = stream.arrivalTimes!.slotOf(sequence);
    if (slot >= 0) link.time(slot, now);
  }

  private choose(stream: OriginStream, now: number): void {
    const slots = stream.arrivalTimes!.settledSlots(SETTLED_MS, now);
    if (slots.length < LEAST_SETTLED) return;
    stream.timedAtChoice = stream.arrivalTimes!.opened;
    stream.choices++;
    const feeds: StreamLink[] = [];
    const choked: StreamLink[] = [];
    for (const peer of this.peers.links) {
      const link = stream.link(peer);
      (link.isFeed ? feeds : choked).push(link);
    }
    // A node that is behind is late by itself, whoever brings it the segments: another feed would only be more work.
    const isBehind = this.context.overload.isBehind(now);
    this.chokeSome(stream, feeds, slots, isBehind ? 1 : MOST_FEEDS, now);
    if (!isBehind) this.graftLeader(choked, now);
    this.ensureFeed(stream, now);
    this.chooseAnnouncers(stream, now);
  }

  /** The choked link that would be most worth being a feed becomes one, if any would. */
  private graftLeader(choked: readonly StreamLink[], now: number): void {
    let leader: StreamLink | undefined;
    let most = 0;
    for (const link of choked) {
      const promise = graftPromiseMs(link);
      if (promise > most) {
        leader = link;
        most = promise;
      }
    }
    if (leader !== undefined) this.graft(leader, now);
  }

  private chokeSome(
    stream: OriginStream,
    feeds: readonly StreamLink[],
    slots: readonly number[],
    wanted: number,
    now: number,
  ): void {
    const isCrowded = feeds.length > FIRST_FEEDS;
    const times = feeds.map(link => link.times);
    const [worth, most] = isCrowded ? [-Infinity, FIRST_FEEDS] : [FEED_WORTH_MS, wanted];
    const kept = chooseFeeds(times, slots, this.repair.costMs(stream), worth, most);
    for (let i = 0; i < feeds.length; i++) {
      if (kept.includes(i)) continue;
      if (isCrowded) this.tell(feeds[i]!, Wish.silent, now);
      else if (this.mayChoke(feeds[i]!, feeds, feeds[kept[0]!]!)) {
        this.tell(feeds[i]!, Wish.lazy, now);
        return;
      }
    }
  }

  /** Whether the turn of this feed has come, and another one is left that does not hear the stream from us. */
  private mayChoke(feed: StreamLink, feeds: readonly StreamLink[], best: StreamLink): boolean {
    if (!feeds.some(other => other !== feed && other.isIndependent)) return false;
    const nearness = (best.peer.roundTrip.smoothedMs ?? 1) / (feed.peer.roundTrip.smoothedMs ?? 1);
    const probability = Math.max(LEAST_CHOKE_PROBABILITY, CHOKE_PROBABILITY * Math.min(1, nearness));
    return randomUnit(this.context.options.random) < probability;
  }

  private chooseAnnouncers(stream: OriginStream, now: number): void {
    const choked = this.peers.links.map(peer => stream.link(peer)).filter(link => !link.isFeed);
    for (const [link, wish] of announcerWishes(
      choked,
      stream.choices,
      stream.repairedShare,
      this.context.options.random,
    )) {
      if (wish !== link.ours) this.tell(link, wish, now);
    }
  }

  /** A stream whose last feed went away, or was choked, takes the link that would come next. */
  private ensureFeed(stream: OriginStream, now: number): void {
    if (!stream.hasWishes) return;
    let next: StreamLink | undefined;
    for (const peer of this.peers.links) {
      const link = stream.link(peer);
      if (link.isFeed) return;
      if (next === undefined || (link.behindMs ?? Infinity) < (next.behindMs ?? Infinity)) next = link;
    }
    if (next !== undefined) this.graft(next, now);
  }

  /** The peer acts against what we told it: the frame may have been lost. */
  private repeat(link: StreamLink, now: number): void {
    const patience = Math.max(WISH_REPEAT_MS, 2 * (link.peer.roundTrip.smoothedMs ?? 0));
    if (now - link.toldAt >= patience) this.tell(link, link.isFeed ? Wish.eager : link.ours, now);
  }

  private tell(link: StreamLink, wish: Wish, now: number, from = 0): void {
    const { stream, peer } = link;
    const { writer } = this.context;
    link.ours = wish;
    link.toldAt = now;
    stream.hasWishes = true;
    writer.reset();
    writer.array(5);
    writer.uint(Frame.wish);
    writer.bytes(stream.idBytes);
    writer.uint(stream.boot);
    writer.uint(wish);
    writer.uint(from);
    this.peers.send(peer, Priority.control, writer.take());
  }

  /** The stream was quiet: everything floods again. The other side of each link has seen the same silence. */
  private calm(stream: OriginStream): void {
    for (const link of stream.links.values()) link.reset();
    stream.hasWishes = false;
    stream.arrivalTimes = undefined;
    stream.timedAtChoice = 0;
    stream.choices = 0;
    stream.starved = 0;
  }
}

/** By how much a choked link surpasses what it takes to become a feed, ms; 0 or less when it does not. */
function graftPromiseMs(link: StreamLink): number {
  const { leadMs, behindMs = 0, deviationMs, comparisons } = link;
  if (comparisons < LEAST_COMPARISONS) return 0;
  return Math.max(leadMs - GRAFT_LEAD_MS, -behindMs - Math.max(SWAP_LEAD_MS, deviationMs));
}
