import { beforeEach, describe, expect, it } from 'vitest';
import { OVERLOAD_MS } from '../../lib/engine/peers/overload.js';
import { VirtualCluster, type VirtualHomie } from '../../lib/testing/virtual-cluster.js';

const HOMIES = 4;
const MESSAGE_BYTES = 1_000;
/** A thousand messages a second are all that the slow one can handle. */
const HANDLING_MS = 1;

let cluster: VirtualCluster;
let slow: VirtualHomie;
let others: VirtualHomie[];

/** Homies on one machine: the network holds nothing back, so that only the receivers set the pace. */
beforeEach(() => {
  cluster = new VirtualCluster({ checkEvery: 100, conditions: { latencyMs: 0.05 } });
  for (let i = 0; i < HOMIES; i++) cluster.add({ endpoint: { address: '127.0.0.1', port: 7_000 + i } });
  if (!cluster.join()) throw new Error('the cluster does not come together');
  [slow, ...others] = cluster.homies as [VirtualHomie, ...VirtualHomie[]];
});

/**
 * All others broadcast whenever there is room, for a while. Returns how many messages were accepted, and how long the slow one
 * took to answer when it was asked what had arrived, ms.
 */
function offerFor(ms: number): { accepted: number; answersMs: number[] } {
  let accepted = 0;
  const answersMs: number[] = [];
  const payload = new Uint8Array(MESSAGE_BYTES);
  for (const until = cluster.network.now() + ms; cluster.network.now() < until; cluster.advance(1)) {
    for (const homie of others) {
      while (homie.broadcast(payload) === 'accepted') accepted++;
      const { path } = homie.engine.peer(slow.id)!.flow;
      if (path.reportedAt > cluster.network.now() - 1) answersMs.push(path.reportedAt - path.reportedSentAt);
    }
  }
  return { accepted, answersMs: answersMs.sort((a, b) => a - b) };
}

const windowShare = () => slow.engine.metrics().receiveWindowShare;

describe('a homie whose handlers are slow', () => {
  it('takes less from the others, so that heartbeats and other control do not wait behind data', () => {
    slow.handlingMs = HANDLING_MS;
    offerFor(1_000);
    const { answersMs } = offerFor(1_000);
    expect(windowShare()).toBeLessThan(0.5);
    expect(answersMs[Math.floor(0.9 * answersMs.length)]).toBeLessThan(1.5 * OVERLOAD_MS);
    // What its socket holds at most would take it several times as long.
    expect(answersMs.length).toBeGreaterThan(20);
  });

  it('slows the others down to what it handles, and nothing is lost', () => {
    slow.handlingMs = HANDLING_MS;
    // Until the queues to it are full.
    const first = offerFor(4_000);
    const { accepted } = offerFor(2_000);
    expect(accepted).toBeGreaterThan(1_600 / HANDLING_MS);
    expect(accepted).toBeLessThan(2_400 / HANDLING_MS);
    cluster.advance(10_000);
    for (const homie of cluster.homies) expect(homie.engine.metrics()['drop.segment_lost']).toBe(0);
    expect(slow.arrivals.length).toBe(first.accepted + accepted);
    expect(new Set(slow.arrivals.map(({ origin, sequence }) => `${origin.id} ${sequence}`)).size).toBe(
      slow.arrivals.length,
    );
  });

  it('takes as much as before soon after it is quick again', () => {
    slow.handlingMs = HANDLING_MS;
    offerFor(1_000);
    slow.handlingMs = 0;
    offerFor(50);
    cluster.advance(3_000);
    expect(windowShare()).toBe(1);
    const before = slow.arrivals.length;
    const { accepted } = offerFor(20);
    cluster.advance(500);
    expect(slow.arrivals.length - before).toBe(accepted);
  });
});
