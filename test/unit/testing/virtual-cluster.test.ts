import { expect, it, vi } from 'vitest';
import type { EngineEvent } from '../../../lib/engine/engine-event.js';
import { VirtualCluster, type VirtualHomie } from '../../../lib/testing/virtual-cluster.js';

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

it.each([
  ['after every input', 1, 3],
  ['after as many inputs as they are told', 2, 1],
  ['never', 0, 0],
  ['after an eighth as many inputs as there are members, where that is spread', 'spread', 1],
] as const)('homies assert the invariants of their engines %s', (_, checkEvery, checks) => {
  const cluster = new VirtualCluster({ checkEvery });
  for (let i = 0; i < 25; i++) cluster.add({ seeds: [] });
  cluster.introduceAll();
  const [homie] = cluster.homies as [VirtualHomie];
  if (checkEvery !== 0) while (!isCheckedNow(homie));
  const check = vi.spyOn(homie.engine, 'check');
  for (let input = 0; input < 3; input++) homie.afterInput();
  expect(check).toHaveBeenCalledTimes(checks);
});

/** Gives it an input; returns whether its invariants were asserted after it. */
function isCheckedNow(homie: VirtualHomie): boolean {
  const check = vi.spyOn(homie.engine, 'check');
  homie.afterInput();
  const isCalled = check.mock.calls.length > 0;
  check.mockRestore();
  return isCalled;
}
