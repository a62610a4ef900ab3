import { describe, expect, it } from 'vitest';
import { Keyring } from '../../lib/engine/crypto/keyring.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { VirtualCluster } from '../../lib/testing/virtual-cluster.js';
import { Frame } from '../../lib/engine/wire/frame.js';
import { MessagePackWriter } from '../../lib/engine/wire/message-pack-writer.js';
import { Insider } from './insider.js';

const keyring = Keyring.derive('virtual', [new Uint8Array(32).fill(7)]);

function clusterWithInsider(seed: number) {
  const cluster = new VirtualCluster({ seed, checkEvery: 500 });
  for (let i = 0; i < 3; i++) cluster.add();
  if (!cluster.join()) throw new Error('the cluster did not form');
  cluster.advance(6_000);
  const insider = new Insider(cluster.network, cluster.homies[0]!.endpoint, keyring, seed);
  insider.introduce();
  return { cluster, insider, target: cluster.homies[0]! };
}

/** A value of any MessagePack kind that frames use, or plain noise. */
function writeAnything(writer: MessagePackWriter, random: SeededRandom): void {
  switch (random.below(6)) {
    case 0:
      return writer.uint(random.below(300));
    case 1:
      return writer.uint(2 ** random.below(54) - 1);
    case 2: {
      const bytes = new Uint8Array([0, 8, 16, 16, 16, 40][random.below(6)]!);
      random.fill(bytes);
      return writer.bytes(bytes);
    }
    case 3:
      return writer.text('zone'.repeat(random.below(20)));
    case 4:
      return writer.nil();
    default:
      return writer.array(random.below(20));
  }
}

function randomFrames(random: SeededRandom): Uint8Array {
  const writer = new MessagePackWriter(4_096);
  for (let frame = random.below(4); frame >= 0; frame--) {
    const elements = random.below(12);
    writer.array(elements + 1);
    writer.uint(random.below(13));
    for (let i = 0; i < elements; i++) writeAnything(writer, random);
  }
  return writer.take();
}

describe('a member that sends malformed frames', () => {
  it('cannot make a node throw, grow, or lose its other peers, in 30,000 sealed datagrams', () => {
    const { cluster, insider, target } = clusterWithInsider(31);
    const random = new SeededRandom(5);
    for (let i = 0; i < 30_000; i++) {
      insider.send(randomFrames(random));
      if (i % 50 === 0) cluster.advance(2);
    }
    cluster.advance(1_000);
    const metrics = target.engine.metrics();
    expect(metrics['drop.malformed']).toBeGreaterThan(10_000);
    expect(metrics.timers).toBeLessThan(100);
    expect(metrics.outboxBytes).toBeLessThan(1_000_000);
    target.engine.check();
    cluster.homies[1]!.broadcast(Uint8Array.of(1));
    cluster.advance(1_000);
    expect(target.arrivals.at(-1)!.payload[0]).toBe(1);
  });

  it('cannot make a node throw with genuine frames that are cut or bent anywhere', () => {
    const { cluster, insider, target } = clusterWithInsider(32);
    const random = new SeededRandom(6);
    const writer = new MessagePackWriter(2_000);
    const id = new Uint8Array(16).fill(0xab);
    writer.array(8);
    for (const value of [Frame.segment, 1]) writer.uint(value);
    writer.bytes(id);
    for (const value of [1_700_000_000_000, 5, 0, 1]) writer.uint(value);
    writer.bytes(new Uint8Array(100));
    writer.array(5);
    writer.uint(Frame.repairRequest);
    writer.bytes(id);
    for (const value of [1_700_000_000_000, 1, 4]) writer.uint(value);
    const genuine = writer.take();
    for (let i = 0; i < 20_000; i++) {
      const bent = genuine.slice(0, 1 + random.below(genuine.length));
      bent[random.below(bent.length)]! ^= 1 << random.below(8);
      insider.send(bent);
      if (i % 50 === 0) cluster.advance(2);
    }
    cluster.advance(1_000);
    target.engine.check();
    expect(target.engine.isReady).toBe(true);
  });

  it('cannot claim the memory of a large message with its first segment', () => {
    const { cluster, insider, target } = clusterWithInsider(33);
    const writer = new MessagePackWriter(200);
    const id = new Uint8Array(16);
    for (let i = 0; i < 20_000; i++) {
      id[0] = i & 255;
      id[1] = i >> 8;
      writer.reset();
      writer.array(8);
      for (const value of [Frame.segment, 1]) writer.uint(value);
      writer.bytes(id);
      for (const value of [7, 2_000, 0, 2_000]) writer.uint(value);
      writer.bytes(new Uint8Array(10));
      insider.send(writer.take());
      if (i % 100 === 0) cluster.advance(2);
    }
    const metrics = target.engine.metrics();
    expect(metrics.incompleteBytes).toBeLessThanOrEqual(8 * 1_048_576);
    expect(metrics.incompleteMessages).toBeLessThanOrEqual(4_096);
    expect(metrics['drop.reassembly_full']).toBeGreaterThan(0);
  });

  it('cannot kill others by telling of their death: they refute it', () => {
    const { cluster, insider } = clusterWithInsider(34);
    const writer = new MessagePackWriter(200);
    for (const victim of cluster.homies.slice(1)) {
      writer.reset();
      writer.array(2);
      writer.uint(Frame.news);
      writer.array(5);
      writer.bytes(Uint8Array.from(Buffer.from(victim.id, 'hex')));
      writer.uint(victim.options.wallClock());
      writer.uint(2);
      writer.nil();
      writer.text('default');
      insider.send(writer.take());
    }
    cluster.advance(10_000);
    for (const homie of cluster.homies) {
      for (const other of cluster.homies) {
        if (homie !== other) expect(homie.engine.members.some(member => member.id === other.id)).toBe(true);
      }
    }
  });
});
