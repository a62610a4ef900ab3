import { describe, expect, it } from 'vitest';
import { CACHE_SEGMENTS } from '../../lib/engine/broadcast/segment-cache.js';
import { MAX_ORIGINS } from '../../lib/engine/broadcast/origin-stream.js';
import { Wish } from '../../lib/engine/broadcast/stream-link.js';
import { Keyring } from '../../lib/engine/crypto/keyring.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { VirtualCluster, type VirtualHomie } from '../../lib/testing/virtual-cluster.js';
import { MAX_FAVOURS } from '../../lib/engine/membership/indirect-probes.js';
import { MAX_ACCUSERS } from '../../lib/engine/membership/member.js';
import { Frame, Role } from '../../lib/engine/wire/frame.js';
import { MAX_SEGMENT_COUNT } from '../../lib/engine/wire/segment-frame.js';
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

const bytesOf = (id: string) => Uint8Array.from(Buffer.from(id, 'hex'));

/** News that this homie is accused by so many, who do not exist, under the incarnation that it has now. */
function accusationOf(victim: VirtualHomie, accusers: number, incarnation = incarnationOf(victim)): Uint8Array {
  const writer = new MessagePackWriter(500);
  writer.array(2);
  writer.uint(Frame.news);
  writer.array(5 + accusers);
  writer.bytes(bytesOf(victim.id));
  writer.uint(incarnation);
  writer.uint(1);
  writer.nil();
  writer.text('default');
  for (let i = 0; i < accusers; i++) writer.bytes(new Uint8Array(16).fill(i));
  return writer.take();
}

/** What it says of itself now: each refutation adds one. */
function incarnationOf(homie: VirtualHomie): number {
  return homie.record.incarnation + homie.engine.metrics().refutations!;
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
    writer.uint(random.below(16));
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
    writer.array(2);
    writer.uint(Frame.probeRequest);
    writer.bytes(bytesOf(cluster.homies[1]!.id));
    writer.array(3);
    writer.uint(Frame.probeResult);
    writer.bytes(bytesOf(cluster.homies[1]!.id));
    writer.uint(0);
    const genuine = Buffer.concat([writer.take(), accusationOf(cluster.homies[1]!, 3)]);
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
    const ids = cluster.homies.map(homie => homie.id);
    for (const homie of cluster.homies) {
      const others = ids.filter(id => id !== homie.id);
      expect(homie.engine.members.map(member => member.id)).toEqual(expect.arrayContaining(others));
    }
  });
});

/** News of one member under a chosen incarnation: `state` 0 is up, 2 is down. */
function newsOf(id: string, incarnation: number, state: number): Uint8Array {
  const writer = new MessagePackWriter(200);
  writer.array(2);
  writer.uint(Frame.news);
  writer.array(5);
  writer.bytes(Uint8Array.from(Buffer.from(id, 'hex')));
  writer.uint(incarnation);
  writer.uint(state);
  writer.nil();
  writer.text('default');
  return writer.take();
}

describe('a member that lies', () => {
  it('cannot push an incarnation to where it can no longer be written: others still join through its victim', () => {
    const { cluster, insider, target } = clusterWithInsider(41);
    for (const incarnation of [2 ** 53 - 1, 2 ** 48 + 1, 2 ** 48]) insider.send(newsOf(target.id, incarnation, 0));
    cluster.advance(1_000);
    const late = cluster.add({ seeds: [target.endpoint] });
    cluster.advance(10_000);
    expect(late.engine.isReady).toBe(true);
    expect(target.engine.members.some(member => member.id === late.id)).toBe(true);
  });

  it('gets one answer to many requests for members in one datagram', () => {
    const { cluster, insider, target } = clusterWithInsider(42);
    const writer = new MessagePackWriter(1_200);
    for (let i = 0; i < 290; i++) {
      writer.array(2);
      writer.uint(Frame.membersRequest);
      writer.bytes(new Uint8Array(0));
    }
    let bytes = 0;
    cluster.network.onDatagram = (_from, to, datagram) => {
      if (to.address === insider.endpoint.address) bytes += datagram.length;
    };
    insider.send(writer.take());
    cluster.advance(50);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(2_000);
    expect(target.engine.isReady).toBe(true);
  });

  it('cannot tell a node how far its own stream is, nor that it has begun anew', () => {
    const { cluster, insider, target } = clusterWithInsider(43);
    target.broadcast(Uint8Array.of(1));
    const writer = new MessagePackWriter(200);
    const boot = target.options.wallClock();
    for (const claimed of [0, boot + 1_000_000]) {
      writer.reset();
      writer.array(5);
      writer.uint(Frame.digest);
      writer.bytes(Uint8Array.from(Buffer.from(target.id, 'hex')));
      for (const value of [claimed, 1_000_000, 0]) writer.uint(value);
      insider.send(writer.take());
      cluster.advance(100);
    }
    target.broadcast(Uint8Array.of(2));
    cluster.advance(1_000);
    expect(cluster.homies[1]!.arrivals.map(arrival => arrival.payload[0])).toEqual([1, 2]);
    expect(target.engine.metrics().streamsWithGaps).toBe(0);
    expect(target.engine.lastSequence).toBe(2);
  });

  it('has what its digest puts out of reach counted as lost', () => {
    const { cluster, insider, target } = clusterWithInsider(45);
    const writer = new MessagePackWriter(500);
    const id = Uint8Array.from(Buffer.from(insider.id, 'hex'));
    writer.array(8);
    for (const value of [Frame.segment, 1]) writer.uint(value);
    writer.bytes(id);
    for (const value of [7, 1, 0, 1]) writer.uint(value);
    writer.bytes(Uint8Array.of(1));
    writer.array(5);
    writer.uint(Frame.digest);
    writer.bytes(id);
    for (const value of [7, 200_000, 0]) writer.uint(value);
    insider.send(writer.take());
    cluster.advance(5);
    expect(target.engine.metrics()['drop.segment_lost']).toBe(200_000 - 65_536 - 1);
    cluster.advance(60_000);
    expect(target.engine.metrics()['drop.segment_lost']).toBe(200_000 - 1);
    expect(target.engine.metrics().streamsWithGaps).toBe(0);
  });

  it('may add elements to frames, as a later version might: what follows them is read', () => {
    const { cluster, insider, target } = clusterWithInsider(44);
    const writer = new MessagePackWriter(500);
    const id = Uint8Array.from(Buffer.from(insider.id, 'hex'));
    const extended: [number, (number | Uint8Array)[]][] = [
      [Frame.heartbeat, [1, 0, 0, 99]],
      [Frame.membersRequest, [new Uint8Array(0), 99]],
      [Frame.pathChallenge, [new Uint8Array(8), 99]],
      [Frame.digest, [id, 1, 0, 0, 99]],
      [Frame.repairRequest, [id, 1, 1, 1, 99]],
      [Frame.wish, [id, 1, 1, 1, 99]],
      [Frame.offer, [id, 1, 1, 60, 99]],
      [Frame.offer, [id, 1, 0, 0, 99]],
      [Frame.probeRequest, [id, 99]],
      [Frame.probeResult, [id, 1, 99]],
    ];
    for (const [type, elements] of extended) {
      writer.array(1 + elements.length);
      writer.uint(type);
      for (const element of elements) {
        if (typeof element === 'number') writer.uint(element);
        else writer.bytes(element);
      }
    }
    writer.array(8);
    for (const value of [Frame.segment, 1]) writer.uint(value);
    writer.bytes(id);
    for (const value of [7, 1, 0, 1]) writer.uint(value);
    writer.bytes(Uint8Array.of(55));
    insider.send(writer.take());
    cluster.advance(100);
    expect(target.engine.metrics()['drop.malformed']).toBe(0);
    expect(target.arrivals.at(-1)!.payload[0]).toBe(55);
  });
});

/** What all homies were told of the others, apart from `up`. */
const toldBy = (cluster: VirtualCluster, type: string) =>
  cluster.homies.reduce((sum, { events }) => sum + events.filter(event => event.type === type).length, 0);

describe('a member that accuses', () => {
  it('everybody of everything, with as many accusers as fit, brings nobody down: they refute it, each time', () => {
    const { cluster, insider } = clusterWithInsider(61);
    for (let round = 0; round < 100; round++) {
      for (const victim of cluster.homies) insider.send(accusationOf(victim, MAX_ACCUSERS));
      cluster.advance(100);
    }
    expect(toldBy(cluster, 'suspect')).toBeGreaterThan(0);
    expect(toldBy(cluster, 'down')).toBe(0);
    cluster.advance(1_000);
    const ids = cluster.homies.map(({ id }) => id);
    for (const homie of cluster.homies) {
      expect(homie.engine.metrics().refutations).toBeGreaterThan(10);
      expect(homie.engine.metrics().suspects).toBe(0);
      const others = homie.engine.members.filter(({ id }) => ids.includes(id));
      expect(others.map(({ state }) => state)).toEqual(['up', 'up']);
      homie.engine.check();
    }
  });

  it('as fast as it can costs the others little: what they tell of it is told at most twenty times a second', () => {
    const { cluster, insider, target } = clusterWithInsider(62);
    const victim = cluster.homies[1]!;
    let sent = 0;
    cluster.network.onDatagram = from => {
      if (from.address === target.endpoint.address) sent++;
    };
    cluster.advance(5_000);
    const usual = sent / 5;
    sent = 0;
    for (let ms = 0; ms < 5_000; ms++) {
      insider.send(accusationOf(victim, MAX_ACCUSERS));
      cluster.advance(1);
    }
    // To two links and the insider, and what they say in turn is answered, too.
    expect(sent / 5 - usual).toBeLessThan(20 * 3 * 2 + 1_000);
    expect(toldBy(cluster, 'down')).toBe(0);
    expect(target.engine.metrics().outboxBytes).toBeLessThan(100_000);
  });

  it('members that do not exist, or under incarnations of long ago, changes nothing', () => {
    const { cluster, insider, target } = clusterWithInsider(63);
    const writer = new MessagePackWriter(500);
    for (let i = 0; i < 2_000; i++) {
      const id = madeUp(i);
      writer.reset();
      writer.array(2);
      writer.uint(Frame.news);
      writer.array(6);
      writer.bytes(id);
      writer.uint(7);
      writer.uint(1);
      writer.nil();
      writer.text('default');
      writer.bytes(id);
      insider.send(writer.take());
      insider.send(accusationOf(cluster.homies[1]!, 1, 7));
      if (i % 50 === 0) cluster.advance(10);
    }
    cluster.advance(1_000);
    expect(target.engine.metrics()['drop.member']).toBe(2_000);
    expect(target.engine.metrics().suspects).toBe(0);
    expect(toldBy(cluster, 'suspect')).toBe(0);
  });

  it.each([
    ['a suspect without accusers', 1, 0],
    ['a suspect with too many', 1, MAX_ACCUSERS + 1],
    ['one that lives', 0, 1],
    ['one that is down', 2, 1],
  ])('in a form that is none is not believed, and counted: %s', (_, state, accusers) => {
    const { cluster, insider, target } = clusterWithInsider(64);
    const news = accusationOf(cluster.homies[1]!, accusers);
    // The state stands behind the id and the incarnation of nine bytes.
    const at = 3 + 2 + 16 + 9;
    expect(news[at]).toBe(1);
    news[at] = state;
    insider.send(news);
    cluster.advance(100);
    expect(target.engine.metrics()['drop.malformed']).toBe(1);
    expect(toldBy(cluster, 'suspect') + toldBy(cluster, 'down')).toBe(0);
  });
});

function sendRequests(insider: Insider, ids: readonly Uint8Array[]): void {
  sendMany(
    insider,
    ids.map(id => [Frame.probeRequest, id]),
  );
}

describe('a member that asks others to reach members', () => {
  it('cannot make a node grow: it looks for a few at a time, and counts the others', () => {
    const { cluster, insider, target } = clusterWithInsider(71);
    const writer = new MessagePackWriter(500);
    // A thousand members that are nowhere.
    for (let i = 0; i < 1_000; i++) {
      writer.reset();
      writer.array(2);
      writer.uint(Frame.news);
      writer.array(5);
      writer.bytes(madeUp(i));
      writer.uint(7);
      writer.uint(0);
      writer.bytes(Uint8Array.of(10, 99, i >> 8, i & 255, 1, 1));
      writer.text('default');
      insider.send(writer.take());
    }
    cluster.advance(100);
    expect(target.engine.metrics().members).toBeGreaterThan(1_000);
    for (let round = 0; round < 20; round++) {
      sendRequests(
        insider,
        Array.from({ length: 1_000 }, (_, i) => madeUp(i)),
      );
      cluster.advance(100);
      expect(target.engine.metrics().favours).toBeLessThanOrEqual(MAX_FAVOURS);
      target.engine.check();
    }
    expect(target.engine.metrics()['drop.probe_refused']).toBeGreaterThan(10_000);
    cluster.homies[1]!.broadcast(Uint8Array.of(1));
    cluster.advance(1_000);
    expect(target.arrivals.at(-1)!.payload[0]).toBe(1);
  });

  it('cannot aim others at a victim: many who ask at once cost it one heartbeat, and the asker gets one answer each', () => {
    const { cluster, insider, target } = clusterWithInsider(72);
    const victim = cluster.homies[1]!;
    cluster.advance(1_000);
    let aimed = 0;
    let answered = 0;
    cluster.network.onDatagram = (from, to) => {
      if (from.address !== target.endpoint.address) return;
      if (to.address === victim.endpoint.address) aimed++;
      if (to.address === insider.endpoint.address) answered++;
    };
    for (let i = 0; i < 1_000; i++) sendRequests(insider, [bytesOf(victim.id), bytesOf(victim.id)]);
    cluster.advance(100);
    expect(aimed).toBeLessThan(10);
    expect(answered).toBeLessThan(10);
    expect(target.engine.metrics().favours).toBe(0);
  });

  it('for unknown ones, for us and for itself gets no more than an answer', () => {
    const { cluster, insider, target } = clusterWithInsider(73);
    sendRequests(insider, [madeUp(1), bytesOf(target.id), bytesOf(insider.id)]);
    cluster.advance(5_000);
    expect(target.engine.metrics()).toMatchObject({ favours: 0, 'drop.probe_refused': 1, 'drop.malformed': 0 });
    target.engine.check();
  });
});

describe('a member that testifies', () => {
  it('that the dead live cannot keep them in the list: others tell of their death', () => {
    const cluster = new VirtualCluster({ seed: 81, checkEvery: 100 });
    for (let i = 0; i < 6; i++) cluster.add();
    if (!cluster.join()) throw new Error('the cluster did not form');
    const [target] = cluster.homies;
    const insider = new Insider(cluster.network, target!.endpoint, keyring, 81);
    insider.introduce();
    const victim = cluster.homies[5]!;
    victim.kill();
    for (let ms = 0; ms < 20_000; ms += 50) {
      // It wants to be a link, so that it is asked; and it says so before it is asked, too.
      sendMany(insider, [[Frame.probeResult, bytesOf(victim.id), 1]]);
      insider.send(heartbeatOf(ms));
      cluster.advance(50);
    }
    for (const homie of cluster.homies.filter(({ isRunning }) => isRunning)) {
      expect(homie.engine.members.map(({ id }) => id)).not.toContain(victim.id);
    }
  });

  it('that the living are dead does not harm them', () => {
    const { cluster, insider, target } = clusterWithInsider(82);
    const others = cluster.homies.slice(1);
    for (let ms = 0; ms < 20_000; ms += 50) {
      sendMany(
        insider,
        others.map(({ id }) => [Frame.probeResult, bytesOf(id), 0]),
      );
      cluster.advance(50);
    }
    expect(target.events.filter(({ type }) => type === 'suspect' || type === 'down')).toEqual([]);
  });
});

/** A heartbeat of somebody who wants broadcasts from us. */
function heartbeatOf(token: number): Uint8Array {
  const writer = new MessagePackWriter(50);
  writer.array(4);
  for (const value of [Frame.heartbeat, token, Role.feed, 0]) writer.uint(value);
  return writer.take();
}

const LARGEST = Number.MAX_SAFE_INTEGER;

/** The id of an origin that nobody ever heard of. */
function madeUp(number: number): Uint8Array {
  const id = new Uint8Array(16).fill(0xee);
  new DataView(id.buffer).setUint32(0, number * 0x9e3779b1);
  return id;
}

/** Frames of one type, each with an origin and numbers behind it, as many as fit into a datagram each time. */
function sendMany(insider: Insider, frames: Iterable<[type: number, origin: Uint8Array, ...numbers: number[]]>): void {
  const writer = new MessagePackWriter(2_000);
  let bytes: Uint8Array[] = [];
  const flush = () => {
    insider.send(Uint8Array.from(Buffer.concat(bytes)));
    bytes = [];
  };
  for (const [type, origin, ...numbers] of frames) {
    writer.reset();
    writer.array(2 + numbers.length);
    writer.uint(type);
    writer.bytes(origin);
    for (const number of numbers) writer.uint(number);
    const frame = writer.take().slice();
    if (bytes.reduce((sum, each) => sum + each.length, frame.length) > 1_150) flush();
    bytes.push(frame);
  }
  if (bytes.length > 0) flush();
}

/** A segment of an origin that is nobody. */
function segmentOf(origin: Uint8Array, sequence: number, index: number, count: number, bytes = 600): Uint8Array {
  const writer = new MessagePackWriter(2_000);
  writer.array(8);
  for (const value of [Frame.segment, 1]) writer.uint(value);
  writer.bytes(origin);
  for (const value of [7, sequence, index, count]) writer.uint(value);
  writer.bytes(new Uint8Array(bytes));
  return writer.take().slice();
}

/** What a node does when a datagram comes and while virtual time goes on, in seconds of the clock on the wall. */
function secondsOf(work: () => void): number {
  const from = performance.now();
  work();
  return (performance.now() - from) / 1_000;
}

describe('a member that says what it wants and offers what it likes', () => {
  const numbers = [0, 1, 2, 65_535, 65_536, 65_537, 2 ** 31, 2 ** 32, 2 ** 48, LARGEST - 65_536, LARGEST - 1, LARGEST];

  it('cannot make a node throw or hang with wishes, offers and digests of any numbers', () => {
    const { cluster, insider, target } = clusterWithInsider(51);
    const honest = Uint8Array.from(Buffer.from(cluster.homies[1]!.id, 'hex'));
    const own = Uint8Array.from(Buffer.from(target.id, 'hex'));
    cluster.homies[1]!.broadcast(new Uint8Array(20_000));
    target.broadcast(new Uint8Array(20_000));
    cluster.advance(1_000);
    const boots = [0, 7, target.options.wallClock(), LARGEST];
    let number = 0;
    const seconds = secondsOf(() => {
      for (const first of numbers) {
        for (const second of numbers) {
          const origins = [honest, own, madeUp(number++ % 40)];
          for (const origin of origins) {
            for (const boot of boots) {
              sendMany(insider, [
                [Frame.offer, origin, boot, first, second],
                [Frame.wish, origin, boot, first, second],
                [Frame.wish, origin, boot, Wish.eager, second],
                [Frame.digest, origin, boot, first, second],
              ]);
            }
          }
          cluster.advance(20);
        }
      }
      cluster.advance(60_000);
    });
    target.engine.check();
    expect(target.engine.isReady).toBe(true);
    expect(seconds).toBeLessThan(30);
  });

  it('cannot make a node wait for segments beyond what can be counted', () => {
    const { cluster, insider, target } = clusterWithInsider(52);
    const seconds = secondsOf(() => {
      insider.send(segmentOf(madeUp(1), LARGEST, 0, 60));
      insider.send(segmentOf(madeUp(2), LARGEST - 10, 0, MAX_SEGMENT_COUNT));
      insider.send(segmentOf(madeUp(3), LARGEST, 59, 60));
      sendMany(
        insider,
        numbers.map(first => [Frame.offer, madeUp(4), 7, first, MAX_SEGMENT_COUNT]),
      );
      cluster.advance(60_000);
    });
    expect(target.engine.metrics()['drop.malformed']).toBe(2);
    expect(target.engine.metrics().streamsWithGaps).toBe(0);
    expect(seconds).toBeLessThan(20);
  });

  it('cannot make a node grow with offers of thousands of origins', () => {
    const { cluster, insider, target } = clusterWithInsider(53);
    const offers = Array.from({ length: 40_000 }, (_, i) => [Frame.offer, madeUp(i), 7, 1, 60] as const);
    for (let i = 0; i < offers.length; i += 400) {
      sendMany(
        insider,
        offers.slice(i, i + 400).map(offer => [...offer]),
      );
      cluster.advance(5);
    }
    const metrics = target.engine.metrics();
    expect(metrics.origins).toBeLessThanOrEqual(MAX_ORIGINS);
    expect(metrics['drop.origins_full']).toBeGreaterThan(0);
    expect(metrics.outboxBytes).toBeLessThan(8 * 1_048_576);
    expect(metrics.timers).toBeLessThanOrEqual(2 * MAX_ORIGINS);
    target.engine.check();
    expect(target.engine.isReady).toBe(true);
  });

  it('cannot make a node grow with wishes for origins that are unknown', () => {
    const { cluster, insider, target } = clusterWithInsider(54);
    const before = target.engine.metrics();
    for (let i = 0; i < 20_000; i += 400) {
      sendMany(
        insider,
        Array.from({ length: 400 }, (_, j) => [Frame.wish, madeUp(i + j), 7, j % 5, i]),
      );
      cluster.advance(2);
    }
    const { origins, timers } = target.engine.metrics();
    expect(origins).toBe(before.origins);
    expect(timers).toBeLessThan(before.timers! + 20);
  });

  it('cannot have a node look for all it holds again and again', () => {
    const { cluster, insider, target } = clusterWithInsider(55);
    // As much as a node keeps of one stream, and one number far ahead: nothing else lies between.
    for (let sequence = 1; sequence <= 20_000; sequence++) {
      insider.send(segmentOf(madeUp(1), sequence, 0, 1, 10));
      if (sequence % 100 === 0) cluster.advance(1);
    }
    insider.send(segmentOf(madeUp(1), 10_000_000, 0, 1, 10));
    cluster.advance(10);
    expect(target.engine.metrics().cachedSegments).toBeLessThanOrEqual(CACHE_SEGMENTS);
    const seconds = secondsOf(() => {
      for (let i = 0; i < 500; i++) {
        sendMany(
          insider,
          Array.from({ length: 40 }, (_, j) => [Frame.wish, madeUp(1), 7, Wish.eager, 1 + 9_000_000 * (j % 2)]),
        );
        if (i % 10 === 0) cluster.advance(1);
      }
    });
    expect(seconds).toBeLessThan(5);
    expect(target.engine.metrics().outboxBytes).toBeLessThan(8 * 1_048_576);
    target.engine.check();
  });

  it('does not stop the others: broadcasts of both sizes still arrive', () => {
    const { cluster, insider, target } = clusterWithInsider(56);
    const [, other, third] = cluster.homies;
    const honest = Uint8Array.from(Buffer.from(other!.id, 'hex'));
    for (let i = 0; i < 20; i++) {
      const boot = target.options.wallClock();
      sendMany(insider, [
        [Frame.wish, honest, boot, i % 4, i],
        [Frame.offer, madeUp(i), 7, 1 + i, 2_000],
        [Frame.digest, madeUp(100 + i), 7, 1_000 * i, i],
      ]);
      cluster.advance(10);
      other!.broadcast(Uint8Array.of(i));
      other!.broadcast(new Uint8Array(30_000).fill(i));
      cluster.advance(500);
    }
    cluster.advance(5_000);
    for (const homie of [target, third!]) expect(homie.arrivals.length).toBe(40);
  });
});
