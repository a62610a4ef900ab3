import { beforeEach, describe, expect, it } from 'vitest';
import { writeUint64 } from '../../../lib/engine/crypto/byte-order.js';
import { helloMac } from '../../../lib/engine/crypto/key-schedule.js';
import { keyringOf, Lab, START } from './handshake-lab.js';
import { craftHello, takeHello, tamper, unwrap, wrap, type Stage } from './insider.js';
import { dropOf } from './snapshot.js';

const NOW = 1_700_000_000_000 + START;
const key = keyringOf([1]).primary;

let stage: Stage;
let hello: Uint8Array;
beforeEach(() => {
  const lab = new Lab();
  stage = { initiator: lab.node(), responder: lab.node() };
  hello = takeHello(stage);
});

const dropped = (datagram: Uint8Array) => dropOf(stage.responder, stage.initiator.endpoint, datagram);

const answered = (datagram: Uint8Array) => {
  const { responder, initiator } = stage;
  const drop = responder.handshakes.receive(responder.lab.now, initiator.endpoint, datagram);
  return drop === undefined && responder.handshakes.nextTransmit() !== undefined;
};

describe('a Hello', () => {
  it('is answered with an Ohai to where it came from, and nothing else', () => {
    const { responder, initiator } = stage;
    expect(responder.handshakes.receive(responder.lab.now, initiator.endpoint, hello)).toBeUndefined();
    expect(responder.handshakes.nextTransmit()!.to).toEqual(initiator.endpoint);
    expect(stage.responder.handshakes.nextTransmit()).toBeUndefined();
    expect(stage.responder.handshakes.nextEvent()).toBeUndefined();
    expect(stage.responder.sessions.size).toBe(0);
  });

  it('is never shorter than its Ohai', () => {
    const lab = new Lab(5);
    const responder = lab.node();
    for (let i = 0; i < 300; i++) {
      const pair = { initiator: lab.node(), responder };
      const bytes = takeHello(pair);
      expect(bytes.length).toBeGreaterThanOrEqual(168);
      expect(bytes.length).toBeLessThanOrEqual(231);
      responder.handshakes.receive(lab.now, pair.initiator.endpoint, bytes);
      expect(responder.handshakes.nextTransmit()!.datagram.length).toBeLessThanOrEqual(bytes.length);
    }
  });

  it('comes in sizes that vary', () => {
    const lab = new Lab(6);
    const responder = lab.node();
    const sizes = new Set(Array.from({ length: 200 }, () => takeHello({ initiator: lab.node(), responder }).length));
    expect(sizes.size).toBeGreaterThan(40);
  });

  it('under a key that is not accepted is dropped', () => {
    expect(dropped(wrap(unwrap(hello, key), keyringOf([2]).primary))).toBe('undecryptable');
  });

  it('of another cluster with the same key is dropped', () => {
    expect(dropped(wrap(unwrap(hello, key), keyringOf([1], 'other').primary))).toBe('undecryptable');
  });

  it('cut short at any length is dropped', () => {
    for (let length = 0; length < hello.length; length++) {
      expect(dropped(hello.subarray(0, length))).toBe(length < 100 ? 'bad_size' : 'undecryptable');
    }
  });

  it('whose body is cut short at any length is dropped', () => {
    const body = unwrap(hello, key);
    for (let length = 0; length < 128; length++) {
      expect(dropped(wrap(body.subarray(0, length), key))).toBe(length < 60 ? 'bad_size' : 'malformed');
    }
  });

  it('with too much padding is dropped', () => {
    const body = new Uint8Array(192);
    body.set(unwrap(hello, key).subarray(0, 128));
    expect(dropped(wrap(body, key))).toBe('malformed');
    expect(answered(wrap(body.subarray(0, 191), key))).toBe(true);
  });

  it('larger than a handshake can be is dropped', () => {
    const body = new Uint8Array(1461);
    body.set(unwrap(hello, key));
    expect(dropped(wrap(body, key))).toBe('bad_size');
    expect(dropped(wrap(body.subarray(0, 1460), key))).toBe('malformed');
  });

  it('with any byte changed on the way is dropped', () => {
    for (let at = 0; at < hello.length; at++) {
      const changed = hello.slice();
      changed[at]! ^= 1 << (at % 8);
      expect(dropped(changed)).toBe('undecryptable');
    }
  });

  it('with any byte changed by somebody with the key but not the author is dropped', () => {
    const length = unwrap(hello, key).length;
    for (let at = 0; at < length; at++) {
      const changed = tamper(hello, key, body => {
        body[at]! ^= 1;
      });
      expect(dropped(changed)).toBe(at < 2 || at >= 96 ? 'malformed' : 'bad_mac');
    }
  });

  it('with our own id is dropped', () => {
    expect(dropped(craftHello(key, { id: stage.responder.id, timestamp: NOW }).datagram)).toBe('self');
  });

  it('of another version is dropped', () => {
    expect(dropped(tamper(hello, key, body => void (body[1] = 2)))).toBe('malformed');
  });

  it('of an unknown type is dropped', () => {
    for (const type of [0, 5, 255])
      expect(dropped(tamper(hello, key, body => void (body[0] = type)))).toBe('malformed');
  });

  it('from something that is no address is dropped', () => {
    expect(dropOf(stage.responder, { address: 'localhost', port: 1 }, hello)).toBe('bad_address');
  });

  it('that was answered is not answered again', () => {
    expect(answered(hello)).toBe(true);
    expect(dropped(hello)).toBe('replayed');
  });

  it('that was answered is not answered again to another address', () => {
    expect(answered(hello)).toBe(true);
    expect(dropOf(stage.responder, { address: '192.0.2.1', port: 9 }, hello)).toBe('replayed');
  });

  it('sent again by its author, in a fresh envelope, is answered again', () => {
    expect(answered(hello)).toBe(true);
    expect(answered(wrap(unwrap(hello, key), key))).toBe(true);
  });
});

const helloAt = (timestamp: number) => craftHello(key, { id: 'c'.repeat(32), timestamp }).datagram;

describe('the time lock', () => {
  it('drops a Hello from too long ago', () => expect(dropped(helloAt(NOW - 60_001))).toBe('clock_skew'));
  it('drops a Hello from too far ahead', () => expect(dropped(helloAt(NOW + 60_001))).toBe('clock_skew'));
  it('drops a Hello without a time', () => expect(dropped(helloAt(0))).toBe('clock_skew'));

  it('drops a Hello from beyond all time', () => {
    const datagram = tamper(helloAt(NOW), key, body => {
      body.fill(0xff, 8, 16);
      body.set(helloMac(key.mac, body.subarray(0, 64)), 64);
    });
    expect(dropped(datagram)).toBe('clock_skew');
  });

  it('lets the limits themselves pass', () => {
    expect(answered(helloAt(NOW - 60_000))).toBe(true);
    expect(answered(helloAt(NOW + 60_000))).toBe(true);
  });

  it('tells how far the clock was off, at most once in 10 s', () => {
    const { responder, initiator } = stage;
    const { lab } = responder;
    const skews = [];
    for (let second = 0; second < 25; second++) {
      responder.handshakes.receive(lab.now, initiator.endpoint, helloAt(NOW + second * 1000 + 90_000));
      const event = responder.handshakes.nextEvent();
      if (event?.type === 'clock_skew') skews.push([second, event.skewMs, event.endpoint]);
      lab.now += 1000;
    }
    expect(skews).toEqual([0, 10, 20].map(second => [second, 90_000, initiator.endpoint]));
    expect(responder.handshakes.drops.clock_skew).toBe(25);
  });

  it('comes after the MAC: a stranger cannot cause the warning', () => {
    const forged = tamper(helloAt(NOW - 90_000), key, body => {
      writeUint64(body, 8, NOW - 80_000);
    });
    expect(dropped(forged)).toBe('bad_mac');
  });

  it('reads no clock and tells no time when it is off', () => {
    const lab = new Lab();
    const open = { initiator: lab.node({ timeLockMs: 0 }), responder: lab.node({ timeLockMs: 0, clockOffsetMs: NaN }) };
    const bytes = takeHello(open);
    expect(unwrap(bytes, key).subarray(8, 16)).toEqual(new Uint8Array(8));
    expect(open.responder.handshakes.receive(lab.now, open.initiator.endpoint, bytes)).toBeUndefined();
  });
});

describe('too many Hellos', () => {
  it('from one address are dropped above 250 a second and its own burst', () => {
    const { responder, initiator } = stage;
    for (let i = 0; i < 255; i++) expect(answered(helloAt(NOW))).toBe(true);
    expect(dropOf(responder, initiator.endpoint, helloAt(NOW))).toMatch(/^prefix_limited/);
    expect(responder.handshakes.nextTransmit()).toBeUndefined();
  });

  it('from everywhere are dropped above 1,000 a second', () => {
    const { responder } = stage;
    let answers = 0;
    for (let i = 0; i < 1100; i++) {
      const from = { address: `10.1.${i >>> 8}.${i & 255}`, port: 7000 };
      if (responder.handshakes.receive(responder.lab.now, from, helloAt(NOW)) === undefined) answers++;
      responder.handshakes.nextTransmit();
    }
    expect(answers).toBe(1000);
    expect(responder.handshakes.drops.rate_limited).toBe(100);
  });

  it('do not count when they are forged or replayed', () => {
    const bytes = helloAt(NOW);
    expect(answered(bytes)).toBe(true);
    const { responder, initiator } = stage;
    for (let i = 0; i < 2000; i++) responder.handshakes.receive(responder.lab.now, initiator.endpoint, bytes);
    expect(answered(helloAt(NOW))).toBe(true);
  });
});

describe('datagrams that fit no key', () => {
  it('are told of at most once in 10 s', () => {
    const { responder, initiator } = stage;
    const noise = new Uint8Array(200).fill(7);
    const told = [];
    for (let second = 0; second < 25; second++) {
      responder.handshakes.receive(responder.lab.now, initiator.endpoint, noise);
      const event = responder.handshakes.nextEvent();
      if (event !== undefined) told.push([second, event.type]);
      responder.lab.now += 1000;
    }
    expect(told).toEqual([0, 10, 20].map(second => [second, 'undecryptable']));
    expect(responder.handshakes.drops.undecryptable).toBe(25);
  });

  it('are not told of when they are too short for a handshake', () => {
    stage.responder.handshakes.receive(START, stage.initiator.endpoint, new Uint8Array(99));
    expect(stage.responder.handshakes.nextEvent()).toBeUndefined();
  });
});
