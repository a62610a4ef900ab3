import { describe, expect, it } from 'vitest';
import { cacheBytes } from '../../lib/engine/broadcast/segment-cache.js';
import { REASSEMBLY_STALL_MS } from '../../lib/engine/broadcast/reassembly.js';
import { VirtualCluster, type VirtualHomie } from '../../lib/testing/virtual-cluster.js';

const MIB = 1_048_576;

function cluster(homies: number, maxMessageBytes: number, loss = 0): VirtualCluster {
  const made = new VirtualCluster({
    checkEvery: 10_000,
    conditions: { latencyMs: 2, loss },
    engine: { maxMessageBytes, repairCache: { maxBytes: cacheBytes(maxMessageBytes), maxAgeMs: 30_000 } },
  });
  for (let i = 0; i < homies; i++) made.add();
  expect(made.join()).toBe(true);
  return made;
}

/** A message whose every part tells where it belongs. */
function messageOf(bytes: number, seed: number): Uint8Array {
  const words = new Uint32Array(bytes / 4);
  for (let i = 0; i < words.length; i++) words[i] = i * 2_654_435_761 + seed;
  return new Uint8Array(words.buffer);
}

const isWhole = (payload: Uint8Array, message: Uint8Array) => Buffer.compare(payload, message) === 0;

/** How many messages are incomplete somewhere, and their bytes. */
function incomplete(homies: readonly VirtualHomie[]) {
  const gauges = homies.map(({ engine }) => engine.metrics());
  return {
    messages: gauges.reduce((sum, each) => sum + each.incompleteMessages!, 0),
    bytes: gauges.reduce((sum, each) => sum + each.incompleteBytes!, 0),
  };
}

describe('three messages of 16 MiB at once', () => {
  it('arrive whole everywhere, and nothing of them is left', () => {
    const { homies, network } = cluster(4, 16 * MIB);
    const messages = homies.slice(0, 3).map((_, i) => messageOf(16 * MIB, i));
    messages.forEach((message, i) => expect(homies[i]!.broadcast(message)).toBe('accepted'));
    const haveAll = () => homies.every(({ arrivals }, i) => arrivals.length === (i < 3 ? 2 : 3));
    expect(network.advanceUntil(haveAll, 60_000)).toBe(true);
    for (const { arrivals } of homies) {
      for (const { origin, payload } of arrivals) {
        const sender = homies.findIndex(({ id }) => id === origin.id);
        expect(isWhole(payload, messages[sender]!)).toBe(true);
      }
    }
    expect(incomplete(homies)).toEqual({ messages: 0, bytes: 0 });
    for (const { engine } of homies) expect(engine.metrics().outboxBytes).toBe(0);
  });
});

describe('a message of 2 MiB', () => {
  it('arrives whole through 10 % loss', () => {
    const { homies, network } = cluster(4, 2 * MIB, 0.1);
    const message = messageOf(2 * MIB, 7);
    homies[0]!.broadcast(message);
    expect(network.advanceUntil(() => homies.slice(1).every(({ arrivals }) => arrivals.length === 1), 60_000)).toBe(
      true,
    );
    for (const { arrivals } of homies.slice(1)) expect(isWhole(arrivals[0]!.payload, message)).toBe(true);
  });

  it('whose origin dies half way is given up everywhere, which is told and counted, and its memory is free again', () => {
    const { homies, network } = cluster(4, 2 * MIB);
    const [origin, ...others] = homies;
    origin!.broadcast(messageOf(2 * MIB, 9));
    expect(network.advanceUntil(() => incomplete(others).bytes > MIB / 2, 10_000)).toBe(true);
    origin!.kill();
    network.advance(REASSEMBLY_STALL_MS + 40_000);
    for (const { engine, events, arrivals } of others) {
      expect(arrivals).toEqual([]);
      const lost = events.flatMap(event => (event.type === 'message_lost' ? event.message : []));
      expect(lost).toMatchObject([{ origin: { id: origin!.id }, sequence: 1, reason: 'stalled' }]);
      expect(lost[0]!.receivedBytes).toBeGreaterThan(0);
      expect(lost[0]!.missingSegments).toBeGreaterThan(0);
      expect(engine.metrics()).toMatchObject({
        'drop.reassembly_stalled': 1,
        incompleteMessages: 0,
        incompleteBytes: 0,
      });
    }
  });
});
