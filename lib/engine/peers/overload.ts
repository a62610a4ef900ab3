/**
 * What comes in may wait so long, ms, until it is dealt with; longer, and the node is behind. Less, and a burst that is dealt
 * with in two or three turns counts; more, and heartbeats wait behind data before anybody slows down.
 */
export const OVERLOAD_MS = 25;

/** Of its window a node that is behind takes back at most this share at a time. More: senders stand idle afterwards. */
export const WINDOW_CUT = 0.5;

/** And it keeps this share of it. 0: after a long handler nothing comes any more, however little there is to do. */
export const LEAST_WINDOW_SHARE = 1 / 16;

/** The window doubles in this time, ms, after the node was behind last. Less: it is behind again at once. */
export const WINDOW_DOUBLING_MS = 500;

/**
 * A node that does not keep up offers less room to those who send to it, until what waits is dealt with in time again: so data
 * waits with the senders, where it is bounded and the most urgent goes first, and not in our socket, in front of heartbeats.
 */
export class Overload {
  /** How often the window was cut. */
  cuts = 0;
  private share = 1;
  private overloadedAt = -Infinity;
  private cutAt = -Infinity;

  /** Something that came in, or a timer, had to wait so long. */
  waited(ms: number, now: number): void {
    if (ms < OVERLOAD_MS) return;
    // It grew only as long as nothing waited.
    this.share = Math.max(this.share, this.windowShare(now - ms));
    this.overloadedAt = now;
    // What was sent under the last window has to be dealt with first: before that a cut cannot show.
    if (now - this.cutAt < ms) return;
    this.cutAt = now;
    this.cuts++;
    this.share = Math.max(LEAST_WINDOW_SHARE, this.share * Math.max(WINDOW_CUT, OVERLOAD_MS / ms));
  }

  /** Whether it was behind just now. */
  isBehind(now: number): boolean {
    return this.share < 1 && this.windowShare(now) < 1;
  }

  metrics(now: number): Record<string, number> {
    return { overloads: this.cuts, receiveWindowShare: this.windowShare(now) };
  }

  /** What is offered of the room that there is, 0 to 1. */
  windowShare(now: number): number {
    return Math.min(1, this.share * 2 ** (Math.max(0, now - this.overloadedAt) / WINDOW_DOUBLING_MS));
  }
}
