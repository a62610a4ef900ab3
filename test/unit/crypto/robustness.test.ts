import { describe, expect, it } from 'vitest';
import { randomUint32, type RandomFill } from '../../../lib/engine/random.js';
import { Lab, LabNode, START } from './handshake-lab.js';
import { finish, takeGoTeam, takeHello, takeOhai, takeOkBoss, unwrap, wrap } from './insider.js';
import { seededRandom } from './seeded-random.js';
import { snapshot } from './snapshot.js';

/** A node in the middle of everything: live sessions, dials in both steps, cookies given. */
function busyNode() {
  const lab = new Lab(8);
  const node = lab.node({ keys: [1, 2] });
  const corpus: Uint8Array[] = [];
  const keep = (datagram: Uint8Array) => {
    corpus.push(datagram.slice());
    return datagram;
  };
  for (let i = 0; i < 3; i++) {
    const stage = { initiator: lab.node(), responder: node };
    finish(stage, keep(takeGoTeam(stage, keep(takeOkBoss(stage, keep(takeOhai(stage, keep(takeHello(stage)))))))));
    const buffer = new Uint8Array(80);
    stage.initiator.established[0]!.seal(buffer, 56, lab.now);
    node.receive(stage.initiator.endpoint, buffer.slice());
    stage.initiator.established[0]!.seal(buffer, 56, lab.now);
    keep(buffer);
  }
  keep(takeHello({ initiator: node, responder: lab.node() }));
  const other = { initiator: node, responder: lab.node() };
  keep(takeOkBoss(other, keep(takeOhai(other, keep(takeHello(other))))));
  return { lab, node, corpus };
}

function drain(node: LabNode): number {
  let answers = 0;
  while (node.handshakes.nextTransmit() !== undefined) answers++;
  while (node.handshakes.nextEvent() !== undefined);
  return answers;
}

function mutate(source: Uint8Array, random: RandomFill): Uint8Array {
  let bytes = source.slice();
  const kind = randomUint32(random) % 5;
  if (kind === 0) bytes = bytes.slice(0, randomUint32(random) % (bytes.length + 1));
  if (kind === 1) {
    const longer = new Uint8Array(bytes.length + (randomUint32(random) % 200));
    random(longer);
    longer.set(bytes);
    bytes = longer;
  }
  const changes = kind < 2 ? 0 : 1 + (randomUint32(random) % 8);
  for (let i = 0; i < changes && bytes.length > 0; i++) {
    bytes[randomUint32(random) % bytes.length] = randomUint32(random) & 0xff;
  }
  return bytes;
}

describe('whatever arrives', () => {
  it('at random never throws, is never answered and changes nothing', () => {
    const { node } = busyNode();
    const random = seededRandom(21);
    // Counts of failed opens are kept in sessions that a random header hits; none does in so few.
    const before = snapshot(node);
    let answers = 0;
    for (let i = 0; i < 50_000; i++) {
      const bytes = new Uint8Array(randomUint32(random) % (i % 10 === 0 ? 1600 : 260));
      random(bytes);
      node.receive({ address: '192.0.2.9', port: i & 0xffff }, bytes);
      answers += drain(node);
    }
    expect(answers).toBe(0);
    expect(snapshot(node)).toBe(before);
    node.handshakes.check();
  });

  it('made of genuine datagrams by a stranger never throws and makes no session', () => {
    const { lab, node, corpus } = busyNode();
    const random = seededRandom(22);
    const { size } = node.sessions;
    for (let i = 0; i < 40_000; i++) {
      const bytes = mutate(corpus[randomUint32(random) % corpus.length]!, random);
      node.receive(lab.nodes[1 + (i % 5)]!.endpoint, bytes);
      drain(node);
    }
    expect(node.sessions.size).toBe(size);
    node.handshakes.check();
  });

  it('made of genuine datagrams by somebody with the key never throws, and all stays bounded', () => {
    const { lab, node, corpus } = busyNode();
    const random = seededRandom(23);
    const bodies = corpus.filter(bytes => bytes.length >= 100).map(bytes => unwrap(bytes, node.keyring.primary));
    for (let i = 0; i < 30_000; i++) {
      const body = mutate(bodies[randomUint32(random) % bodies.length]!, random);
      const key = node.keyring.keys[randomUint32(random) % 2]!;
      node.receive({ address: `10.1.${i & 255}.${(i >> 8) & 255}`, port: 7000 }, wrap(body, key));
      drain(node);
      if (i % 100 === 0) {
        lab.now += 1;
        node.handshakes.timeout(lab.now);
        node.sessions.timeout(lab.now);
        node.handshakes.check();
      }
    }
    expect(node.sessions.size).toBeLessThanOrEqual(4);
    expect(node.handshakes.pendingCount).toBeLessThanOrEqual(2);
  });

  it('with times that jump never throws', () => {
    const { lab, node, corpus } = busyNode();
    const random = seededRandom(24);
    for (let i = 0; i < 5_000; i++) {
      lab.now = START + (randomUint32(random) % 200_000) / 3;
      node.receive(lab.nodes[1]!.endpoint, mutate(corpus[randomUint32(random) % corpus.length]!, random));
      if (i % 7 === 0) node.handshakes.timeout(lab.now);
      if (i % 11 === 0) node.sessions.timeout(lab.now);
      drain(node);
      while (node.sessions.nextDropped() !== undefined);
    }
    expect(() => node.handshakes.check()).not.toThrow();
  });
});

describe('output that nobody takes', () => {
  it('is bounded, and the invariants say so', () => {
    const lab = new Lab();
    const node = lab.node();
    for (let round = 0; round < 5; round++) {
      for (let port = 1; port <= 256; port++) node.dial({ address: `192.0.2.${round}`, port });
      lab.now += 20_000;
      node.handshakes.timeout(lab.now);
    }
    expect(() => node.handshakes.check()).toThrow(/not taken/);
    expect(drain(node)).toBe(1024);
  });
});
