import { Delay } from './delay.js';
import { LEAST_ROUND_MS } from './rate-controller.js';
import type { RoundTrip } from './round-trip.js';
import { SendHistory } from './send-history.js';

/** Round trip of a link before it was measured, ms. */
const UNKNOWN_ROUND_TRIP_MS = 100;

/** Gain of the smoothed round trip and of the share that is lost. */
const SMOOTHING = 1 / 8;

/** Noise of the delay of a path that is hardly known, and the most that is believed, as shares of its round trip. */
const PRESUMED_NOISE = 1 / 32;
const MOST_NOISE = 1 / 16;
const MOST_NEAR_NOISE_MS = 1;

/** What a peer reports of the datagrams that it got. */
export interface Report {
  /** Counter of the datagram that asked. */
  readonly counter: number;
  /** Datagrams of this session that arrived so far, and when that one did, by the peer's clock, ms. */
  readonly received: number;
  readonly arrivedAt: number;
  /** How much may be under way to it, in the units of `costOf`. */
  readonly window: number;
}

/** A place in the stream of datagrams to one peer, as a report tells it. */
interface Mark {
  counter: number;
  bytes: number;
  received: number;
  missing: number;
  lost: number;
  settled: number;
  /** NaN for the time before the first report. */
  arrivedAt: number;
}

/**
 * What reports tell of the path to one peer: its round trip, queue and losses, and how fast datagrams arrive. It is counted in
 * rounds: from one report to the first one of a datagram that left after it.
 */
export class PathMeasurement {
  /** From sending to report, ms; undefined before the first report. */
  smoothedMs: number | undefined;
  /** How fast datagrams arrived in the last round, bytes per ms, and how long they waited on the way, ms. */
  arrivalRate = 0;
  queueMs = 0;
  /** Share of datagrams that is lost, smoothed, and how many were. */
  lossShare = 0;
  datagramsLost = 0;
  /** When the last report came, and when the datagram had left that it is of. */
  reportedAt = -Infinity;
  reportedSentAt = -Infinity;
  /** How long that datagram waited on its way, ms. */
  reportedQueueMs = 0;
  /** When the round began, and how long it lasts as of the last report, ms. */
  roundAt = -Infinity;
  roundMs = 0;
  /** Datagrams of the last round. */
  readonly last = { sent: 0, missing: 0, lost: 0, settled: 0 };

  private readonly history = new SendHistory();
  private readonly delay = new Delay();
  private leastMs = Infinity;
  /** The session that the counters are of. */
  private session = -1;
  private readonly reported = newMark();
  private readonly begun = newMark();
  /** Counter of the first datagram that left after the round began. */
  private roundEnd = 0;
  private roundQueueMs = Infinity;
  /** Datagrams missing at the report before the last one, and its counter. */
  private missingBefore = 0;
  private counterBefore = -1;

  /** @param heartbeats the round trip that they measure, without a queue most of the time. */
  constructor(private readonly heartbeats: RoundTrip) {}

  /** Bytes, and datagrams, that were sent and are not reported. */
  get bytesUnderWay(): number {
    return this.history.bytes - this.reported.bytes;
  }

  get datagramsUnderWay(): number {
    return this.history.next - this.reported.counter - 1;
  }

  /** Datagrams of this session that had not arrived as of the last report: some may be late. */
  get datagramsMissing(): number {
    return this.reported.missing;
  }

  /** As well as it is known, ms. */
  get roundTripMs(): number {
    return this.smoothedMs ?? this.heartbeats.smoothedMs ?? UNKNOWN_ROUND_TRIP_MS;
  }

  get shortestRoundTripMs(): number {
    const shortest = Math.min(this.leastMs, this.heartbeats.minimumMs);
    return shortest === Infinity ? UNKNOWN_ROUND_TRIP_MS : shortest;
  }

  /** By how much delays vary without a queue, ms. Until it is known, it is presumed from the round trip. */
  get noiseMs(): number {
    const { delay, shortestRoundTripMs } = this;
    const noiseMs = delay.isNoiseKnown ? delay.noiseMs : Math.max(delay.noiseMs, shortestRoundTripMs * PRESUMED_NOISE);
    return Math.min(noiseMs, Math.max(MOST_NEAR_NOISE_MS, shortestRoundTripMs * MOST_NOISE));
  }

  /** Whether the datagram that the last report is of left in this round, and the round is long enough to tell a rate from. */
  get isRoundOver(): boolean {
    return this.reported.counter >= this.roundEnd && this.roundMs >= LEAST_ROUND_MS;
  }

  /** Whether it may be ended early all the same. */
  get hasBegun(): boolean {
    return this.reported.counter > this.begun.counter && this.roundMs >= LEAST_ROUND_MS / 4;
  }

  sent(session: number, counter: number, bytes: number, now: number): void {
    if (session !== this.session) this.begin(session);
    this.history.add(counter, bytes, now);
  }

  /**
   * Takes a report of this session; false when it tells nothing new, or what cannot be.
   * @param isSteady whether the queue hardly changes by what we do.
   */
  take(session: number, report: Report, isSteady: boolean, now: number): boolean {
    const { reported, history, delay } = this;
    const { counter, received, arrivedAt } = report;
    if (session !== this.session || counter <= reported.counter) return false;
    if (received < reported.received || received > history.next || !history.find(counter, found)) return false;
    const roundTripMs = now - found.sentAt;
    this.smoothedMs = roundTripMs + (1 - SMOOTHING) * ((this.smoothedMs ?? roundTripMs) - roundTripMs);
    this.leastMs = Math.min(this.leastMs, roundTripMs);
    const excessMs = roundTripMs - this.shortestRoundTripMs;
    this.reportedQueueMs = delay.sample(arrivedAt - found.sentAt, excessMs, isSteady, now);
    this.roundQueueMs = Math.min(this.roundQueueMs, this.reportedQueueMs);
    this.reportedAt = now;
    this.reportedSentAt = found.sentAt;
    this.settle(counter + 1 - received);
    reported.counter = counter;
    reported.bytes = found.bytes;
    reported.received = received;
    reported.arrivedAt = arrivedAt;
    const { begun } = this;
    // The first round has no earlier report: it lasts from the first datagram to this one.
    this.roundMs = Number.isNaN(begun.arrivedAt) ? now - this.roundAt : arrivedAt - begun.arrivedAt;
    return true;
  }

  /** Closes the round with the last report and begins the next. */
  endRound(now: number): void {
    const { reported, begun, last } = this;
    last.sent = reported.counter - begun.counter;
    last.missing = reported.missing - begun.missing;
    last.lost = reported.lost - begun.lost;
    last.settled = reported.settled - begun.settled;
    const arrived = Math.max(0, Math.min(last.sent, reported.received - begun.received));
    this.arrivalRate = ((reported.bytes - begun.bytes) * (arrived / last.sent)) / this.roundMs;
    this.lossShare += SMOOTHING * (last.lost / last.sent - this.lossShare);
    this.queueMs = this.roundQueueMs;
    this.datagramsLost += last.lost;
    Object.assign(begun, reported);
    this.beginRound(now);
  }

  /** After a pause: what was sent before it tells nothing of now. */
  beginAnew(now: number): void {
    const { history, begun, reported } = this;
    Object.assign(begun, reported);
    begun.counter = history.next - 1;
    begun.bytes = history.bytes;
    begun.received = history.next - Math.max(0, reported.missing);
    begun.arrivedAt = NaN;
    this.beginRound(now);
  }

  /** The path is another one. */
  moved(now: number): void {
    this.delay.reset();
    this.leastMs = Infinity;
    this.beginAnew(now);
  }

  private beginRound(now: number): void {
    this.roundAt = now;
    this.roundEnd = this.history.next;
    this.roundQueueMs = Infinity;
  }

  private begin(session: number): void {
    this.session = session;
    this.history.reset();
    this.missingBefore = 0;
    this.counterBefore = -1;
    Object.assign(this.reported, newMark());
    Object.assign(this.begun, newMark());
    this.roundEnd = 0;
  }

  /** What is missing in three reports in a row is lost; what is missing in one may be late. */
  private settle(missing: number): void {
    const { reported } = this;
    reported.lost = Math.max(reported.lost, Math.min(missing, reported.missing, this.missingBefore));
    reported.settled = this.counterBefore + 1;
    this.missingBefore = reported.missing;
    this.counterBefore = reported.counter;
    reported.missing = missing;
  }
}

function newMark(): Mark {
  return { counter: -1, bytes: 0, received: 0, missing: 0, lost: 0, settled: 0, arrivedAt: NaN };
}

const found = { sentAt: 0, bytes: 0 };
