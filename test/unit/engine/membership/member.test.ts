import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  idWord,
  isLive,
  MAX_ACCUSERS,
  MEMBER_STATES,
  mergeStandings,
  mix,
  NOBODY,
  recordHash,
  type Standing,
  supersedes,
} from '../../../../lib/engine/membership/member.js';
import { randomNodeId } from '../../../../lib/engine/node-id.js';
import { SeededRandom } from '../../../../lib/testing/seeded-random.js';

const news = fc.record({ incarnation: fc.nat(3), state: fc.constantFrom(...MEMBER_STATES) });

describe('news of a member', () => {
  it('of a higher incarnation replaces any state, and never the other way round', () => {
    for (const state of MEMBER_STATES) {
      for (const other of MEMBER_STATES) {
        expect(supersedes({ incarnation: 2, state }, { incarnation: 1, state: other })).toBe(true);
        expect(supersedes({ incarnation: 1, state }, { incarnation: 2, state: other })).toBe(false);
      }
    }
  });

  it('of death replaces news of life of the same incarnation, and a farewell replaces both', () => {
    const held = { incarnation: 1, state: 'up' as const };
    expect(supersedes({ incarnation: 1, state: 'suspect' }, held)).toBe(true);
    expect(supersedes({ incarnation: 1, state: 'down' }, { incarnation: 1, state: 'suspect' })).toBe(true);
    expect(supersedes({ incarnation: 1, state: 'left' }, { incarnation: 1, state: 'down' })).toBe(true);
    expect(supersedes(held, { incarnation: 1, state: 'suspect' })).toBe(false);
  });

  it('is in a strict order: nothing replaces itself, and of two different ones exactly one replaces the other', () => {
    fc.assert(
      fc.property(news, news, (a, b) => {
        const isSame = a.incarnation === b.incarnation && a.state === b.state;
        expect(Number(supersedes(a, b)) + Number(supersedes(b, a))).toBe(isSame ? 0 : 1);
      }),
      { seed: 1 },
    );
  });

  it('is in an order without circles', () => {
    fc.assert(
      fc.property(news, news, news, (a, b, c) => {
        fc.pre(supersedes(a, b) && supersedes(b, c));
        expect(supersedes(a, c)).toBe(true);
      }),
      { seed: 2 },
    );
  });
});

const ids = Array.from({ length: 6 }, (_, i) => `${i}`.repeat(32));

/** What may be said of one member; only suspects have accusers. */
const standing: fc.Arbitrary<Standing> = fc
  .record({ news, accusers: fc.subarray(ids, { minLength: 1, maxLength: MAX_ACCUSERS }) })
  .map(({ news: { incarnation, state }, accusers }) => ({
    incarnation,
    state,
    accusers: state === 'suspect' ? accusers : NOBODY,
  }));

const suspect = (...accusers: string[]): Standing => ({ incarnation: 1, state: 'suspect', accusers });

describe('two standings of one member', () => {
  const [a, b, c, d] = ids as [string, string, string, string];

  it('come to the same, whichever is heard first', () => {
    fc.assert(
      fc.property(standing, standing, (x, y) => {
        expect(mergeStandings(x, y)).toEqual(mergeStandings(y, x));
      }),
      { seed: 3, numRuns: 1_000 },
    );
  });

  it('come to the same with a third one, whichever two come together first', () => {
    fc.assert(
      fc.property(standing, standing, standing, (x, y, z) => {
        expect(mergeStandings(mergeStandings(x, y), z)).toEqual(mergeStandings(x, mergeStandings(y, z)));
      }),
      { seed: 4, numRuns: 1_000 },
    );
  });

  it('change nothing when they are heard again', () => {
    fc.assert(
      fc.property(standing, standing, (x, y) => {
        const both = mergeStandings(x, y);
        expect(mergeStandings(x, x)).toEqual({ ...x, accusers: [...x.accusers!] });
        expect(mergeStandings(both, x)).toEqual(both);
        expect(mergeStandings(both, y)).toEqual(both);
        expect(mergeStandings(both, both)).toEqual(both);
      }),
      { seed: 5, numRuns: 1_000 },
    );
  });

  it('are the one that supersedes, with its accusers and nobody else’s', () => {
    const up: Standing = { incarnation: 2, state: 'up' };
    expect(mergeStandings(suspect(a), up)).toEqual({ ...up, accusers: [] });
    expect(mergeStandings(up, { ...suspect(b), incarnation: 2 })).toEqual({ ...suspect(b), incarnation: 2 });
    expect(mergeStandings(suspect(a), { ...suspect(b), incarnation: 2 })).toMatchObject({ accusers: [b] });
    expect(mergeStandings(suspect(a), { incarnation: 1, state: 'down' })).toMatchObject({ accusers: [] });
  });

  it('have the accusers of both when both are the same suspicion, sorted and each once', () => {
    expect(mergeStandings(suspect(c, a), suspect(a, b)).accusers).toEqual([a, b, c]);
  });

  it('keep the accusers with the smallest ids when there are too many', () => {
    expect(mergeStandings(suspect(b, c, d), suspect(a)).accusers).toEqual([a, b, c]);
    expect(mergeStandings(suspect(a, b, c), suspect(d)).accusers).toEqual([a, b, c]);
  });
});

describe('a member', () => {
  it('lives while it is up or suspect', () => {
    expect(MEMBER_STATES.filter(isLive)).toEqual(['up', 'suspect']);
  });
});

describe('the hash of a record', () => {
  it('differs for other ids and other incarnations, in its low and in its high bits', () => {
    const random = new SeededRandom(1);
    const hashes = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const id = randomNodeId(random.fill);
      for (const incarnation of [0, 1, 2 ** 31, 2 ** 32, 2 ** 40, 1_700_000_000_000]) {
        hashes.add(recordHash(id, incarnation));
      }
    }
    expect(hashes.size).toBe(600);
  });

  it('is 32 bits without sign', () => {
    expect(recordHash('f'.repeat(32), Number.MAX_SAFE_INTEGER)).toBeGreaterThanOrEqual(0);
    expect(mix(-1)).toBeLessThan(2 ** 32);
    expect(idWord('ffffffff'.padEnd(32, '0'))).toBe(2 ** 32 - 1);
  });

  it('changes in about half of its bits when one bit of the input does', () => {
    let flipped = 0;
    for (let bit = 0; bit < 32; bit++) {
      const difference = mix(0x1234_5678) ^ mix(0x1234_5678 ^ (1 << bit));
      flipped += [...(difference >>> 0).toString(2)].filter(digit => digit === '1').length;
    }
    expect(flipped / 32).toBeGreaterThan(12);
    expect(flipped / 32).toBeLessThan(20);
  });
});
