import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  idWord,
  isLive,
  MEMBER_STATES,
  mix,
  recordHash,
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
