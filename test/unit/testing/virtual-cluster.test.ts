import { expect, it } from 'vitest';
import type { EngineEvent } from '../../../lib/engine/engine-event.js';
import { VirtualCluster } from '../../../lib/testing/virtual-cluster.js';

it('homies keep what their engines tell, broadcasts apart from the rest', () => {
  const cluster = new VirtualCluster();
  for (let i = 0; i < 2; i++) cluster.add();
  cluster.join();
  cluster.homies[0]!.broadcast(Uint8Array.of(7));
  cluster.advance(10);
  const second = cluster.homies[1]!;
  expect(second.arrivals.map(arrival => arrival.payload[0])).toEqual([7]);
  expect(second.events.map(event => event.type).sort()).toEqual(['ready', 'up']);
});

it('who watches a cluster sees all of it, and the homies keep nothing', () => {
  const told: [number, EngineEvent['type']][] = [];
  const cluster: VirtualCluster = new VirtualCluster({
    onEvent: (homie, event) => void told.push([cluster.homies.indexOf(homie), event.type]),
  });
  for (let i = 0; i < 2; i++) cluster.add();
  cluster.join();
  cluster.homies[0]!.broadcast(Uint8Array.of(7));
  cluster.advance(10);
  expect(told).toContainEqual([1, 'broadcast']);
  expect(told).toContainEqual([0, 'up']);
  for (const homie of cluster.homies) expect([homie.arrivals, homie.events]).toEqual([[], []]);
});

it('homies that are all introduced know each other at once, share what they know, and get their links', () => {
  const cluster = new VirtualCluster({ seed: 3, engine: { zone: 'here' } });
  for (let i = 0; i < 25; i++) cluster.add({ seeds: [] });
  cluster.introduceAll();
  for (const homie of cluster.homies) {
    expect(homie.engine.members.length).toBe(24);
    for (const member of homie.engine.members) {
      const other = cluster.homies.find(each => each.id === member.id)!;
      expect(member.endpoint).toBe(other.endpoint);
      expect(member.incarnation).toBe(other.record.incarnation);
    }
  }
  expect(cluster.join(5_000)).toBe(true);
  for (const homie of cluster.homies) expect(homie.engine.metrics()['drop.member']).toBe(0);
});
