import { beforeEach, describe, expect, it } from 'vitest';
import type { Member } from '../../../lib/engine/membership/member-table.js';
import { type Life, newLife } from '../../simulate/membership/lives.js';
import { Witness } from '../../simulate/membership/witness.js';

let witness: Witness;
let lives: Life[];

beforeEach(() => {
  lives = [0, 1, 2].map(number => newLife(number, number, 0));
  witness = new Witness(3);
  for (const life of lives) witness.started(life, `id ${life.number}`);
});

function tell(observer: number, type: 'up' | 'suspect' | 'down' | 'left', subject: number, now = 1_000): void {
  witness.told(lives[observer]!, { type, member: { id: `id ${subject}` } as Member }, now);
}

function end(life: number, ending: 'killed' | 'left'): void {
  Object.assign(lives[life]!, { endedAt: 500, ending });
  witness.ended(lives[life]!);
}

describe('who is told to be down', () => {
  it('and runs, is falsely so, each time it is told', () => {
    tell(0, 'down', 1);
    tell(2, 'down', 1);
    expect(witness.judgements).toMatchObject({ falseDowns: 2, falselyDownMembers: 1, trueDowns: 0 });
    expect(witness.examples[0]).toMatchObject({ at: 1_000, observer: 0, subject: 1, subjectPausedAgoMs: null });
  });

  it('and is paused, is falsely so: it goes on', () => {
    lives[1]!.pausedAt = 400;
    tell(0, 'down', 1);
    expect(witness.judgements.falseDowns).toBe(1);
    expect(witness.examples[0]!.subjectPausedAgoMs).toBe(600);
  });

  it('and is dead, is rightly so', () => {
    end(1, 'killed');
    tell(0, 'down', 1);
    expect(witness.judgements).toMatchObject({ falseDowns: 0, trueDowns: 1 });
  });

  it('and was cut off by the scenario, is excused', () => {
    witness.isExcused = (observer, subject) => observer === 0 && subject === 1;
    tell(0, 'down', 1);
    tell(2, 'down', 1);
    expect(witness.judgements).toMatchObject({ falseDowns: 1, excusedDowns: 1 });
  });
});

describe('other events', () => {
  it('that tell of a leave are false when the member did not leave', () => {
    end(1, 'left');
    end(2, 'killed');
    tell(0, 'left', 1);
    expect(witness.judgements.falseLeaves).toBe(0);
    tell(0, 'left', 2);
    expect(witness.judgements.falseLeaves).toBe(1);
  });

  it('are suspicions, their refutations, and revivals of the dead', () => {
    tell(0, 'up', 1);
    tell(0, 'suspect', 1);
    tell(0, 'up', 1);
    expect(witness.judgements).toMatchObject({ suspicions: 1, refutations: 1 });
    end(1, 'killed');
    tell(0, 'down', 1);
    tell(0, 'up', 1);
    tell(2, 'up', 1);
    expect(witness.judgements.revivals).toBe(1);
  });

  it('about a member that never lived are a fault of the simulator or the engine', () => {
    expect(() => tell(0, 'up', 7)).toThrow('never lived');
  });
});
