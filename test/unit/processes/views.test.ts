import { beforeEach, describe, expect, it } from 'vitest';
import type { Change } from '../../processes/node-host.js';
import { Views } from '../../processes/views.js';

let views: Views;
let clock: number;
beforeEach(() => {
  views = new Views();
  clock = 0;
});

function tell(observer: string, event: Change['event'], ...members: string[]): void {
  views.add(members.map(member => ({ atMs: ++clock, observer, event, member })));
}

describe('the views of nodes', () => {
  it('are complete when each sees all others', () => {
    tell('a', 'up', 'b', 'c');
    tell('b', 'up', 'a', 'c');
    tell('c', 'up', 'a');
    expect(views.areComplete(['a', 'b', 'c'])).toBe(false);
    tell('c', 'up', 'b');
    expect(views.areComplete(['a', 'b', 'c'])).toBe(true);
    tell('c', 'suspect', 'b');
    expect(views.areComplete(['a', 'b', 'c'])).toBe(true);
    tell('c', 'down', 'b');
    expect(views.areComplete(['a', 'b', 'c'])).toBe(false);
  });

  it('are not complete while one sees somebody who is no more', () => {
    tell('a', 'up', 'b', 'old');
    tell('b', 'up', 'a');
    expect(views.areComplete(['a', 'b'])).toBe(false);
    tell('a', 'left', 'old');
    expect(views.areComplete(['a', 'b'])).toBe(true);
  });

  it('of a process that is no more do not count', () => {
    tell('a', 'up', 'b');
    views.forget('a');
    expect(views.areWithout(['a'], ['b'])).toBe(true);
  });

  it('tell when each first saw each of some go, after a moment', () => {
    tell('a', 'down', 'x', 'y');
    const fromMs = clock + 1;
    tell('a', 'down', 'x');
    tell('a', 'up', 'x');
    tell('a', 'down', 'x');
    tell('b', 'left', 'x');
    tell('b', 'suspect', 'y');
    tell('c', 'down', 'x');
    const downs = views.firstDowns(['a', 'b'], ['x', 'y'], fromMs);
    expect(downs.map(({ atMs, observer, member }) => [atMs, observer, member])).toEqual([
      [3, 'a', 'x'],
      [6, 'b', 'x'],
    ]);
    expect([views.downsSince(fromMs), views.lastChange(fromMs), views.lastChange(clock + 1)]).toEqual([
      3,
      8,
      undefined,
    ]);
  });
});
