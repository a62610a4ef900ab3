import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Timer, TimerHeap } from '../../../lib/engine/timer-heap.js';

/** The same with a list that is sorted each time. */
class NaiveTimers {
  private entries: { name: number; at: number; order: number }[] = [];
  private orders = 0;

  set(name: number, at: number): void {
    this.cancel(name);
    this.entries.push({ name, at, order: this.orders++ });
    this.entries.sort((a, b) => a.at - b.at || a.order - b.order);
  }

  cancel(name: number): void {
    this.entries = this.entries.filter(entry => entry.name !== name);
  }

  atOf(name: number): number {
    return this.entries.find(entry => entry.name === name)?.at ?? Infinity;
  }

  get deadline(): number {
    return this.entries[0]?.at ?? Infinity;
  }

  get size(): number {
    return this.entries.length;
  }

  fireDue(now: number): number[] {
    const due = this.entries.filter(entry => entry.at <= now).map(entry => entry.name);
    this.entries = this.entries.filter(entry => entry.at > now);
    return due;
  }
}

/** Timers that write down when they fire. */
function startTimers(count: number) {
  const heap = new TimerHeap();
  const fired: number[] = [];
  const timers = Array.from({ length: count }, (_, name) => new Timer(() => fired.push(name)));
  return { heap, fired, timers };
}

describe('the timers of an engine', () => {
  it('fire as in a sorted list, whatever is set, moved and cancelled', () => {
    const step = fc.record({
      kind: fc.constantFrom('set', 'set', 'setEarlier', 'cancel', 'fire'),
      name: fc.nat(11),
      after: fc.nat(20),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), steps => {
        const { heap, fired, timers } = startTimers(12);
        const naive = new NaiveTimers();
        let now = 0;
        for (const { kind, name, after } of steps) {
          const timer = timers[name]!;
          if (kind === 'set') {
            heap.set(timer, now + after);
            naive.set(name, now + after);
          } else if (kind === 'setEarlier') {
            heap.setEarlier(timer, now + after);
            if (now + after < naive.atOf(name)) naive.set(name, now + after);
          } else if (kind === 'cancel') {
            heap.cancel(timer);
            naive.cancel(name);
          }
          if (kind === 'fire') {
            now += after;
            fired.length = 0;
            heap.fireDue(now);
          }
          const expected = kind === 'fire' ? naive.fireDue(now) : [...fired];
          expect(fired).toEqual(expected);
          expect([heap.deadline(), heap.size, timer.at]).toEqual([naive.deadline, naive.size, naive.atOf(name)]);
          expect(timer.isSet).toBe(naive.atOf(name) !== Infinity);
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('fire in the order they were set when they are due at the same instant', () => {
    const { heap, fired, timers } = startTimers(5);
    for (const name of [3, 1, 4, 0, 2]) heap.set(timers[name]!, 10);
    heap.set(timers[1]!, 10);
    heap.fireDue(10);
    expect(fired).toEqual([3, 4, 0, 2, 1]);
  });

  it('learn the time of the call, not the one they were set for', () => {
    const heap = new TimerHeap();
    const times: number[] = [];
    heap.set(new Timer(now => times.push(now)), 10);
    heap.fireDue(25);
    expect(times).toEqual([25]);
  });

  it('fire once a call, even when they set themselves for now', () => {
    const heap = new TimerHeap();
    let fired = 0;
    const timer: Timer = new Timer(now => {
      fired++;
      heap.set(timer, now);
    });
    heap.set(timer, 10);
    heap.fireDue(10);
    expect(fired).toBe(1);
    expect(heap.deadline()).toBe(10);
    heap.fireDue(10);
    expect(fired).toBe(2);
  });

  it('do not hold up those that are due when one sets itself for a time that is over', () => {
    const heap = new TimerHeap();
    const fired: string[] = [];
    const hasty: Timer = new Timer(now => {
      fired.push('hasty');
      heap.set(hasty, now - 100);
    });
    heap.set(hasty, 10);
    heap.set(new Timer(() => fired.push('patient')), 20);
    heap.fireDue(30);
    expect(fired).toEqual(['hasty', 'patient']);
    expect(heap.deadline()).toBe(30);
  });

  it('do not fire any more when another has cancelled them in the same call', () => {
    const { heap, fired, timers } = startTimers(2);
    heap.set(new Timer(() => heap.cancel(timers[1]!)), 5);
    heap.set(timers[0]!, 10);
    heap.set(timers[1]!, 10);
    heap.fireDue(10);
    expect(fired).toEqual([0]);
  });

  it('are due at no time when none is set', () => {
    const { heap, timers } = startTimers(1);
    heap.set(timers[0]!, 5);
    heap.cancel(timers[0]!);
    heap.cancel(timers[0]!);
    expect([heap.deadline(), heap.size]).toEqual([Infinity, 0]);
  });
});
