import { describe, expect, it } from 'vitest';
import { Keyring } from '../../lib/engine/crypto/keyring.js';
import { VirtualCluster } from '../../lib/testing/virtual-cluster.js';

const OLD = new Uint8Array(32).fill(1);
const NEW = new Uint8Array(32).fill(2);
const keyringOf = (...keys: Uint8Array[]) => Keyring.derive('virtual', keys);

function startCluster(homies: number): VirtualCluster {
  const cluster = new VirtualCluster({ seed: 6, engine: { keyring: keyringOf(OLD) } });
  for (let i = 0; i < homies; i++) cluster.add();
  if (!cluster.join()) throw new Error('the cluster did not form');
  return cluster;
}

function setKeyring(cluster: VirtualCluster, keyring: Keyring): void {
  for (const homie of cluster.homies) {
    homie.engine.setKeyring(cluster.network.now(), keyring);
    homie.afterInput();
    cluster.advance(1_000);
  }
}

describe('keys', () => {
  it('are rotated in three steps without a lost broadcast or a lost member', () => {
    const cluster = startCluster(8);
    const sent: number[] = [];
    for (const keyring of [keyringOf(OLD, NEW), keyringOf(NEW, OLD), keyringOf(NEW)]) {
      setKeyring(cluster, keyring);
      for (let i = 0; i < 5; i++) {
        cluster.homies[0]!.broadcast(Uint8Array.of(sent.length));
        sent.push(sent.length);
        cluster.advance(5_000);
      }
    }
    for (const homie of cluster.homies.slice(1)) {
      expect(homie.arrivals.map(arrival => arrival.payload[0])).toEqual(sent);
      expect(homie.events.filter(event => event.type === 'down' || event.type === 'unready')).toEqual([]);
    }
  });

  it('that are removed end every session made with them within 15 s', () => {
    const cluster = startCluster(4);
    setKeyring(cluster, keyringOf(OLD, NEW));
    setKeyring(cluster, keyringOf(NEW));
    cluster.advance(16_000);
    const { id } = keyringOf(NEW).primary;
    const peers = cluster.homies.flatMap(homie => cluster.homies.map(other => homie.engine.peer(other.id)));
    const sessions = peers.flatMap(peer => (peer === undefined ? [] : [peer.current, peer.previous ?? peer.current]));
    expect(new Set(sessions.map(session => session.keyId))).toEqual(new Set([id]));
  });

  it('that only one side removes keep the others together, and leave out who has the old one only', () => {
    const cluster = startCluster(4);
    for (const homie of cluster.homies.slice(1)) {
      homie.engine.setKeyring(cluster.network.now(), keyringOf(NEW));
      homie.afterInput();
    }
    // Its sessions end, and two dials of 15 s each go unanswered.
    cluster.advance(150_000);
    expect(cluster.homies[0]!.engine.isReady).toBe(false);
    for (const homie of cluster.homies.slice(1)) expect(homie.engine.members.length).toBe(2);
  });
});
