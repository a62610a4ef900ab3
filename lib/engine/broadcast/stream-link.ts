import type { Peer } from '../peers/peer.js';
import type { OriginStream } from './origin-stream.js';
import { TIMED_SEGMENTS } from './arrival-times.js';

/** What the receiving side of a link wants of a stream. */
export const Wish = {
  /** Nothing was said: small messages come at once, large ones are offered. */
  unset: 0,
  /** Every segment at once. */
  eager: 1,
  /** Choked: no segments, but soon the news of what the sender holds. */
  lazy: 2,
  /** Choked, and no news either before the stream pauses. */
  silent: 3,
} as const;
export type Wish = (typeof Wish)[keyof typeof Wish];

/** Gain of the smoothed lead and delay of a choked link: about the last eight announcements count. */
const SMOOTHING = 1 / 8;

/** Announcements that have to be compared before a link is judged by them. */
export const LEAST_COMPARISONS = 6;

/** What one link is to one stream. */
export class StreamLink {
  /** Highest sequence that the peer proved to hold, by a segment, an announcement or an offer. */
  held = 0;
  /** What the peer wants of this stream from us. */
  theirs: Wish = Wish.unset;
  /** What we want of it from the peer, and when we last said so. */
  ours: Wish = Wish.unset;
  toldAt = -Infinity;
  /** Whether an announcement waits to be sent. */
  isAnnounced = false;
  /** When each timed segment came over this link; NaN where none did. Only while the stream is busy. */
  times: Float64Array | undefined;
  /** The last announcement: the sequence and when the peer had it, in our time. */
  announcedSequence = 0;
  announcedAt = 0;
  /** By how much a copy over this choked link would have come earlier than the first that came, smoothed, ms; not below 0. */
  leadMs = 0;
  /** How long after the first copy the peer had it, smoothed, ms; undefined before the first announcement. */
  behindMs: number | undefined;
  /** Mean deviation of that, ms. */
  deviationMs = 0;
  /** Announcements that this is of. */
  comparisons = 0;
  /** Copies that came in vain over this link, less those that came first: of large messages, or while we were behind. */
  idleCopies = 0;
  /** When the peer was last sent what we held already. */
  servedAt = -Infinity;

  constructor(
    readonly stream: OriginStream,
    readonly peer: Peer,
  ) {}

  /** Whether the peer should send segments of small messages at once. */
  get isFeed(): boolean {
    return this.ours <= Wish.eager;
  }

  /** Whether the peer has choked us, and so hears the stream elsewhere. One that has not lacks whatever we lack. */
  get isIndependent(): boolean {
    return this.theirs > Wish.eager || this.peer.id === this.stream.id;
  }

  provedToHold(sequence: number): void {
    if (sequence > this.held) this.held = sequence;
  }

  /** Notes when a timed segment came. */
  time(slot: number, at: number): void {
    this.times ??= new Float64Array(TIMED_SEGMENTS).fill(NaN);
    if (!(this.times[slot]! <= at)) this.times[slot] = at;
  }

  /** The peer had a segment so long after (or before, if negative) our first copy, ms. */
  compared(behindMs: number): void {
    this.comparisons++;
    this.leadMs += SMOOTHING * (Math.max(0, -behindMs) - this.leadMs);
    if (this.behindMs === undefined) this.behindMs = behindMs;
    const error = behindMs - this.behindMs;
    this.behindMs += SMOOTHING * error;
    this.deviationMs += SMOOTHING * (Math.abs(error) - this.deviationMs);
  }

  /** Forgets what was agreed and measured: the stream was quiet. */
  reset(): void {
    this.theirs = Wish.unset;
    this.ours = Wish.unset;
    this.toldAt = -Infinity;
    this.times = undefined;
    this.leadMs = 0;
    this.behindMs = undefined;
    this.deviationMs = 0;
    this.comparisons = 0;
    this.idleCopies = 0;
  }
}
