import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { VirtualCluster } from '../../lib/testing/virtual-cluster.js';

/** A hash of every datagram of a run with joins, losses, broadcasts large and small, a death and a leave. */
function runDigest(seed: number): string {
  const hash = createHash('sha256');
  const cluster = new VirtualCluster({
    seed,
    conditions: { latencyMs: 5, jitterMs: 3, loss: 0.1, duplication: 0.05, reordering: 0.05 },
  });
  cluster.network.onDatagram = (from, to, datagram) => hash.update(`${from.address}>${to.address}`).update(datagram);
  for (let i = 0; i < 12; i++) cluster.add({ zone: `zone-${i % 3}` });
  cluster.join();
  for (let round = 0; round < 10; round++) {
    cluster.homies[round]!.broadcast(new Uint8Array(100 + round * 5_000).fill(round));
    cluster.advance(300);
  }
  cluster.homies[3]!.kill();
  cluster.homies[4]!.leave();
  cluster.advance(60_000);
  return hash.digest('hex');
}

it('the same seed gives the same bytes on the wire', () => {
  expect(runDigest(11)).toBe(runDigest(11));
});

it('another seed gives another run', () => {
  expect(runDigest(11)).not.toBe(runDigest(12));
});
