import { WindowedMinimum } from './windowed-minimum.js';

/**
 * Losses above those the path has by itself that mean a queue too short to show as delay. What the path has by itself is
 * the least share in so long, ms: as with the delay, queues only ever add to it.
 */
export const EXCESS_LOSS = 0.02;
export const PATH_LOSS_WINDOW_MS = 15_000;
/** Datagrams, and ms, to tell a share of losses from: fewer, and chance looks like a cause. */
const LOSS_SAMPLE = 200;
const LOSS_SAMPLE_MS = 500;
/** Rounds after a queue in which losses may still be those of the queue. */
const CLEAN_ROUNDS = 3;
/** Standard deviations by which losses have to exceed the expected number. */
const LOSS_DEVIATIONS = 5;

/** Datagrams whose fate is known, and how many of them were lost. */
export interface SettledDatagrams {
  readonly settled: number;
  readonly lost: number;
}

/** Tells the losses that come of congestion from those that the path has by itself, however many these are. */
export class Losses {
  private readonly least = new WindowedMinimum(PATH_LOSS_WINDOW_MS);
  private cleanRounds = 0;
  /** Datagrams of the rounds since losses were judged last. */
  private judged = { settled: 0, lost: 0, ms: 0, hasQueue: false };

  /** Share of datagrams that the path loses by itself; 0 while it is not known. */
  get ofPath(): number {
    return this.least.value === Infinity ? 0 : this.least.value;
  }

  /** Takes a round; once there were enough to judge, returns whether they lost more than the path does by itself. */
  areExcessive(round: SettledDatagrams & { readonly ms: number }, hasNoQueue: boolean, now: number): boolean {
    const { judged } = this;
    judged.settled += round.settled;
    judged.lost += round.lost;
    judged.ms += round.ms;
    this.cleanRounds = hasNoQueue ? this.cleanRounds + 1 : 0;
    judged.hasQueue ||= this.cleanRounds < CLEAN_ROUNDS;
    if (judged.settled < LOSS_SAMPLE || judged.ms < LOSS_SAMPLE_MS) return false;
    if (!judged.hasQueue) this.least.sample(Math.max(0, judged.lost) / judged.settled, now);
    this.judged = { settled: 0, lost: 0, ms: 0, hasQueue: false };
    return lossesExceed(judged, this.ofPath, EXCESS_LOSS);
  }
}

/** Whether more was lost than a path with these losses would lose by chance, and so much more. */
export function lossesExceed({ settled, lost }: SettledDatagrams, pathLoss: number, excess: number): boolean {
  const expected = (pathLoss + excess) * settled;
  const deviation = Math.sqrt(settled * pathLoss * (1 - pathLoss));
  return lost > expected + LOSS_DEVIATIONS * deviation;
}
