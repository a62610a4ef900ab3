import { describe, expect, it } from 'vitest';
import { keyringOf, Lab, START, type Flight } from './handshake-lab.js';
import { readUint32 } from '../../../lib/engine/crypto/byte-order.js';
import { craftHello, takeHello, takeOhai, unwrap } from './insider.js';
import { randomUnit } from '../../../lib/engine/random.js';
import { hexOf, seededRandom } from './seeded-random.js';

const key = keyringOf([1]).primary;
const typeOf = (flight: Flight) => (flight.datagram.length < 60 ? 'data' : TYPES[unwrap(flight.datagram, key)[0]!]);
const TYPES: Record<number, string> = { 1: 'hello', 2: 'ohai', 3: 'okboss', 4: 'goteam' };

function gaps(times: number[]): number[] {
  return times.slice(1).map((time, i) => time - times[i]!);
}

describe('a dial that gets no answer', () => {
  const lab = new Lab();
  lab.lose = () => true;
  const node = lab.node();
  const to = { address: '192.0.2.1', port: 9 };
  node.dial(to);
  lab.runFor(60_000);

  it('says Hello five times, each wait half as long again, with jitter', () => {
    const times = lab.sent.map(flight => flight.at);
    expect(times).toHaveLength(5);
    for (const [i, gap] of gaps(times).entries()) {
      const wait = 1000 * 1.5 ** i;
      expect(gap).toBeGreaterThanOrEqual(wait);
      expect(gap).toBeLessThanOrEqual(wait + 333);
    }
  });

  it('repeats the same Hello in fresh envelopes', () => {
    const bodies = lab.sent.map(flight => hexOf(unwrap(flight.datagram, key).subarray(0, 96)));
    expect(new Set(bodies).size).toBe(1);
    expect(new Set(lab.sent.map(flight => hexOf(flight.datagram.subarray(0, 24)))).size).toBe(5);
  });

  it('fails after 15 s', () => {
    expect(node.events).toEqual([
      { type: 'failed', endpoint: to, expectedId: undefined, reason: 'no_answer', at: START + 15_000 },
    ]);
  });

  it('leaves nothing behind', () => {
    expect(node.handshakes.pendingCount).toBe(0);
    expect(node.handshakes.deadline()).toBe(Infinity);
    expect((node.sessions as unknown as { reserved: Set<number> }).reserved.size).toBe(0);
  });
});

describe('two dials begun together', () => {
  it('do not resend together', () => {
    const lab = new Lab();
    lab.lose = () => true;
    const nodes = Array.from({ length: 20 }, () => lab.node());
    for (const node of nodes) node.dial({ address: '192.0.2.1', port: 9 });
    lab.runFor(1400);
    expect(new Set(lab.sent.map(flight => Math.round(flight.at))).size).toBeGreaterThan(15);
  });
});

describe('a dial whose OkBoss gets no answer', () => {
  const lab = new Lab();
  const [initiator, responder] = [lab.node(), lab.node()];
  lab.lose = flight => typeOf(flight) === 'okboss';
  initiator.dial(responder);
  lab.runFor(60_000);
  const sent = lab.sent.map(flight => ({ type: typeOf(flight), at: flight.at - START, bytes: hexOf(flight.datagram) }));

  it('repeats the OkBoss byte for byte, from 1 s on, half as long again each time', () => {
    const first = sent.filter(({ type, at }) => type === 'okboss' && at < 10_100);
    expect(first.length).toBeGreaterThanOrEqual(4);
    expect(new Set(first.map(({ bytes }) => bytes)).size).toBe(1);
    for (const [i, gap] of gaps(first.map(({ at }) => at)).entries()) {
      expect(gap).toBeGreaterThanOrEqual(1000 * 1.5 ** i);
      expect(gap).toBeLessThanOrEqual(1000 * 1.5 ** i + 333);
    }
  });

  it('says a new Hello after 10 s, with a new ephemeral and index', () => {
    const hellos = sent.filter(({ type }) => type === 'hello');
    expect(hellos.length).toBeGreaterThanOrEqual(2);
    expect(hellos[1]!.at).toBe(10_100);
    const cores = hellos.map(({ bytes }) => unwrap(Buffer.from(bytes, 'hex'), key).subarray(0, 64));
    expect(hexOf(cores[1]!.subarray(32))).not.toBe(hexOf(cores[0]!.subarray(32)));
    expect(hexOf(cores[1]!.subarray(4, 8))).not.toBe(hexOf(cores[0]!.subarray(4, 8)));
  });

  it('fails 15 s after it began', () => {
    expect(initiator.events).toMatchObject([{ type: 'failed', reason: 'no_answer', at: START + 15_000 }]);
    expect(initiator.handshakes.pendingCount).toBe(0);
  });

  it('leaves nothing with the responder', () => {
    expect(responder.sessions.size).toBe(0);
    expect(responder.events).toEqual([]);
  });
});

describe('a dial that was answered', () => {
  it('tells that the node lived then, and not that it lives for as long as the dial goes on', () => {
    const lab = new Lab();
    const [initiator, responder] = [lab.node(), lab.node()];
    const { handshakes } = initiator;
    lab.lose = flight => typeOf(flight) === 'okboss';
    expect(handshakes.isAnsweredSince(responder.endpoint, START)).toBe(false);
    initiator.dial(responder);
    lab.runFor(2 * lab.latency - 1);
    expect(handshakes.isAnsweredSince(responder.endpoint, START)).toBe(false);
    lab.runFor(1);
    const answeredAt = lab.now;
    lab.runFor(9_000);
    expect(handshakes.isDialling(responder.endpoint)).toBe(true);
    expect(handshakes.isAnsweredSince(responder.endpoint, answeredAt - 1)).toBe(true);
    expect(handshakes.isAnsweredSince(responder.endpoint, answeredAt)).toBe(false);
    lab.runFor(10_000);
    expect(handshakes.isAnsweredSince(responder.endpoint, START)).toBe(false);
  });
});

describe('lost datagrams', () => {
  for (const type of ['hello', 'ohai', 'okboss', 'goteam']) {
    it(`of type ${type} cost one resend`, () => {
      const lab = new Lab();
      const [initiator, responder] = [lab.node(), lab.node()];
      let lost = 0;
      lab.lose = flight => typeOf(flight) === type && lost++ === 0;
      initiator.dial(responder);
      lab.runFor(2000);
      expect(initiator.established).toHaveLength(1);
      expect(responder.established).toHaveLength(1);
      expect(responder.established[0]!.confirmed).toBe(true);
      expect(initiator.established[0]!.id).toBe(responder.established[0]!.id);
      expect(initiator.events[0]!.at - START).toBeLessThan(1600);
    });
  }

  it('at 30 % each way keep less than one dial in 10 from its session', () => {
    const lab = new Lab(11);
    const random = seededRandom(30);
    lab.lose = () => randomUnit(random) < 0.3;
    const pairs = Array.from({ length: 200 }, () => [lab.node(), lab.node()] as const);
    for (const [initiator, responder] of pairs) initiator.dial(responder);
    lab.runFor(30_000);
    expect(pairs.filter(([initiator]) => initiator.established.length === 1).length).toBeGreaterThan(180);
    expect(pairs.every(([initiator]) => initiator.established.length + initiator.failures.length === 1)).toBe(true);
  });
});

describe('a network that doubles and delays', () => {
  it('makes one session of one dial', () => {
    const lab = new Lab();
    const [initiator, responder] = [lab.node(), lab.node()];
    lab.lose = flight => {
      for (const delay of [0, 400, 3000]) lab.flights.push({ ...flight, at: flight.at + delay });
      return true;
    };
    initiator.dial(responder);
    lab.runFor(20_000);
    expect(initiator.established).toHaveLength(1);
    expect(responder.established).toHaveLength(1);
    expect(responder.sessions.size).toBe(1);
    expect(responder.sessions.unconfirmedCount).toBe(0);
  });

  it('of 900 ms one way still lets a dial through', () => {
    const lab = new Lab();
    lab.latency = 900;
    const [initiator, responder] = [lab.node(), lab.node()];
    initiator.dial(responder);
    lab.runFor(10_000);
    expect(initiator.established).toHaveLength(1);
    expect(responder.established[0]!.confirmed).toBe(true);
  });
});

describe('what a dial returns', () => {
  it('says that one is pending', () => {
    const lab = new Lab();
    const [initiator, responder] = [lab.node(), lab.node()];
    expect(initiator.dial(responder)).toBe('started');
    expect(initiator.dial(responder)).toBe('pending');
    expect(initiator.handshakes.isDialling(responder.endpoint)).toBe(true);
    expect(initiator.handshakes.isDialling(initiator.endpoint)).toBe(false);
  });

  it('says that the last attempt was less than 5 s ago', () => {
    const lab = new Lab();
    const [initiator, responder] = [lab.node(), lab.node()];
    initiator.dial(responder);
    lab.runFor(4_999);
    expect(initiator.dial(responder)).toBe('too_soon');
    lab.runFor(1);
    expect(initiator.dial(responder)).toBe('started');
  });

  it('says that 256 are pending', () => {
    const lab = new Lab();
    lab.lose = () => true;
    const node = lab.node();
    for (let port = 1; port <= 256; port++) expect(node.dial({ address: '192.0.2.1', port })).toBe('started');
    expect(node.dial({ address: '192.0.2.1', port: 257 })).toBe('full');
    expect(node.handshakes.pendingCount).toBe(256);
    node.handshakes.check();
    lab.runFor(15_000);
    expect(node.failures).toHaveLength(256);
    expect(node.dial({ address: '192.0.2.1', port: 257 })).toBe('started');
  });
});

describe('a dial to ourselves', () => {
  it('fails as such at the next resend', () => {
    const lab = new Lab();
    const node = lab.node();
    node.dial(node);
    lab.runFor(5000);
    expect(node.failures).toEqual(['self']);
    expect(node.events[0]!.at - START).toBeLessThanOrEqual(1333);
    expect(node.handshakes.drops.self).toBe(1);
    expect(node.sessions.size).toBe(0);
  });

  it('is not seen in a Hello of ours that is sent back while the real answer comes', () => {
    const lab = new Lab();
    const [initiator, responder] = [lab.node(), lab.node()];
    lab.lose = flight => {
      if (typeOf(flight) === 'hello') lab.flights.push({ ...flight, to: flight.from, from: flight.to });
      return false;
    };
    initiator.dial(responder);
    lab.runFor(5000);
    expect(initiator.handshakes.drops.self).toBe(1);
    expect(initiator.failures).toEqual([]);
    expect(initiator.established).toHaveLength(1);
  });

  it('is not seen in a Hello that only claims to be ours', () => {
    const lab = new Lab();
    const [initiator, responder] = [lab.node(), lab.node()];
    const core = unwrap(takeHello({ initiator, responder }), key);
    const timestamp = 1_700_000_000_000 + START;
    const forged = craftHello(key, { id: initiator.id, timestamp, index: readUint32(core, 4) });
    expect(initiator.handshakes.receive(lab.now, responder.endpoint, forged.datagram)).toBe('self');
    lab.runFor(5000);
    expect(initiator.established).toHaveLength(1);
  });

  it('is forgotten when a proper answer has come', () => {
    const lab = new Lab();
    const [initiator, responder] = [lab.node(), lab.node()];
    lab.lose = flight => {
      const isFirst = flight.at - START <= 100;
      if (isFirst && typeOf(flight) === 'hello') lab.flights.push({ ...flight, to: flight.from, from: flight.to });
      return typeOf(flight) === 'goteam';
    };
    initiator.dial(responder);
    lab.runFor(20_000);
    expect(initiator.handshakes.drops.self).toBe(1);
    expect(initiator.failures).toEqual(['no_answer']);
  });

  it('is not seen in an old Hello of ours', () => {
    const lab = new Lab();
    const [initiator, responder] = [lab.node(), lab.node()];
    const stage = { initiator, responder };
    const old = takeHello(stage);
    lab.lose = () => true;
    lab.runFor(16_000);
    initiator.dial(responder);
    initiator.handshakes.receive(lab.now, responder.endpoint, old);
    lab.runFor(5000);
    expect(initiator.failures).toEqual(['no_answer']);
    expect(initiator.handshakes.isDialling(responder.endpoint)).toBe(true);
  });
});

describe('a dial to somebody else than expected', () => {
  it('fails as such after 15 s', () => {
    const lab = new Lab();
    const [initiator, responder] = [lab.node(), lab.node()];
    initiator.dial(responder, 'e'.repeat(32));
    lab.runFor(20_000);
    expect(initiator.events).toMatchObject([
      { type: 'failed', reason: 'wrong_id', expectedId: 'e'.repeat(32), at: START + 15_000 },
    ]);
    expect(responder.sessions.size).toBe(0);
  });

  it('gives way to one who is expected now, as after a restart on the same address', () => {
    const lab = new Lab();
    const [initiator, responder] = [lab.node(), lab.node()];
    initiator.dial(responder, 'e'.repeat(32));
    lab.runFor(500);
    expect(initiator.dial(responder, responder.id)).toBe('started');
    lab.runFor(500);
    expect(initiator.events).toMatchObject([
      { type: 'failed', reason: 'wrong_id', expectedId: 'e'.repeat(32), at: START + 500 },
      { type: 'established' },
    ]);
    expect(responder.sessions.size).toBe(1);
  });

  it('does not give way as long as nobody answers: whoever is named there would take Hellos of us all the time', () => {
    const lab = new Lab();
    const [initiator, responder] = [lab.node(), lab.node()];
    lab.lose = () => true;
    initiator.dial(responder, 'e'.repeat(32));
    lab.runFor(500);
    expect(initiator.dial(responder, responder.id)).toBe('pending');
  });

  it('does not give way to itself', () => {
    const lab = new Lab();
    const [initiator, responder] = [lab.node(), lab.node()];
    initiator.dial(responder, 'e'.repeat(32));
    lab.runFor(500);
    expect(initiator.dial(responder, 'e'.repeat(32))).toBe('pending');
  });

  it('does not give way any more once who is expected has answered as well', () => {
    const lab = new Lab();
    const [initiator, responder, stranger] = [lab.node(), lab.node(), lab.node()];
    let hellos = 0;
    lab.lose = flight => {
      if (typeOf(flight) === 'goteam') return true;
      const isFirst = typeOf(flight) === 'hello' && flight.to === responder.endpoint && hellos++ === 0;
      if (isFirst) lab.flights.push({ ...flight, to: stranger.endpoint });
      return isFirst;
    };
    initiator.dial(responder, responder.id);
    lab.runFor(2_000);
    expect(initiator.handshakes.drops.wrong_id).toBe(1);
    expect(initiator.dial(responder, 'e'.repeat(32))).toBe('pending');
  });

  it('counts as a dial of its own: the next one has to wait as long as after any', () => {
    const lab = new Lab();
    const [initiator, responder] = [lab.node(), lab.node()];
    initiator.dial(responder, 'e'.repeat(32));
    lab.runFor(4_000);
    initiator.dial(responder, responder.id);
    lab.runFor(2_000);
    expect(initiator.dial(responder, 'f'.repeat(32))).toBe('too_soon');
    lab.runFor(3_100);
    expect(initiator.dial(responder, 'f'.repeat(32))).toBe('started');
  });
});

describe('deadlines', () => {
  it('are never in the past once the timeout has run', () => {
    const lab = new Lab(3);
    lab.lose = flight => flight.datagram[3]! % 2 === 0;
    const nodes = Array.from({ length: 6 }, () => lab.node());
    for (const node of nodes) for (const other of nodes) if (other !== node) node.dial(other);
    const late: number[] = [];
    for (let i = 0; i < 400; i++) {
      lab.runFor(50);
      for (const node of nodes) late.push(Math.min(node.handshakes.deadline(), node.sessions.deadline()) - lab.now);
    }
    expect(Math.min(...late)).toBeGreaterThan(0);
  });

  it('wake for nothing but the zeroing of keys on a quiet responder', () => {
    const lab = new Lab();
    const [initiator, responder] = [lab.node(), lab.node()];
    expect(responder.handshakes.deadline()).toBe(Infinity);
    takeOhai({ initiator, responder }, takeHello({ initiator, responder }));
    expect(responder.handshakes.deadline()).toBe(START + 75_000);
  });
});

function runSeeded(): string[] {
  const lab = new Lab(99);
  const nodes = Array.from({ length: 5 }, () => lab.node());
  lab.lose = flight => flight.datagram[7]! % 4 === 0;
  for (const node of nodes) for (const other of nodes) if (other !== node) node.dial(other);
  lab.runFor(20_000);
  return lab.sent.map(flight => `${flight.at} ${hexOf(flight.datagram)}`);
}

describe('the same seed', () => {
  it('gives the same bytes', () => {
    const first = runSeeded();
    expect(first.length).toBeGreaterThan(50);
    expect(runSeeded()).toEqual(first);
  });
});
