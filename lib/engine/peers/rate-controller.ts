import { ContestWindow } from './contest.js';
import { EXCESS_LOSS, Losses, lossesExceed } from './losses.js';
import { isEmpty, isFilling, isLonger, isStanding, type Round } from './round.js';

/** Rates are in bytes per ms, which is kB/s. */

/** Rounds are a round trip, but at least this, ms: shorter ones of a near peer would be told from too few datagrams. */
export const LEAST_ROUND_MS = 25;

/** A full datagram, bytes. */
const DATAGRAM_BYTES = 1_200;

/** What a link sends in its first round (RFC 9002, section 7.2, and RFC 6928). */
export const INITIAL_ROUND_BYTES = 12_000;

/** Slowest rate: a full datagram in half a second. Small broadcasts and repairs flow on, however bad a link seems. */
export const LEAST_RATE = 2.4;

/** Start-up doubles the rate each round, as slow start does, until the queue grows or the rate of arrival does not. */
const START_UP_GAIN = 2;
/** Queue at which start-up ends, ms. */
export const START_UP_QUEUE_MS = 8;
/** Arrival has to grow by this factor when the rate doubles; it may fail to this many rounds in a row (as in BBR). */
const START_UP_GROWTH = 1.25;
const START_UP_FLAT_ROUNDS = 3;
/** And not so large a share may be missing, of this many datagrams or more. */
const MOST_START_UP_LOSS = 0.5;
const START_UP_SAMPLE = 30;

/** Of what arrived, so much is sent while a queue drains: 15 ms are gone in 100 ms. */
export const DRAIN_SHARE = 0.85;
/** And so much when it has drained: less than arrived, so that of two flows the larger one gives more. */
export const AFTER_DRAIN_SHARE = 0.95;

/**
 * Where less than this share arrives of what did when a queue stood last, somebody else is growing: then the rate stays what it was while
 * the queue drained, and the other one catches up sooner (fast convergence, RFC 9438 section 4.7). Less: a large flow stays ahead for
 * minutes; more: noise slows down who is alone.
 */
export const SHRINKING_SHARE = 0.98;

/**
 * What arrives is believed to have fallen to this share from one round to the next, at most, if nothing is lost: more than that is
 * believed of two rounds in a row. Less: a process that stood still for a moment, at either end, looks like a path that has become slow, and it
 * takes the rate a second to come back; more: a path that really has gets a queue.
 */
export const MOST_FALL = 0.85;

/** Where less than this share of the rate arrives in the round after, it is so: the path has become slower. */
const SLOWER_SHARE = 0.7;

/**
 * A round of so many datagrams of which a smaller share arrives than this of what the path lets through says what it takes, even if
 * it does so while a queue drains. Without that a path that becomes twenty times as slow meanwhile is flooded for seconds.
 */
const FLOODED_SAMPLE = 100;
const FLOODED_SHARE = 0.5;

/**
 * How much longer than reckoned a queue may take to drain before somebody else must be filling it who does not mind: then
 * it is contested.
 */
const DRAIN_PATIENCE = 2;
const DRAIN_ROUNDS = 4;

/**
 * The rate grows each round by a datagram in a round, the same for all, so that of two flows the smaller one catches up; by
 * no more than this share of it, or slow links would get a queue at once.
 */
const GROWTH = DATAGRAM_BYTES / LEAST_ROUND_MS;
const MOST_GROWTH_SHARE = 0.08;
/** By half a datagram more where that is little. Less, and of two flows on a fast link the larger one keeps ahead for long. */
const FAST_GROWTH = GROWTH / 2;
const MOST_FAST_GROWTH_SHARE = 0.008;
/** And by this share more, or it took the fastest ones for ever: more of that, and the larger of two flows keeps ahead. */
const LEAST_GROWTH_SHARE = 0.0005;
/** While a queue is growing, by no more than this share: it is fast enough, and the buffer of a slow path is soon full. */
const FILLING_GROWTH_SHARE = 0.01;
/** After so many rounds without a queue growth doubles: there is room. It doubles again after as many more, up to the most. */
const GROWTH_ROUNDS = 8;
const MOST_GROWTH_DOUBLINGS = 5;

/** In a contest, so long after the last time, ms, a loss is followed by a look whether the other is still there. */
const LOOK_INTERVAL_MS = 10_000;
/** How long one looks, ms, and at which share of the rate. */
const LOOK_MS = 64;
const LOOK_SHARE = 0.25;

/**
 * Of a round that was too short to tell a rate from, no larger share than this is taken for lost: what is found missing in it may be
 * of rounds before. Less, and a queue is left standing; more, and late news of losses stops everything.
 */
const MOST_MISSING = 0.5;

/**
 * Without a report for this long, ms, or four round trips, or so many datagrams at the rate, it is halved (RFC 5348, section 4.3, says
 * two datagrams). Fewer, and a slow link on which reports get lost never becomes a fast one; more, and a dead one is sent more.
 */
export const NO_REPORT_MS = 1_000;
const NO_REPORT_ROUND_TRIPS = 4;
const NO_REPORT_DATAGRAMS = 8;

/** A rate that is not used is halved so often, ms, down to that of the start (RFC 7661). */
export const IDLE_HALVING_MS = 5_000;

export type RateMode = 'start' | 'steady' | 'drain' | 'contest' | 'look';

/**
 * How fast a link may send. It finds out what arrives, and keeps the queue on the way short: up a little each round, down to
 * less than what arrives when a queue stands. Losses alone count only if there are more than the path has by itself. Where
 * somebody else keeps the queue full, that would mean to starve: there it competes as CUBIC does (RFC 9438).
 */
export class RateController {
  /** 0 until it starts. */
  rate = 0;
  mode: RateMode = 'start';
  private until = 0;
  private roundsWithoutQueue = 0;
  private flatRounds = 0;
  private arrivalBefore = 0;
  /** What arrived in the last round, and in the one before; 0 where that does not tell what the path takes. */
  private arrival = 0;
  private lastArrival = 0;
  /** Whether less arrived before the drain than was believed. */
  private isDoubted = false;
  /** Whether a queue was growing in the last round. */
  private wasFilling = false;
  private halvedAt = -Infinity;
  private readonly window = new ContestWindow();
  /** What arrived when a queue stood last, and whether that was less than the time before. */
  private cutTo = 0;
  private isShrinking = false;
  private lookedAt = -Infinity;

  private initialRate = 0;
  private readonly losses = new Losses();

  /** @param initialRate that of the first round, and after a long silence. */
  start(initialRate: number): void {
    this.initialRate = Math.max(LEAST_RATE, initialRate);
    this.rate = this.initialRate;
  }

  /** Share of datagrams that the path loses by itself; 0 while it is not known. */
  get pathLoss(): number {
    return this.losses.ofPath;
  }

  /** A round is over. */
  onRound(round: Round, now: number): void {
    this.halvedAt = now;
    this.lastArrival = this.arrival;
    this.arrival = round.isTelling && this.mode !== 'start' ? round.arrivalRate : 0;
    const isExcess = this.losses.areExcessive(round, isEmpty(round), now);
    switch (this.mode) {
      case 'start':
        this.startUp(round, isExcess, now);
        break;
      case 'steady':
        this.steady(round, isExcess, now);
        break;
      case 'drain':
        this.drain(round, now);
        break;
      case 'contest':
        this.contest(round, now);
        break;
      case 'look':
        this.look(round, now);
        break;
    }
    this.rate = Math.max(LEAST_RATE, this.rate);
  }

  /** Whether so long a queue ends the round at once: each round of start-up doubles what comes too much. */
  isQueueTooLong(queueMs: number, noiseMs: number): boolean {
    return this.mode === 'start' && isLonger(START_UP_QUEUE_MS, queueMs, noiseMs);
  }

  /** Nothing was reported since then, though it was asked for; to be called now and then. */
  onSilence(roundTripMs: number, since: number, now: number): void {
    const sendingMs = (NO_REPORT_DATAGRAMS * DATAGRAM_BYTES) / this.rate;
    const patience = Math.max(NO_REPORT_MS, NO_REPORT_ROUND_TRIPS * roundTripMs, sendingMs);
    if (now - Math.max(since, this.halvedAt) < patience) return;
    this.halvedAt = now;
    this.rate = Math.max(LEAST_RATE, this.rate / 2);
    if (this.mode === 'start') this.enter('steady');
  }

  /** The link was not used for some rounds: whatever queue there was is gone. */
  onPause(): void {
    if (this.mode === 'start') return;
    if (this.mode === 'drain' && !this.isShrinking) this.rate *= AFTER_DRAIN_SHARE / DRAIN_SHARE;
    if (this.mode === 'look') this.rate /= LOOK_SHARE;
    this.enter('steady');
  }

  /** The link was not used for this long. */
  onIdle(idleMs: number, now: number): void {
    const halvings = Math.floor(idleMs / IDLE_HALVING_MS);
    if (halvings < 1) return;
    this.halvedAt = now;
    if (this.rate > this.initialRate) this.rate = Math.max(this.initialRate, this.rate / 2 ** halvings);
    // What is not known any more is found as at first.
    this.cutTo = 0;
    this.enter('start');
  }

  private startUp(round: Round, isExcess: boolean, now: number): void {
    if (this.isQueueTooLong(round.queueMs, round.noiseMs)) return this.cut(round, now);
    if (round.missing > MOST_START_UP_LOSS * round.sent && round.sent >= START_UP_SAMPLE) return this.cut(round, now);
    if (!round.isLimited) return;
    if (round.isTelling) {
      const hasGrown = round.arrivalRate >= START_UP_GROWTH * this.arrivalBefore;
      this.flatRounds = hasGrown ? 0 : this.flatRounds + 1;
      this.arrivalBefore = Math.max(this.arrivalBefore, round.arrivalRate);
      if (this.flatRounds >= START_UP_FLAT_ROUNDS || (isExcess && !hasGrown)) return this.cut(round, now);
    }
    this.rate *= START_UP_GAIN;
  }

  private steady(round: Round, isExcess: boolean, now: number): void {
    // A queue that was not there a round ago may be a process that stood still for a moment.
    const isCertain = this.wasFilling || this.hasLost(round);
    this.wasFilling = isFilling(round);
    if ((isStanding(round) && isCertain) || isExcess || this.isFlooded(round)) {
      if (round.isLimited) this.cut(round, now);
      return;
    }
    if (!round.isLimited) return;
    if (isEmpty(round)) this.roundsWithoutQueue++;
    else if (this.wasFilling) this.roundsWithoutQueue = 0;
    const doublings = Math.min(MOST_GROWTH_DOUBLINGS, Math.floor(this.roundsWithoutQueue / GROWTH_ROUNDS));
    const most = this.wasFilling ? FILLING_GROWTH_SHARE * this.rate : Infinity;
    this.rate += Math.min(most, growth(this.rate) * 2 ** doublings) * round.growthShare;
  }

  /** Sends less than arrives until the queue is gone. */
  private cut(round: Round, now: number): void {
    const least = this.hasLost(round) ? 0 : (MOST_FALL * this.lastArrival) / (1 - this.pathLoss);
    this.isDoubted = this.bottleneck(round) < least;
    const believed = Math.max(this.bottleneck(round), least);
    this.isShrinking = believed < (SHRINKING_SHARE - 2 * this.chance(round)) * this.cutTo && !this.hasLost(round);
    this.cutTo = believed;
    this.rate = Math.min(this.rate, believed) * DRAIN_SHARE;
    const reckoned = round.queueMs / (1 - DRAIN_SHARE);
    this.enter('drain');
    this.until = now + DRAIN_PATIENCE * reckoned + DRAIN_ROUNDS * Math.max(LEAST_ROUND_MS, round.roundTripMs);
  }

  /** By which share of it what arrives in a round varies: reports are late by chance, and of a few datagrams the path loses more or less. */
  private chance({ noiseMs, ms, sent }: Round): number {
    return noiseMs / ms + Math.sqrt(this.pathLoss / ((1 - this.pathLoss) * sent));
  }

  /** How fast one would have to send for what arrives, less what the path loses by itself. */
  private bottleneck(round: Round): number {
    const passed = 1 - this.pathLoss;
    if (round.isTelling || this.isFlooded(round)) return round.arrivalRate / passed;
    const missing = Math.min(MOST_MISSING, Math.max(0, round.missing) / round.sent);
    return (this.rate * (1 - missing)) / passed;
  }

  /** Whether far less arrived than the path lets through: it takes that much and no more, whatever else there was in the round. */
  private isFlooded({ sent, missing }: Round): boolean {
    return sent >= FLOODED_SAMPLE && missing <= sent && sent - missing < FLOODED_SHARE * sent * (1 - this.pathLoss);
  }

  /** Whether more is missing than the path loses by itself: a process that stood still makes things late only. */
  private hasLost({ sent, missing }: Round): boolean {
    return lossesExceed({ settled: sent, lost: missing }, this.pathLoss, EXCESS_LOSS);
  }

  private drain(round: Round, now: number): void {
    if (this.isFlooded(round)) {
      this.rate = Math.min(this.rate, DRAIN_SHARE * this.bottleneck(round));
    } else if (isEmpty(round)) {
      if (!this.isShrinking) this.rate *= AFTER_DRAIN_SHARE / DRAIN_SHARE;
      this.enter('steady');
    } else if (now >= this.until) {
      if (isStanding(round)) this.beginContest(round, now);
      else this.enter('steady');
    } else if (this.isDoubted && round.isTelling) {
      // The path has become slower indeed, if no more than before arrives.
      this.isDoubted = false;
      if (round.arrivalRate < SLOWER_SHARE * this.rate) this.rate = DRAIN_SHARE * this.bottleneck(round);
    }
  }

  private beginContest(round: Round, now: number): void {
    this.rate /= DRAIN_SHARE;
    this.window.begin(this.rate * round.roundTripMs, now);
    this.lookedAt = now;
    this.enter('contest');
  }

  private contest(round: Round, now: number): void {
    if (isEmpty(round)) return this.enter('steady');
    if (!round.isLimited) return;
    const { roundTripMs } = round;
    const hasLost = lossesExceed(round, this.pathLoss, 0);
    const isNews = this.window.onRound(roundTripMs, this.bottleneck(round) * roundTripMs, hasLost, now);
    if (isNews && now - this.lookedAt >= LOOK_INTERVAL_MS) return this.beginLook(round, now);
    this.rate = this.window.bytes / roundTripMs;
  }

  /** Alone, the queue would soon be gone. */
  private beginLook(round: Round, now: number): void {
    this.enter('look');
    this.rate *= LOOK_SHARE;
    this.until = now + LOOK_MS + round.roundTripMs;
    this.lookedAt = this.until;
  }

  private look(round: Round, now: number): void {
    if (!isEmpty(round) && now < this.until) return;
    this.rate /= LOOK_SHARE;
    this.window.resume(now);
    this.enter(isEmpty(round) ? 'steady' : 'contest');
  }

  private enter(mode: RateMode): void {
    this.mode = mode;
    this.roundsWithoutQueue = 0;
    this.flatRounds = 0;
    this.arrivalBefore = 0;
    this.wasFilling = false;
  }
}

/** By how much a rate grows in one round. */
export function growth(rate: number): number {
  const fast = Math.min(FAST_GROWTH, MOST_FAST_GROWTH_SHARE * rate);
  return Math.min(GROWTH, MOST_GROWTH_SHARE * rate) + fast + LEAST_GROWTH_SHARE * rate;
}
