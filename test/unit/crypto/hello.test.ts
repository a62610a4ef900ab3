import { beforeEach, describe, expect, it } from 'vitest';
import { writeUint64 } from '../../../lib/engine/crypto/byte-order.js';
import type { HandshakeDrop } from '../../../lib/engine/crypto/handshakes.js';
import { keyringOf, Lab, START } from './handshake-lab.js';
import { craftHello, takeHello, tamper, unwrap, wrap, type Stage } from './insider.js';
import { expectDrop } from './snapshot.js';

const NOW = 1_700_000_000_000 + START;
const key = keyringOf([1]).primary;

let stage: Stage;
let hello: Uint8Array;
beforeEach(() => {
  const lab = new Lab();
  stage = { initiator: lab.node(), responder: lab.node() };
  hello = takeHello(stage);
});

const dropped = (datagram: Uint8Array, reason: HandshakeDrop) =>
  expectDrop(stage.responder, stage.initiator.endpoint, datagram, reason);

const answered = (datagram: Uint8Array) => {
  const { responder, initiator } = stage;
  expect(responder.handshakes.receive(responder.lab.now, initiator.endpoint, datagram)).toBeUndefined();
  return responder.handshakes.nextTransmit()!;
};

describe('a Hello', () => {
  it('is answered with an Ohai to where it came from, and nothing else', () => {
    expect(answered(hello).to).toEqual(stage.initiator.endpoint);
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
    dropped(wrap(unwrap(hello, key), keyringOf([2]).primary), 'undecryptable');
  });

  it('of another cluster with the same key is dropped', () => {
    dropped(wrap(unwrap(hello, key), keyringOf([1], 'other').primary), 'undecryptable');
  });

  it('cut short at any length is dropped', () => {
    for (let length = 0; length < hello.length; length++) {
      dropped(hello.subarray(0, length), length < 100 ? 'bad_size' : 'undecryptable');
    }
  });

  it('whose body is cut short at any length is dropped', () => {
    const body = unwrap(hello, key);
    for (let length = 0; length < 128; length++) {
      dropped(wrap(body.subarray(0, length), key), length < 60 ? 'bad_size' : 'malformed');
    }
  });

  it('with too much padding is dropped', () => {
    const body = new Uint8Array(192);
    body.set(unwrap(hello, key).subarray(0, 128));
    dropped(wrap(body, key), 'malformed');
    answered(wrap(body.subarray(0, 191), key));
  });

  it('larger than a handshake can be is dropped', () => {
    const body = new Uint8Array(1461);
    body.set(unwrap(hello, key));
    dropped(wrap(body, key), 'bad_size');
    dropped(wrap(body.subarray(0, 1460), key), 'malformed');
  });

  it('with any byte changed on the way is dropped', () => {
    for (let at = 0; at < hello.length; at++) {
      const changed = hello.slice();
      changed[at]! ^= 1 << (at % 8);
      dropped(changed, 'undecryptable');
    }
  });

  it('with any byte changed by somebody with the key but not the author is dropped', () => {
    const length = unwrap(hello, key).length;
    for (let at = 0; at < length; at++) {
      const changed = tamper(hello, key, body => {
        body[at]! ^= 1;
      });
      dropped(changed, at < 2 || at >= 96 ? 'malformed' : 'bad_mac');
    }
  });

  it('with our own id is dropped', () => {
    dropped(craftHello(key, { id: stage.responder.id, timestamp: NOW }).datagram, 'self');
  });

  it('of another version is dropped', () => {
    dropped(
      tamper(hello, key, body => void (body[1] = 2)),
      'malformed',
    );
  });

  it('of an unknown type is dropped', () => {
    for (const type of [0, 5, 255])
      dropped(
        tamper(hello, key, body => void (body[0] = type)),
        'malformed',
      );
  });

  it('from something that is no address is dropped', () => {
    expectDrop(stage.responder, { address: 'localhost', port: 1 }, hello, 'bad_address');
  });

  it('that was answered is not answered again', () => {
    answered(hello);
    dropped(hello, 'replayed');
  });

  it('that was answered is not answered again to another address', () => {
    answered(hello);
    expectDrop(stage.responder, { address: '192.0.2.1', port: 9 }, hello, 'replayed');
  });

  it('sent again by its author, in a fresh envelope, is answered again', () => {
    answered(hello);
    answered(wrap(unwrap(hello, key), key));
  });
});

describe('the time lock', () => {
  const at = (timestamp: number) => craftHello(key, { id: 'c'.repeat(32), timestamp }).datagram;

  it('drops a Hello from too long ago', () => dropped(at(NOW - 60_001), 'clock_skew'));
  it('drops a Hello from too far ahead', () => dropped(at(NOW + 60_001), 'clock_skew'));
  it('drops a Hello without a time', () => dropped(at(0), 'clock_skew'));

  it('drops a Hello from beyond all time', () => {
    const crafted = craftHello(key, { id: 'c'.repeat(32), timestamp: NOW });
    // The largest 64-bit time, signed by hand.
    const core = crafted.core.slice().fill(0xff, 8, 16);
    const resigned = craftHello(key, { id: 'c'.repeat(32), timestamp: NOW }).datagram;
    dropped(
      tamper(resigned, key, body => {
        body.set(core);
      }),
      'bad_mac',
    );
  });

  it('lets the limits themselves pass', () => {
    answered(at(NOW - 60_000));
    answered(at(NOW + 60_000));
  });

  it('tells how far the clock was off, at most once in 10 s', () => {
    const { responder, initiator } = stage;
    const { lab } = responder;
    const skews = [];
    for (let second = 0; second < 25; second++) {
      responder.handshakes.receive(lab.now, initiator.endpoint, at(NOW + second * 1000 + 90_000));
      const event = responder.handshakes.nextEvent();
      if (event?.type === 'clock_skew') skews.push([second, event.skewMs, event.endpoint]);
      lab.now += 1000;
    }
    expect(skews).toEqual([0, 10, 20].map(second => [second, 90_000, initiator.endpoint]));
    expect(responder.handshakes.drops.clock_skew).toBe(25);
  });

  it('comes after the MAC: a stranger cannot cause the warning', () => {
    const forged = tamper(at(NOW - 90_000), key, body => {
      writeUint64(body, 8, NOW - 80_000);
    });
    dropped(forged, 'bad_mac');
  });

  it('reads no clock and tells no time when it is off', () => {
    const lab = new Lab();
    const open = { initiator: lab.node({ timeLockMs: 0 }), responder: lab.node({ timeLockMs: 0, clockOffsetMs: NaN }) };
    const bytes = takeHello(open);
    expect(unwrap(bytes, key).subarray(8, 16)).toEqual(new Uint8Array(8));
    expect(open.responder.handshakes.receive(lab.now, open.initiator.endpoint, bytes)).toBeUndefined();
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
