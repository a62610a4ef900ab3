import type { BroadcastOrigin } from '../engine-event.js';
import { type NodeId, nodeIdFromBytes, sameNodeId } from '../node-id.js';
import { LANES } from '../peers/fair-queue.js';
import type { Peer } from '../peers/peer.js';
import type { Timer } from '../timer-heap.js';
import { streamTag } from '../wire/stream-tag.js';
import type { ArrivalTimes } from './arrival-times.js';
import { DedupeWindow } from './dedupe-window.js';
import type { Gap, Request } from './gap.js';
import type { LargeMessage } from './large-messages.js';
import { Lateness } from './lateness.js';
import type { SegmentIndex } from './segment-index.js';
import { StreamLink } from './stream-link.js';

/**
 * Most origins a node keeps streams of. A stream is about 1.5 kB when quiet. The limit is above the largest member
 * table, so only restarts in masses could fill it; then new origins have to wait until idle ones are swept.
 */
export const MAX_ORIGINS = 32_768;

/** A stream silent for this long is forgotten, ms: longer than anything can still be under way or in a segment cache. */
export const ORIGIN_IDLE_MS = 10 * 60_000;

/** What a node knows of one life of one origin: which segments arrived, which are owed, and what each link is to it. */
export class OriginStream {
  readonly id: NodeId;
  readonly idBytes: Uint8Array;
  /** By this its segments are known that do not tell their origin. */
  tag: number;
  window: DedupeWindow;
  /** When the last new segment came, or was made. */
  activeAt: number;
  /** Highest sequence that arrived here, and when. */
  newest: number;
  newestAt: number;
  /** Who brought it: the one neighbour that we have not shown that we hold it. */
  newestFrom: Peer | undefined;
  /** In which lane of the outboxes its segments wait. */
  readonly lane: number;
  /** Where its segments stand in the cache; undefined while there are none. */
  cached: SegmentIndex | undefined;
  /** Our own stream: nobody can tell us anything of it but how far they have it. */
  isOwn = false;
  /** Its newest segment belongs to a large message, and so waits for the pacers of the links. */
  isBulk = false;
  /** What links proved to hold, want, and bring: whom to send to, whom to ask, whom nobody needs to tell. */
  readonly links = new Map<Peer, StreamLink>();
  /** Whether anybody said what it wants of this stream: without it, every link gets everything. */
  hasWishes = false;
  /** How busy it is: a leaky bucket of messages. */
  heat = 0;
  /** Mean time between its messages, smoothed, ms. */
  intervalMs = Infinity;
  /** Highest sequence that anybody announced. */
  announced = 0;
  /** When copies came; only while it is busy. */
  arrivalTimes: ArrivalTimes | undefined;
  /** How many timed segments there were at the last choice of feeds, and how many choices there were. */
  timedAtChoice = 0;
  choices = 0;
  /** Segments in a row that came only because we asked. */
  starved = 0;
  /** Share of its segments that came only because we asked, smoothed. */
  repairedShare = 0;
  readonly lateness = new Lateness();
  /** The gap that is being closed. */
  gap: Gap | undefined;
  lastRequest: Request | undefined;
  /** How often the pause after its newest segment was used to tell of it, and the timer of the next time. */
  pauseRound = 0;
  pauseTimer: Timer | undefined;
  /** The large message that is under way. */
  large: LargeMessage | undefined;
  private told: BroadcastOrigin | undefined;
  /** Next stream whose id begins with the same 32 bits. */
  next: OriginStream | undefined = undefined;

  /** @param owedFrom the first sequence this node wants. */
  constructor(
    idBytes: Uint8Array,
    public boot: number,
    owedFrom: number,
    now: number,
  ) {
    this.idBytes = idBytes.slice();
    this.id = nodeIdFromBytes(idBytes);
    this.tag = streamTag(idBytes, boot);
    this.lane = word(idBytes) & (LANES - 1);
    this.window = new DedupeWindow(owedFrom, now);
    this.activeAt = now;
    this.newest = owedFrom - 1;
    this.newestAt = now;
  }

  /** The origin started anew: forgets its former life. Returns how many of its segments were owed and never came. */
  restart(boot: number, owedFrom: number, now: number): number {
    const { window } = this;
    const lost = -window.lost;
    window.giveUp(window.highest);
    this.boot = boot;
    this.tag = streamTag(this.idBytes, boot);
    this.window = new DedupeWindow(owedFrom, now);
    this.newest = owedFrom - 1;
    this.newestAt = now;
    this.links.clear();
    this.hasWishes = false;
    this.heat = 0;
    this.intervalMs = Infinity;
    this.announced = 0;
    this.arrivalTimes = undefined;
    this.timedAtChoice = 0;
    this.choices = 0;
    this.starved = 0;
    this.repairedShare = 0;
    this.lastRequest = undefined;
    return lost + window.lost;
  }

  /** What is told of the origin, which is in this zone; the same object as long as the zone is the same. */
  originIn(zone: string | undefined): BroadcastOrigin {
    if (this.told === undefined || this.told.zone !== zone) this.told = { id: this.id, zone };
    return this.told;
  }

  link(peer: Peer): StreamLink {
    let link = this.links.get(peer);
    if (link === undefined) this.links.set(peer, (link = new StreamLink(this, peer)));
    return link;
  }

  /** A new segment arrived, or was made. */
  arrived(sequence: number, from: Peer | undefined, now: number): void {
    this.activeAt = now;
    if (sequence <= this.newest) return;
    this.newest = sequence;
    this.newestFrom = from;
    this.newestAt = now;
  }
}

/** All streams, found by the bytes of the origin's id without making a string of them. */
export class OriginTable {
  private readonly byWord = new Map<number, OriginStream>();
  size = 0;

  find(idBytes: Uint8Array): OriginStream | undefined {
    let stream = this.byWord.get(word(idBytes));
    while (stream !== undefined && !sameNodeId(stream.idBytes, idBytes)) stream = stream.next;
    return stream;
  }

  /** False when the table is full. */
  add(stream: OriginStream): boolean {
    if (this.size >= MAX_ORIGINS) return false;
    const key = word(stream.idBytes);
    stream.next = this.byWord.get(key);
    this.byWord.set(key, stream);
    this.size++;
    return true;
  }

  remove(stream: OriginStream): void {
    const key = word(stream.idBytes);
    const first = this.byWord.get(key);
    if (first === stream) {
      if (stream.next === undefined) this.byWord.delete(key);
      else this.byWord.set(key, stream.next);
      this.size--;
      return;
    }
    for (let before = first; before !== undefined; before = before.next) {
      if (before.next !== stream) continue;
      before.next = stream.next;
      this.size--;
      return;
    }
  }

  *[Symbol.iterator](): IterableIterator<OriginStream> {
    for (const first of this.byWord.values()) {
      let stream: OriginStream | undefined = first;
      while (stream !== undefined) {
        const { next }: OriginStream = stream;
        yield stream;
        stream = next;
      }
    }
  }
}

function word(idBytes: Uint8Array): number {
  return idBytes[0]! | (idBytes[1]! << 8) | (idBytes[2]! << 16) | (idBytes[3]! << 24);
}
