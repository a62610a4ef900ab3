import { describe, expect, it } from 'vitest';
import { randomNodeId } from '../../../../lib/engine/node-id.js';
import { rendezvousScore, rendezvousUnit } from '../../../../lib/engine/overlay/rendezvous.js';
import { SeededRandom } from '../../../../lib/testing/seeded-random.js';

const random = new SeededRandom(7);
const ids = Array.from({ length: 600 }, () => randomNodeId(random.fill));

/** Pearson's statistic against a uniform distribution over the counts. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Exceeded by one uniform sample in about ten thousand, for 64 bins (63 degrees of freedom). */
const LIMIT_63 = 112;

function histogram(values: Iterable<number>): number[] {
  const counts = Array.from({ length: 64 }, () => 0);
  for (const value of values) counts[Math.floor(value * 64)]!++;
  return counts;
}

describe('a rendezvous score', () => {
  it('is a fixed number from 0 up to, and without, 1', () => {
    const [a, b] = [ids[0]!, ids[1]!];
    expect(rendezvousScore(a, b)).toBe(rendezvousScore(a, b));
    for (const id of ids) {
      expect(rendezvousScore(a, id)).toBeGreaterThanOrEqual(0);
      expect(rendezvousScore(a, id)).toBeLessThan(1);
    }
  });

  it('is another one the other way round', () => {
    const same = ids.slice(1).filter((id, i) => rendezvousScore(ids[i]!, id) === rendezvousScore(id, ids[i]!));
    expect(same).toEqual([]);
  });

  it('is spread evenly over the candidates of one chooser', () => {
    for (const chooser of ids.slice(0, 10)) {
      expect(chiSquare(histogram(ids.map(id => rendezvousScore(chooser, id))))).toBeLessThan(LIMIT_63);
    }
  });

  it('is spread evenly over the choosers of one candidate', () => {
    for (const candidate of ids.slice(0, 10)) {
      expect(chiSquare(histogram(ids.map(id => rendezvousScore(id, candidate))))).toBeLessThan(LIMIT_63);
    }
  });

  it('makes every candidate the best of about as many choosers', () => {
    const candidates = ids.slice(0, 64);
    const counts = candidates.map(() => 0);
    for (const chooser of ids) {
      const scores = candidates.map(candidate => rendezvousScore(chooser, candidate));
      counts[scores.indexOf(Math.max(...scores))]!++;
    }
    expect(chiSquare(counts)).toBeLessThan(LIMIT_63);
  });

  it('says nothing about the score of an id that differs in one bit', () => {
    const close = ids.map(id => `${id.slice(0, 31)}${(Number.parseInt(id[31]!, 16) ^ 1).toString(16)}`);
    const distances = ids.map((id, i) => (rendezvousScore(ids[0]!, id) - rendezvousScore(ids[0]!, close[i]!) + 1) % 1);
    expect(chiSquare(histogram(distances))).toBeLessThan(LIMIT_63);
  });
});

describe('a rendezvous number of a name', () => {
  it('is spread evenly over the choosers', () => {
    for (const name of ['slot 1', 'slot 2', 'zone eu-west-1']) {
      expect(chiSquare(histogram(ids.map(id => rendezvousUnit(id, name))))).toBeLessThan(LIMIT_63);
    }
  });

  it('of one name says nothing about another', () => {
    const distances = ids.map(id => (rendezvousUnit(id, 'slot 1') - rendezvousUnit(id, 'slot 2') + 1) % 1);
    expect(chiSquare(histogram(distances))).toBeLessThan(LIMIT_63);
  });
});
