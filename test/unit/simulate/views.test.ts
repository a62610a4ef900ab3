import { beforeEach, describe, expect, it } from 'vitest';
import { Views } from '../../simulate/membership/views.js';

let views: Views;

/** Three lives that have told of each other; a fourth may come. */
beforeEach(() => {
  views = new Views(4);
  for (const life of [0, 1, 2]) views.start(life);
  for (const a of [0, 1, 2]) for (const b of [0, 1, 2]) views.tell(a, b, 'up');
});

describe('what lives believe of each other', () => {
  it('is true when all have told of all', () => {
    expect(views).toMatchObject({ unseen: 0, ghosts: 0, isTrue: true });
    const fresh = new Views(2);
    fresh.start(0);
    fresh.start(1);
    expect(fresh).toMatchObject({ unseen: 2, isTrue: false });
  });

  it('is false while one that runs is suspect, down or unknown to somebody', () => {
    views.tell(0, 1, 'suspect');
    expect([views.unseen, views.unseenOf(0), views.suspects(0, 1), views.believesIn(0, 1)]).toEqual([1, 1, true, true]);
    views.tell(0, 1, 'down');
    expect([views.unseen, views.hasBuried(0, 1), views.believesIn(0, 1)]).toEqual([1, true, false]);
    views.tell(0, 1, 'up');
    expect(views.isTrue).toBe(true);
    views.start(3);
    expect(views.unseen).toBe(6);
  });

  it('is false while somebody believes in one that is dead', () => {
    views.end(1);
    expect(views).toMatchObject({ unseen: 0, ghosts: 2, isTrue: false });
    views.tell(0, 1, 'suspect');
    expect(views.ghosts).toBe(2);
    views.tell(0, 1, 'down');
    views.tell(2, 1, 'left');
    expect(views.isTrue).toBe(true);
    views.tell(2, 1, 'up');
    expect(views.ghosts).toBe(1);
  });

  it('does not count when they are dead themselves', () => {
    views.tell(1, 2, 'down');
    views.end(0);
    views.end(1);
    expect(views).toMatchObject({ unseen: 0, ghosts: 2 });
    views.tell(1, 2, 'down');
    views.tell(2, 0, 'down');
    views.tell(2, 1, 'down');
    expect(views.isTrue).toBe(true);
  });

  it('has room for so many lives only', () => {
    views.start(3);
    expect(() => views.start(4)).toThrow('more lives');
  });
});
