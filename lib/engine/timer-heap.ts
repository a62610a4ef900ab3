/**
 * All deadlines of one engine in one binary heap: the engine's `deadline()` is the top, moving or cancelling a timer is
 * O(log n), and timers due at the same instant fire in the order they were set (the simulator's determinism needs that).
 */
export class TimerHeap {
  private readonly heap: Timer[] = [];
  private sequence = 0;
  private firedAt = -Infinity;

  /** When the next timer is due; Infinity when none is set. */
  deadline(): number {
    return this.heap.length === 0 ? Infinity : this.heap[0]!.at;
  }

  get size(): number {
    return this.heap.length;
  }

  /** Sets or moves the timer. A time that is over counts as now: else it would come before what is due already. */
  set(timer: Timer, at: number): void {
    timer.at = Math.max(at, this.firedAt);
    timer.sequence = this.sequence++;
    if (timer.position < 0) {
      timer.position = this.heap.length;
      this.heap.push(timer);
      this.rise(timer);
    } else {
      this.rise(timer);
      this.sink(timer);
    }
  }

  /** Sets the timer unless it is due earlier already. */
  setEarlier(timer: Timer, at: number): void {
    if (timer.position < 0 || timer.at > at) this.set(timer, at);
  }

  cancel(timer: Timer): void {
    const position = timer.position;
    if (position < 0) return;
    timer.position = -1;
    timer.at = Infinity;
    const last = this.heap.pop()!;
    if (last === timer) return;
    last.position = position;
    this.heap[position] = last;
    this.rise(last);
    this.sink(last);
  }

  /** Fires what is due at `now`, once each: a timer that sets itself anew for `now` waits for the next call. */
  fireDue(now: number): void {
    this.firedAt = now;
    const until = this.sequence;
    for (;;) {
      const timer = this.heap[0];
      if (timer === undefined || timer.at > now || timer.sequence >= until) return;
      this.cancel(timer);
      timer.fire(now);
    }
  }

  private rise(timer: Timer): void {
    const heap = this.heap;
    let position = timer.position;
    while (position > 0) {
      const above = (position - 1) >> 1;
      const other = heap[above]!;
      if (!isBefore(timer, other)) break;
      heap[position] = other;
      other.position = position;
      position = above;
    }
    heap[position] = timer;
    timer.position = position;
  }

  private sink(timer: Timer): void {
    const heap = this.heap;
    let position = timer.position;
    for (;;) {
      let below = 2 * position + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      const other = heap[below]!;
      if (!isBefore(other, timer)) break;
      heap[position] = other;
      other.position = position;
      position = below;
    }
    heap[position] = timer;
    timer.position = position;
  }
}

/** One deadline. Made once by its owner and set again and again; `fire` is called with the time of the call. */
export class Timer {
  /** When it is due, monotonic ms; Infinity while not set. */
  at = Infinity;
  /** Index in the heap, -1 while not set. */
  position = -1;
  /** Order of setting, which decides between equal deadlines. */
  sequence = 0;

  constructor(readonly fire: (now: number) => void) {}

  get isSet(): boolean {
    return this.position >= 0;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}
