import { Pacer } from './pacer.js';
import { PathMeasurement, type Report } from './path-measurement.js';
import { IDLE_HALVING_MS, INITIAL_ROUND_BYTES, LEAST_ROUND_MS, RateController } from './rate-controller.js';
import type { RoundTrip } from './round-trip.js';

/** What a burst may be at least, bytes: ten full datagrams (RFC 9002, section 7.7). Less, and quiet links lose latency. */
export const LEAST_BURST_BYTES = 12_000;

/** Burst of a fast link, ms at its rate: event loops come late. More, and bursts become queues. */
export const BURST_MS = 4;

/** A report is asked for after this many bytes, if it was not sooner: about the initial round. */
export const REPORT_BYTES = 12_000;

/** At the start so often in a round trip, if that is long: a lost report would cost a doubling. */
const START_ASKINGS = 3;

/** While the rate holds something back, after this many: slow links need reports as often. */
const LEAST_REPORT_BYTES = 2_400;

/** And when this share of what may be under way has gone, without waiting for the end of the round. */
const REPORT_SHARE = 1 / 4;

/** And at the latest after this much of it, in units of `costOf`: a report in 64 KiB costs little. */
const MOST_REPORT_COST = 131_072;

/** A flow that sent nothing for so many rounds has paused: what arrived till then is no rate. */
const PAUSE_ROUNDS = 4;

/** To the same host at most what arrives in so many rounds may be under way: else heartbeats wait behind it. */
const LOCAL_ROUNDS = 2;

/**
 * What a datagram takes up in the socket buffer of its receiver besides twice its bytes: the kernel counts its own
 * bookkeeping, and rounds up to a power of two.
 */
export const DATAGRAM_COST_BYTES = 768;

/** What may be under way to a peer that has not told how much it takes, and at least, in the same measure. */
export const INITIAL_WINDOW_BYTES = 65_536;
export const LEAST_WINDOW_BYTES = 32_768;
const LEAST_LOCAL_WINDOW_BYTES = 131_072;

/**
 * The same to the same host, where a report comes back at once: a datagram at a time is enough for a peer that is behind, and many
 * who send to it together must not fill its socket.
 */
const LEAST_WINDOW_ON_HOST_BYTES = 4_096;

/**
 * A link that may not go on is asked again for a report after a round, or so many round trips; the first times as often, for
 * reports get lost, and then doubling.
 */
const REPEAT_ROUND_TRIPS = 1.25;
const PATIENT_ASKINGS = 4;
const MOST_ASKINGS = 10;

/** What may be unreported, in rounds: reports come once in each. More where reports get lost. */
const UNREPORTED_ROUNDS = 4;

/**
 * What is under way to one peer: how much may be, and how fast it may go, by what the peer reports. Of a link that is hardly
 * used no report is asked for.
 */
export class Flow {
  readonly control = new RateController();
  readonly path: PathMeasurement;
  /** What the peer takes at once, in units of `costOf`, as it told. */
  window = INITIAL_WINDOW_BYTES;
  /** When the rate held something back last, and since when it does so. */
  limitedAt = -Infinity;
  private limitedSince = -Infinity;
  /** When something had to wait for a report last. */
  private stalledAt = -Infinity;

  private readonly pacer = new Pacer(0, LEAST_BURST_BYTES);
  /** When data was sent last. */
  private sentAt = -Infinity;
  /** When a report was asked for last, and since when there is no answer. */
  private askedAt = -Infinity;
  private unansweredSince = -Infinity;
  /** How often in vain. */
  private askedInVain = 0;
  /** Data sent since: bytes, and what they cost. */
  private bytesSinceAsking = 0;
  private costSinceAsking = 0;

  /**
   * @param isPaced whether the path has a rate: to the same host there is nothing on the way but the receiver's buffer.
   * @param heartbeats the round trip that they measure.
   */
  constructor(
    private readonly isPaced: boolean,
    heartbeats: RoundTrip,
  ) {
    this.path = new PathMeasurement(heartbeats);
  }

  /** Whether there is a rate: data was sent, and not to the same host. */
  get hasRate(): boolean {
    return this.isPaced && this.control.rate > 0;
  }

  /** Bytes per ms. */
  get rate(): number {
    return this.isPaced ? this.control.rate : Infinity;
  }

  /** How fast goes what waits for the peer, bytes per ms: to the same host as fast as it took the last. */
  get drainRate(): number {
    return this.isPaced ? this.control.rate : this.path.arrivalRate;
  }

  /** How long a report that was asked for has not come, ms; 0 when none is missing. */
  silentFor(now: number): number {
    return this.unansweredSince > this.path.reportedAt ? now - this.unansweredSince : 0;
  }

  /** What was sent and is not reported, in units of `costOf`. */
  get underWay(): number {
    return costOf(this.path.bytesUnderWay, this.path.datagramsUnderWay);
  }

  /** Longest datagram that the window has room for, bytes: a peer that is behind gets shorter ones. */
  get longestDatagram(): number {
    return (this.window - DATAGRAM_COST_BYTES) / 2;
  }

  /** When data may go, ms; `now` or earlier when it may at once. To be called when there is some. */
  readyAt(now: number): number {
    if (now - this.sentAt >= LEAST_ROUND_MS) this.awake(now);
    if (this.underWay >= this.mostUnderWay()) {
      this.stalledAt = now;
      return Math.max(now + 1, this.askAgainAt);
    }
    if (!this.isPaced) return now;
    const readyAt = this.pacer.readyAt(now);
    if (readyAt > now) {
      // A slow rate is looked at once for each datagram only.
      const usualMs = Math.max(LEAST_ROUND_MS, (2 * FULL_BYTES) / this.control.rate);
      if (now - this.limitedAt > usualMs) this.limitedSince = now;
      this.limitedAt = now;
    }
    return readyAt;
  }

  /** A datagram went out. @param isData whether it counts against the rate. */
  sent(session: number, counter: number, bytes: number, isData: boolean, now: number): void {
    this.path.sent(session, counter, bytes, now);
    if (!isData) return;
    this.sentAt = now;
    this.bytesSinceAsking += bytes;
    this.costSinceAsking += costOf(bytes, 1);
    if (this.isPaced) this.pacer.take(bytes);
  }

  /** Whether to ask for a report now, which is then taken for done. To be called after a datagram, or in place of one. */
  shouldAsk(now: number): boolean {
    // Control that goes out by itself is no reason to ask.
    if (this.sentAt === now && this.bytesSinceAsking > 0) {
      const roundMs = (this.path.smoothedMs ?? 0) / (this.control.mode === 'start' ? START_ASKINGS : 1);
      const isRound = now - this.askedAt >= Math.max(LEAST_ROUND_MS, roundMs);
      const least = this.limitedAt > this.askedAt ? LEAST_REPORT_BYTES : REPORT_BYTES;
      const most = Math.min(MOST_REPORT_COST, REPORT_SHARE * this.mostUnderWay());
      if ((isRound && this.bytesSinceAsking >= least) || this.costSinceAsking >= most) return this.ask(now, false);
    }
    // Nothing can go on without a report that was asked for in vain.
    return this.stalledAt === now && now >= this.askAgainAt && this.ask(now, true);
  }

  /** @param session that the report is of. @param growthShare see `Round`. Whether it told something new. */
  onReport(session: number, report: Report, growthShare: number, now: number): boolean {
    const { path, control } = this;
    if (!path.take(session, report, control.mode === 'steady', now)) return false;
    this.askedInVain = 0;
    this.window = Math.max(this.isPaced ? LEAST_WINDOW_BYTES : LEAST_WINDOW_ON_HOST_BYTES, report.window);
    const isFull = this.isPaced && control.isQueueTooLong(path.reportedQueueMs, path.noiseMs);
    if (path.isRoundOver || (isFull && path.hasBegun)) this.endRound(growthShare, now);
    return true;
  }

  private endRound(growthShare: number, now: number): void {
    const { path, control } = this;
    const { roundMs } = path;
    // What the round tells of left a round trip ago.
    const since = path.roundAt - path.roundTripMs;
    path.endRound(now);
    if (!this.isPaced) return;
    const slackMs = Math.max(LEAST_ROUND_MS, FULL_BYTES / control.rate);
    control.onRound(
      {
        ...path.last,
        ms: roundMs,
        roundTripMs: Math.max(1, path.roundTripMs),
        queueMs: path.queueMs,
        noiseMs: path.noiseMs,
        arrivalRate: path.arrivalRate,
        isLimited: this.limitedAt >= since,
        isTelling:
          this.stalledAt < since &&
          this.limitedSince <= since + roundMs / 4 &&
          this.limitedAt >= path.reportedSentAt - slackMs,
        growthShare,
      },
      now,
    );
    this.applyRate(now);
  }

  /** Data may go on after a while: is it still known how? */
  private awake(now: number): void {
    const { path, control } = this;
    const idleMs = now - this.sentAt;
    const hasPaused = idleMs > PAUSE_ROUNDS * Math.max(LEAST_ROUND_MS, path.smoothedMs ?? 0);
    if (hasPaused) path.beginAnew(now);
    if (!this.isPaced) return;
    const before = control.rate;
    if (hasPaused) control.onPause();
    if (before === 0) control.start(INITIAL_ROUND_BYTES / Math.max(LEAST_ROUND_MS, path.roundTripMs));
    else if (idleMs >= IDLE_HALVING_MS) control.onIdle(idleMs, now);
    else if (this.unansweredSince > path.reportedAt) control.onSilence(path.roundTripMs, this.unansweredSince, now);
    if (control.rate !== before) this.applyRate(now);
  }

  private ask(now: number, isAgain: boolean): true {
    if (isAgain) this.askedInVain = Math.min(MOST_ASKINGS, this.askedInVain + 1);
    if (this.unansweredSince <= this.path.reportedAt) this.unansweredSince = now;
    this.askedAt = now;
    this.bytesSinceAsking = 0;
    this.costSinceAsking = 0;
    return true;
  }

  private get askAgainAt(): number {
    const patience = Math.max(LEAST_ROUND_MS, REPEAT_ROUND_TRIPS * (this.path.smoothedMs ?? 0));
    return this.askedAt + patience * 2 ** Math.max(0, this.askedInVain - PATIENT_ASKINGS);
  }

  /** What may be under way: what the peer takes at once, and what the path holds by itself. */
  private mostUnderWay(): number {
    const { path } = this;
    if (!this.isPaced) {
      const usual = LOCAL_ROUNDS * path.arrivalRate * LEAST_ROUND_MS;
      return Math.min(this.window, Math.max(LEAST_LOCAL_WINDOW_BYTES, costInFull(usual)));
    }
    const { rate, pathLoss } = this.control;
    // Without reports for so many times as long as usual nothing more is sent.
    const unreported = (UNREPORTED_ROUNDS * rate * (LEAST_ROUND_MS + path.roundTripMs)) / (1 - pathLoss);
    const most = Math.min(this.window + costInFull(rate * path.shortestRoundTripMs), costInFull(unreported));
    return Math.max(LEAST_WINDOW_BYTES, most);
  }

  private applyRate(now: number): void {
    const { rate } = this.control;
    this.pacer.setRate(rate, Math.max(LEAST_BURST_BYTES, rate * BURST_MS), now);
  }
}

/** What datagrams take up in a socket buffer. */
export function costOf(bytes: number, datagrams: number): number {
  return 2 * bytes + DATAGRAM_COST_BYTES * datagrams;
}

/** The same of full datagrams. */
function costInFull(bytes: number): number {
  return costOf(bytes, bytes / FULL_BYTES);
}

/** A full datagram, bytes. */
const FULL_BYTES = 1_200;
