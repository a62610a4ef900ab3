import type { VirtualHomie } from '../../lib/testing/virtual-cluster.js';
import type { VirtualNetwork } from '../../lib/testing/virtual-network.js';

/** How many datagrams of a socket are read in one turn of the event loop at most: `uv__udp_recvmsg` in libuv's src/unix/udp.c. */
const MOST_READ_IN_A_TURN = 32;

/** From the last datagram of a turn until timers have theirs, ms: in virtual time what has the same instant begins with timers. */
const BETWEEN_MS = 0.001;

/**
 * A process with a processor of its own, in virtual time: it handles one datagram after another, whichever of its homies they
 * are for. While a turn of its event loop lasts, none of them does anything else; timers come between two turns.
 */
export class BusyProcess {
  readonly homies: VirtualHomie[] = [];
  /** When everything received so far is handled, monotonic ms. */
  private busyUntil = 0;
  private standsStillUntil = 0;
  private isInTurn = false;

  constructor(
    private readonly network: VirtualNetwork,
    /** Processor time for each datagram received, with all that follows from it, ms. */
    private readonly datagramMs: number,
  ) {}

  /** One more datagram: returns when it is handled. */
  receive(now: number): number {
    this.busyUntil = Math.max(now, this.busyUntil) + this.datagramMs;
    this.work();
    return this.busyUntil;
  }

  /** It does nothing at all for so long. */
  standStill(ms: number): void {
    this.standsStillUntil = this.network.now() + ms;
    this.busyUntil = Math.max(this.busyUntil, this.network.now()) + ms;
    this.work();
  }

  kill(): void {
    for (const homie of this.homies) homie.kill();
  }

  private work(): void {
    if (!this.isInTurn && this.busyUntil > this.network.now()) this.beginTurn();
  }

  private beginTurn(): void {
    const now = this.network.now();
    this.isInTurn = true;
    for (const homie of this.running()) homie.pause();
    const longest = MOST_READ_IN_A_TURN * this.homies.length * this.datagramMs;
    const until = this.standsStillUntil > now ? this.standsStillUntil : Math.min(this.busyUntil, now + longest);
    this.network.schedule(until + BETWEEN_MS, () => this.endTurn());
  }

  private endTurn(): void {
    for (const homie of this.running()) homie.resume();
    // What they have to send because of all that leaves first.
    this.network.endOfTurn(() => {
      this.isInTurn = false;
      this.work();
    });
  }

  private running(): VirtualHomie[] {
    return this.homies.filter(({ isRunning }) => isRunning);
  }
}
