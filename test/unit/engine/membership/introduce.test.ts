import { expect, it } from 'vitest';
import { LocalHealth } from '../../../../lib/engine/membership/local-health.js';
import { Membership } from '../../../../lib/engine/membership/membership.js';
import { NEWS_PAUSE_MS } from '../../../../lib/engine/membership/news.js';
import { VirtualCluster } from '../../../../lib/testing/virtual-cluster.js';
import { EngineLab, endpointOf, framesTo, idOf } from '../engine-lab.js';

const HOMIES = 30;

/** A cluster in which everybody knows everybody from the start, and nobody a seed. */
function startIntroduced(): VirtualCluster {
  const cluster = new VirtualCluster({ seed: 9 });
  for (let i = 0; i < HOMIES; i++) cluster.add({ seeds: [] });
  cluster.introduceAll();
  return cluster;
}

it('homies that are introduced to each other form a cluster without a seed', () => {
  const cluster = startIntroduced();
  for (const homie of cluster.homies) expect(homie.engine.members.length).toBe(HOMIES - 1);
  expect(cluster.join(5_000)).toBe(true);
  cluster.homies[3]!.broadcast(Uint8Array.of(1));
  cluster.advance(100);
  expect(cluster.homies.map(homie => homie.arrivals.length).filter(count => count === 1).length).toBe(HOMIES - 1);
});

it('an introduction is told to the host', () => {
  const cluster = startIntroduced();
  cluster.advance(10_000);
  for (const homie of cluster.homies) {
    expect(homie.events.filter(event => event.type === 'up').length).toBe(HOMIES - 1);
  }
});

it('an introduction is no news for the links', () => {
  const lab = new EngineLab();
  const host = {
    membersChanged: () => undefined,
    memberGone: () => undefined,
    memberOutlived: () => undefined,
    memberLost: () => undefined,
    allLost: () => undefined,
  };
  const membership = new Membership(lab.context, lab.peers, new LocalHealth(), host, 1);
  const peer = lab.meet(1, { isSubscriber: true });
  membership.met(peer, 1, endpointOf(1), 0);
  membership.flush(0);
  expect(framesTo(peer).length).toBe(1);
  membership.introduce([{ id: idOf(2), incarnation: 1, state: 'up', endpoint: endpointOf(2), zone: 'here' }], 0);
  membership.flush(NEWS_PAUSE_MS);
  expect(membership.table.live.length).toBe(2);
  expect(framesTo(peer)).toEqual([]);
});
