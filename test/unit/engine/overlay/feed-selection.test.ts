import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomNodeId } from '../../../../lib/engine/node-id.js';
import type { Candidate } from '../../../../lib/engine/overlay/candidate.js';
import { PREFERRED_SHARE, ringPredecessor, selectFeeds } from '../../../../lib/engine/overlay/feed-selection.js';
import { rendezvousScore } from '../../../../lib/engine/overlay/rendezvous.js';
import { STRATEGIES, type Strategy } from '../../../../lib/engine/overlay/strategy.js';
import { SeededRandom } from '../../../../lib/testing/seeded-random.js';
import { idOf } from '../engine-lab.js';

interface Homie {
  id: string;
  zone: string;
}

/** A cluster in order of id, its homies spread over zones of these sizes. */
function clusterOf(zones: Record<string, number>, seed = 1): Homie[] {
  const random = new SeededRandom(seed);
  return Object.entries(zones)
    .flatMap(([zone, size]) => Array.from({ length: size }, () => ({ id: randomNodeId(random.fill), zone })))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function choose(self: Homie, cluster: readonly Homie[], strategy: Strategy, count = 5): Candidate[] {
  const candidates = cluster
    .filter(homie => homie.id !== self.id)
    .map(homie => ({ ...homie, score: rendezvousScore(self.id, homie.id) }));
  return selectFeeds({ self: self.id, zone: self.zone, strategy, count }, candidates);
}

const idsOf = (homies: readonly { id: string }[]) => homies.map(homie => homie.id);

/** Zones of the feeds that the strategy chose. */
const zonesOf = (feeds: readonly Candidate[]) => feeds.slice(1).map(feed => feed.zone);

describe.each(STRATEGIES)('the feeds of %s', strategy => {
  const cluster = clusterOf({ a: 30, b: 20, c: 10 });

  it('are as many as wanted, all different, and never oneself', () => {
    for (const self of cluster) {
      const feeds = idsOf(choose(self, cluster, strategy));
      expect(new Set(feeds).size).toBe(5);
      expect(feeds).not.toContain(self.id);
    }
  });

  it('begin with the predecessor on the ring', () => {
    cluster.forEach((self, i) => {
      expect(choose(self, cluster, strategy)[0]!.id).toBe(cluster.at(i - 1)!.id);
    });
  });

  it('are the predecessor alone when one is wanted', () => {
    expect(idsOf(choose(cluster[7]!, cluster, strategy, 1))).toEqual([cluster[6]!.id]);
  });

  it('are all others when there are no more', () => {
    const few = clusterOf({ a: 2, b: 2 });
    for (const self of few) {
      const others = idsOf(few).filter(id => id !== self.id);
      expect(idsOf(choose(self, few, strategy)).toSorted()).toEqual(others);
    }
  });

  it('are none when nobody else is there', () => {
    expect(choose(cluster[0]!, [cluster[0]!], strategy)).toEqual([]);
  });

  it('are the same however often they are chosen', () => {
    expect(choose(cluster[3]!, cluster, strategy)).toEqual(choose(cluster[3]!, cluster, strategy));
  });

  it('change by little when one homie joins or leaves', () => {
    const without = cluster.filter((_, i) => i !== 20);
    const changes = without.map(self => {
      const [before, after] = [idsOf(choose(self, without, strategy)), idsOf(choose(self, cluster, strategy))];
      return after.filter(id => !before.includes(id)).length;
    });
    // Those for whom it is the predecessor or one of the best, and nobody else.
    expect(changes.filter(count => count > 0).length).toBeLessThanOrEqual(20);
    expect(Math.max(...changes)).toBeLessThanOrEqual(2);
  });

  it('keep those that are still there when one of them goes', () => {
    const self = cluster[10]!;
    const feeds = choose(self, cluster, strategy);
    const gone = feeds[2]!.id;
    const after = idsOf(
      choose(
        self,
        cluster.filter(homie => homie.id !== gone),
        strategy,
      ),
    );
    expect(idsOf(feeds).filter(id => after.includes(id)).length).toBeGreaterThanOrEqual(3);
  });

  it('give everybody about as many subscribers', () => {
    const large = clusterOf({ a: 100, b: 100 });
    const counts = new Map<string, number>(large.map(homie => [homie.id, 0]));
    for (const self of large) for (const { id } of choose(self, large, strategy)) counts.set(id, counts.get(id)! + 1);
    expect(Math.min(...counts.values())).toBeGreaterThanOrEqual(1);
    expect(Math.max(...counts.values())).toBeLessThanOrEqual(20);
  });

  it('connect the cluster, even with two feeds each', () => {
    for (const seed of [1, 2, 3]) {
      const homies = clusterOf({ a: 40, b: 3, c: 1 }, seed);
      const links = new Map(homies.map(self => [self.id, idsOf(choose(self, homies, strategy, 2))]));
      const reached = new Set([homies[0]!.id]);
      for (const id of reached) {
        for (const [from, feeds] of links) {
          if (from === id) for (const feed of feeds) reached.add(feed);
          if (feeds.includes(id)) reached.add(from);
        }
      }
      expect(reached.size).toBe(homies.length);
    }
  });
});

describe('the predecessor on the ring', () => {
  it('is the greatest id below, or the greatest of all', () => {
    const candidates = [2, 4, 6].map(number => ({ id: idOf(number), zone: 'a', score: 0 }));
    const predecessorOf = (number: number) => ringPredecessor(idOf(number), candidates)!.id;
    expect([1, 3, 5, 7].map(predecessorOf)).toEqual([6, 2, 4, 6].map(idOf));
  });

  it('agrees with a search through all', () => {
    const numbers = fc.uniqueArray(fc.nat(1_000), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(numbers, fc.nat(1_000), (others, self) => {
        const candidates = others
          .filter(number => number !== self)
          .toSorted((a, b) => a - b)
          .map(number => ({ id: idOf(number), zone: 'a', score: 0 }));
        const below = candidates.filter(candidate => candidate.id < idOf(self));
        expect(ringPredecessor(idOf(self), candidates)).toBe((below.length > 0 ? below : candidates).at(-1));
      }),
      { seed: 1 },
    );
  });
});

describe('uniform', () => {
  it('takes the highest scores, whatever the zones', () => {
    const cluster = clusterOf({ a: 10, b: 10 });
    const self = cluster[0]!;
    const [ring, ...others] = choose(self, cluster, 'uniform');
    const best = cluster
      .filter(homie => homie.id !== self.id && homie.id !== ring!.id)
      .toSorted((a, b) => rendezvousScore(self.id, b.id) - rendezvousScore(self.id, a.id));
    expect(idsOf(others)).toEqual(idsOf(best.slice(0, 4)));
  });
});

describe('hub-and-spoke', () => {
  it('takes one feed of each other zone and the rest of its own', () => {
    const cluster = clusterOf({ a: 20, b: 20, c: 20 });
    for (const self of cluster) {
      const zones = zonesOf(choose(self, cluster, 'hub-and-spoke'));
      const others = ['a', 'b', 'c'].filter(zone => zone !== self.zone);
      expect(zones.toSorted()).toEqual([self.zone, self.zone, ...others].toSorted());
    }
  });

  it('keeps one slot local and covers all zones together when there are more zones than slots', () => {
    const names = Array.from({ length: 12 }, (_, i) => `zone-${i}`);
    const cluster = clusterOf(Object.fromEntries(names.map(name => [name, 15])));
    const covered = new Set<string>();
    for (const self of cluster.filter(homie => homie.zone === 'zone-0')) {
      const zones = zonesOf(choose(self, cluster, 'hub-and-spoke'));
      expect(zones.filter(zone => zone === 'zone-0').length).toBe(1);
      expect(new Set(zones).size).toBe(4);
      for (const zone of zones) covered.add(zone);
    }
    expect([...covered].toSorted()).toEqual(names.toSorted());
  });

  it('takes more of the other zones when its own has nobody else', () => {
    const cluster = clusterOf({ alone: 1, b: 10, c: 10 });
    const self = cluster.find(homie => homie.zone === 'alone')!;
    const zones = zonesOf(choose(self, cluster, 'hub-and-spoke'));
    expect(zones.length).toBe(4);
    expect(new Set(zones)).toEqual(new Set(['b', 'c']));
  });
});

describe.each([
  ['prefer-local', PREFERRED_SHARE],
  ['prefer-remote', 1 - PREFERRED_SHARE],
] as const)('%s', (strategy, localShare) => {
  it.each([
    ['of equal size', { a: 150, b: 150 }],
    ['when its own is small', { a: 30, b: 270 }],
    ['when its own is large', { a: 270, b: 30 }],
  ])('gives its slots to the zones as it should, %s', (_, sizes) => {
    const cluster = clusterOf(sizes);
    const selves = cluster.filter(homie => homie.zone === 'a');
    const slots = selves.flatMap(self => choose(self, cluster, strategy, 9).slice(1));
    const local = slots.filter(feed => feed.zone === 'a').length / slots.length;
    // Three standard deviations of so many independent draws.
    const tolerance = 3 * Math.sqrt((localShare * (1 - localShare)) / slots.length);
    expect(Math.abs(local - localShare)).toBeLessThan(tolerance);
  });

  it('gives the slots of a side that has nobody left to the other', () => {
    const cluster = clusterOf({ a: 2, b: 20 });
    const self = cluster.find(homie => homie.zone === 'a')!;
    expect(choose(self, cluster, strategy, 9).length).toBe(9);
    const alone = clusterOf({ a: 20 });
    expect(choose(alone[0]!, alone, strategy, 9).length).toBe(9);
  });
});
