import { Timer, TimerHeap } from '../../../lib/engine/timer-heap.js';

/** The clock of one simulation: calls back in the order of time, those of one instant in the order of asking. */
export class Clock {
  now = 0;
  private readonly timers = new TimerHeap();

  at(time: number, callback: () => void): void {
    this.timers.set(new Timer(callback), Math.max(time, this.now));
  }

  run(until: number): void {
    while (this.timers.deadline() <= until) {
      this.now = this.timers.deadline();
      this.timers.fireDue(this.now);
    }
    this.now = until;
  }
}

/** One link with a drop-tail buffer. Rates in bytes per ms. */
export class Bottleneck {
  /** How long each datagram waited, or would have, ms. */
  waits: number[] = [];
  passed = 0;
  dropped = 0;
  private freeAt = 0;

  constructor(
    private readonly clock: Clock,
    public rate: number,
    private readonly bufferMs: number,
  ) {}

  /** False when the buffer is full. */
  send(bytes: number, onArrival: () => void): boolean {
    const { now } = this.clock;
    const wait = Math.max(0, this.freeAt - now);
    this.waits.push(wait);
    if (wait > this.bufferMs) {
      this.dropped++;
      return false;
    }
    this.passed++;
    this.freeAt = Math.max(this.freeAt, now) + bytes / this.rate;
    this.clock.at(this.freeAt, onArrival);
    return true;
  }

  /** Begins counting anew. */
  reset(): void {
    this.waits = [];
    this.passed = 0;
    this.dropped = 0;
  }

  get lossShare(): number {
    return this.dropped / (this.passed + this.dropped);
  }

  waitPercentile(share: number): number {
    const sorted = this.waits.toSorted((a, b) => a - b);
    return sorted[Math.floor(share * (sorted.length - 1))]!;
  }
}
