import { describe, expect, it } from 'vitest';
import { VirtualCluster, type VirtualClusterOptions } from '../../lib/testing/virtual-cluster.js';

/** At the default. */
const DETECTION_MS = 3_000;

function startCluster(homies: number, options: VirtualClusterOptions = {}): VirtualCluster {
  const cluster = new VirtualCluster({ seed: 5, ...options });
  for (let i = 0; i < homies; i++) cluster.add();
  if (!cluster.join()) throw new Error('the cluster did not form');
  return cluster;
}

function told(cluster: VirtualCluster, type: string, id: string): number[] {
  return cluster.homies
    .filter(homie => homie.isRunning)
    .map(
      homie => homie.events.filter(event => event.type === type && 'member' in event && event.member.id === id).length,
    );
}

describe('members', () => {
  it('find each other when two name each other as seeds and say Hello at once', () => {
    const cluster = new VirtualCluster();
    const a = { address: '10.9.0.1', port: 6969 };
    const b = { address: '10.9.0.2', port: 6969 };
    cluster.add({ endpoint: a, seeds: [b] });
    cluster.add({ endpoint: b, seeds: [a] });
    expect(cluster.join(5_000)).toBe(true);
  });

  it('find each other when all have the same list of seeds, themselves included', () => {
    const cluster = new VirtualCluster();
    const endpoints = Array.from({ length: 5 }, (_, i) => ({ address: `10.9.0.${i + 1}`, port: 6969 }));
    for (const endpoint of endpoints) cluster.add({ endpoint, seeds: endpoints });
    expect(cluster.join(5_000)).toBe(true);
  });

  it('keep looking for a seed that starts an hour later', () => {
    const cluster = new VirtualCluster();
    const seed = { address: '10.9.0.9', port: 6969 };
    cluster.add({ seeds: [seed] });
    cluster.advance(3_600_000);
    cluster.add({ endpoint: seed, seeds: [] });
    expect(cluster.join(20_000)).toBe(true);
  });

  it('that leave are told as left everywhere, once, and never as down', () => {
    const cluster = startCluster(20);
    cluster.advance(1_000);
    const leaver = cluster.homies[6]!;
    leaver.leave();
    cluster.advance(1_000);
    const others = cluster.homies.filter(homie => homie !== leaver);
    for (const homie of others) expect(homie.engine.peer(leaver.id)).toBeUndefined();
    cluster.advance(60_000);
    expect(told(cluster, 'left', leaver.id)).toEqual(Array(19).fill(1));
    expect(told(cluster, 'down', leaver.id)).toEqual(Array(19).fill(0));
    for (const homie of others) expect(homie.engine.members.length).toBe(18);
  });

  it('that fall silent are in doubt everywhere within the detection time, down within twice of it, and not before', () => {
    const cluster = startCluster(20);
    cluster.advance(10_000);
    const victim = cluster.homies[6]!;
    victim.kill();
    cluster.advance(DETECTION_MS);
    expect(told(cluster, 'suspect', victim.id)).toEqual(Array(19).fill(1));
    expect(told(cluster, 'down', victim.id)).toEqual(Array(19).fill(0));
    cluster.advance(DETECTION_MS);
    expect(told(cluster, 'down', victim.id)).toEqual(Array(19).fill(1));
  });

  it('keep their sessions through rekeying for an hour without a gap', () => {
    const cluster = startCluster(5, { checkEvery: 10 });
    for (let minute = 0; minute < 60; minute++) {
      cluster.homies[minute % 5]!.broadcast(Uint8Array.of(minute));
      cluster.advance(60_000);
    }
    for (const [i, homie] of cluster.homies.entries()) {
      expect(homie.arrivals.length).toBe(48);
      for (const other of cluster.homies) expect(told(cluster, 'down', other.id)[i]).toBe(0);
    }
  });

  it('do not die of 20 % loss in an hour', () => {
    const cluster = startCluster(15, { conditions: { latencyMs: 20, loss: 0.2 }, checkEvery: 50 });
    cluster.advance(3_600_000);
    for (const homie of cluster.homies) {
      expect(homie.engine.members.length).toBe(14);
      expect(homie.engine.isReady).toBe(true);
    }
  });

  it('of two halves that lost each other find each other again, and broadcasts cross again', () => {
    const cluster = startCluster(12);
    const hosts = cluster.homies.map(homie => homie.endpoint.address);
    cluster.network.partition(hosts.slice(0, 6), hosts.slice(6));
    cluster.advance(120_000);
    for (const homie of cluster.homies) expect(homie.engine.members.length).toBe(5);
    cluster.network.heal();
    expect(cluster.join(90_000)).toBe(true);
    cluster.advance(5_000);
    cluster.homies[0]!.broadcast(Uint8Array.of(1));
    cluster.homies[11]!.broadcast(Uint8Array.of(2));
    cluster.advance(2_000);
    for (const homie of cluster.homies.slice(1, 11)) expect(homie.arrivals.length).toBe(2);
  });

  it('wrongly taken for dead come back under a higher incarnation', () => {
    const cluster = startCluster(8);
    const victim = cluster.homies[3]!;
    const rest = cluster.homies.filter(homie => homie !== victim).map(homie => homie.endpoint.address);
    cluster.network.partition(rest, [victim.endpoint.address]);
    cluster.advance(40_000);
    expect(told(cluster, 'down', victim.id).filter(count => count === 1).length).toBe(7);
    cluster.network.heal();
    expect(cluster.join(120_000)).toBe(true);
  });

  it('that move to another address keep their sessions and their place', () => {
    const cluster = startCluster(4);
    cluster.advance(10_000);
    const mover = cluster.homies[2]!;
    const elsewhere = { address: '10.77.0.1', port: 1234 };
    cluster.network.move(mover.endpoint, elsewhere);
    cluster.advance(15_000);
    cluster.homies[0]!.broadcast(Uint8Array.of(9));
    cluster.advance(1_000);
    expect(mover.arrivals.map(arrival => arrival.payload[0])).toEqual([9]);
    expect(told(cluster, 'down', mover.id)).toEqual([0, 0, 0, 0]);
    for (const homie of cluster.homies.filter(other => other !== mover)) {
      expect(homie.engine.peer(mover.id)!.endpoint).toEqual(elsewhere);
    }
  });

  it('join by the hundred through one seed within seconds', () => {
    const cluster = new VirtualCluster({ seed: 8, conditions: { latencyMs: 20, jitterMs: 10 }, checkEvery: 200 });
    for (let i = 0; i < 100; i++) cluster.add();
    expect(cluster.join(10_000)).toBe(true);
    for (const homie of cluster.homies) expect(homie.events.filter(event => event.type === 'down')).toEqual([]);
  });
});
