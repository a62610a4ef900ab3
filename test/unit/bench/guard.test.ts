import { describe, expect, it } from 'vitest';
import type { Operation } from '../../bench/engine/operation.js';
import { compare, type Figures, isAlarm, isBetter, leastOf } from '../../bench/guard/comparison.js';
import { measure } from '../../bench/guard/measure.js';
import { createReferences } from '../../bench/guard/references.js';
import { slowed } from '../../bench/guard/slowed.js';

const BASELINE = { parse: { ratio: 2, bytes: 100 }, dedupe: { ratio: 0.5, bytes: 0 } };

/** The verdicts on operations with these figures. */
function verdicts(measured: Record<string, Figures>, isTimed = true): string[] {
  const measurements = Object.entries(measured).map(([name, figures]) => ({ name, ...figures }));
  return compare(measurements, BASELINE, isTimed).map(({ verdict }) => verdict);
}

function better(figures: Figures, isTimed = true): boolean {
  return isBetter(compare([{ name: 'parse', ...figures }], BASELINE, isTimed)[0]!, isTimed);
}

describe('the guard', () => {
  it('lets pass what is up to 15 % slower or more wasteful', () => {
    expect(verdicts({ parse: { ratio: 2.3, bytes: 115 } })).toEqual(['passed']);
    expect(verdicts({ parse: { ratio: 1, bytes: 0 } })).toEqual(['passed']);
  });

  it('alarms at more', () => {
    expect(verdicts({ parse: { ratio: 2.31, bytes: 100 } })).toEqual(['slower']);
    expect(verdicts({ parse: { ratio: 2, bytes: 116 } })).toEqual(['more garbage']);
    expect(verdicts({ parse: { ratio: 2.31, bytes: 116 } })).toEqual(['slower, more garbage']);
  });

  it('alarms when an operation without garbage makes an object each time, and not for less than that', () => {
    expect(verdicts({ dedupe: { ratio: 0.5, bytes: 16 } })).toEqual(['more garbage']);
    expect(verdicts({ dedupe: { ratio: 0.5, bytes: 8 } })).toEqual(['passed']);
  });

  it('alarms when there is no figure', () => {
    expect(verdicts({ parse: { ratio: NaN, bytes: 100 } })).toEqual(['slower']);
  });

  it('judges garbage, and not times, on another processor', () => {
    expect(verdicts({ parse: { ratio: 9, bytes: 100 } }, false)).toEqual(['passed']);
    expect(verdicts({ parse: { ratio: 9, bytes: 116 } }, false)).toEqual(['more garbage']);
  });

  it('does not judge what the baseline does not know', () => {
    expect(compare([{ name: 'forward', ratio: 9, bytes: 9 }], BASELINE, true).map(isAlarm)).toEqual([false]);
    expect(verdicts({ forward: { ratio: 9, bytes: 9 } })).toEqual(['new']);
  });

  it('believes the least of several processes, of each figure by itself', () => {
    const attempts = [
      [{ name: 'parse', ratio: 3, bytes: 100 }],
      [{ name: 'parse', ratio: 2, bytes: 120 }],
      [{ name: 'parse', ratio: 4, bytes: 110 }],
    ];
    expect(leastOf(attempts)).toEqual([{ name: 'parse', ratio: 2, bytes: 100 }]);
  });

  it('notices that a baseline is too lenient by now', () => {
    expect(better({ ratio: 1.7, bytes: 80 })).toBe(true);
    expect(better({ ratio: 1.9, bytes: 80 })).toBe(true);
    expect(better({ ratio: 1.9, bytes: 95 })).toBe(false);
    expect(better({ ratio: 1.7, bytes: 95 }, false)).toBe(false);
  });
});

/**
 * Sums up numbers, and leaves an array of so many bytes each time: on the heap, since array buffers make the collector come early,
 * and what it collects meanwhile nobody weighs.
 */
function summing(bytes: number): Operation {
  const numbers = Uint32Array.from({ length: 300 }, (_, i) => i);
  const left = Array.from({ length: bytes / 8 }, (_, i) => i);
  let kept = left;
  const count = 100;
  return {
    name: 'sum',
    what: 'of some numbers',
    count,
    run() {
      for (let i = 0; i < count; i++) {
        for (let j = 1; j < numbers.length; j++) numbers[j] = (numbers[j]! + numbers[j - 1]!) | 0;
        if (bytes > 0) kept = left.slice();
        numbers[0] = kept.length;
      }
    },
  };
}

describe('measuring', () => {
  const ROUNDS = { warmUp: 50, timed: 200, weighed: 40 };
  const references = createReferences();
  const sum = summing(0);

  /** The figures of the first operation are the baseline of the second: the least of some attempts, as other tests run beside. */
  async function compareTwo(before: Operation, after: Operation) {
    const attempts = [];
    while (attempts.length < 4) {
      attempts.push(
        await measure(
          [
            { ...before, name: 'before' },
            { ...after, name: 'after' },
          ],
          references,
          ROUNDS,
        ),
      );
    }
    const [baseline, measured] = leastOf(attempts);
    return compare([measured!], { after: baseline! }, true)[0]!;
  }

  // The same function in both: of two that are alike, the compiler of JavaScript may make code that is not.
  it('finds nothing when an operation is as it was', async () => {
    const { verdict } = await compareTwo(sum, sum);
    expect(verdict).toBe('passed');
  });

  it('alarms when an operation has 30 % extra work', async () => {
    const { verdict } = await compareTwo(sum, slowed(sum, 0.3));
    // Looking at the clock leaves some garbage as well.
    expect(verdict).toContain('slower');
  });

  it('alarms when an operation leaves a fourth more behind', async () => {
    const { verdict } = await compareTwo(summing(1_000), summing(1_248));
    expect(verdict).toContain('more garbage');
  });

  it('prepares and cleans up each run, and waits for those that take a turn', async () => {
    const calls: string[] = [];
    const operation: Operation = {
      name: 'asked later',
      what: '',
      count: 1,
      prepare: () => void calls.push('prepare'),
      async run() {
        await new Promise(resolve => setImmediate(resolve));
        calls.push('run');
      },
      cleanUp: () => void calls.push('clean up'),
    };
    await measure([slowed(operation, 0.1)], references, { warmUp: 1, timed: 1, weighed: 1 });
    expect(calls).toEqual(Array.from({ length: 3 }, () => ['prepare', 'run', 'clean up']).flat());
  });
});
