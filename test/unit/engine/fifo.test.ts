import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fifo } from '../../../lib/engine/fifo.js';

describe('a queue', () => {
  it('agrees with an array, whatever is pushed and shifted', () => {
    const step = fc.constantFrom('push', 'push', 'shift', 'clear');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), steps => {
        const fifo = new Fifo<number>();
        let model: number[] = [];
        const taken: unknown[] = [];
        const expected: unknown[] = [];
        steps.forEach((kind, i) => {
          if (kind === 'push') {
            fifo.push(i);
            model.push(i);
          } else if (kind === 'clear' && i % 7 === 0) {
            fifo.clear();
            model = [];
          } else {
            taken.push(fifo.peek(), fifo.shift());
            expected.push(model[0], model.shift());
          }
          expect(fifo.length).toBe(model.length);
          expect(fifo.peekLast()).toBe(model.at(-1));
        });
        expect(taken).toEqual(expected);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('keeps the order while it grows with its head in the middle of the ring', () => {
    const fifo = new Fifo<number>();
    for (let i = 0; i < 6; i++) fifo.push(i);
    for (let i = 0; i < 5; i++) fifo.shift();
    for (let i = 6; i < 40; i++) fifo.push(i);
    expect(Array.from({ length: 35 }, () => fifo.shift())).toEqual(Array.from({ length: 35 }, (_, i) => i + 5));
    expect(fifo.shift()).toBeUndefined();
  });

  it('holds on to nothing that was shifted', () => {
    const fifo = new Fifo<object>();
    fifo.push({});
    fifo.shift();
    expect(Object.values(fifo).flat()).not.toContainEqual({});
  });
});
