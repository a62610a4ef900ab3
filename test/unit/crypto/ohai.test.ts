import { beforeEach, describe, expect, it } from 'vitest';
import { keyringOf, Lab } from './handshake-lab.js';
import {
  craftOhai,
  finish,
  LOW_ORDER_POINTS,
  newKeyPair,
  takeGoTeam,
  takeHello,
  takeOhai,
  takeOkBoss,
  tamper,
  unwrap,
  wrap,
  type Stage,
} from './insider.js';
import { fromHex } from './seeded-random.js';
import { dropOf } from './snapshot.js';

const key = keyringOf([1]).primary;

let stage: Stage;
let hello: Uint8Array;
let ohai: Uint8Array;
beforeEach(() => {
  const lab = new Lab();
  stage = { initiator: lab.node(), responder: lab.node() };
  hello = takeHello(stage);
  ohai = takeOhai(stage, hello);
});

const dropped = (datagram: Uint8Array) => dropOf(stage.initiator, stage.responder.endpoint, datagram);

/** Whether the handshake still comes to its end with the genuine datagrams. */
const completes = () => {
  finish(stage, takeGoTeam(stage, takeOkBoss(stage, ohai)));
  return stage.initiator.established.length === 1;
};

describe('an Ohai', () => {
  it('is answered with an OkBoss to the address that was dialled', () => {
    const elsewhere = { address: '192.0.2.7', port: 1 };
    expect(stage.initiator.handshakes.receive(stage.initiator.lab.now, elsewhere, ohai)).toBeUndefined();
    expect(stage.initiator.handshakes.nextTransmit()!.to).toEqual(stage.responder.endpoint);
  });

  it('cut short at any length is dropped', () => {
    for (let length = 0; length < ohai.length; length++) {
      expect(dropped(ohai.subarray(0, length))).toBe(length < 100 ? 'bad_size' : 'undecryptable');
    }
    expect(completes()).toBe(true);
  });

  it('whose body is cut short or too long is dropped', () => {
    const body = unwrap(ohai, key);
    for (let length = 0; length < body.length; length++) {
      expect(dropped(wrap(body.subarray(0, length), key))).toBe(length < 60 ? 'bad_size' : 'malformed');
    }
    const long = new Uint8Array(192);
    long.set(body);
    expect(dropped(wrap(long, key))).toBe('malformed');
    expect(completes()).toBe(true);
  });

  it('with any byte changed on the way is dropped', () => {
    for (let at = 0; at < ohai.length; at++) {
      const changed = ohai.slice();
      changed[at]! ^= 0x80;
      expect(dropped(changed)).toBe('undecryptable');
    }
    expect(completes()).toBe(true);
  });

  it('with any byte changed by somebody with the key is dropped', () => {
    for (let at = 0; at < 128; at++) {
      const changed = tamper(ohai, key, body => {
        body[at]! ^= 1;
      });
      expect(dropped(changed)).toBe(at < 2 ? 'malformed' : at >= 4 && at < 8 ? 'unknown_handshake' : 'bad_mac');
    }
    expect(completes()).toBe(true);
  });

  it('to a Hello of somebody else is dropped', () => {
    const lab = new Lab(9);
    const other = { initiator: lab.node(), responder: lab.node() };
    expect(dropped(takeOhai(other, takeHello(other)))).toBe('unknown_handshake');
  });

  it('that carries the MAC of the Hello back is dropped', () => {
    const reflected = tamper(ohai, key, body => {
      body.set(unwrap(hello, key).subarray(64, 96), 96);
    });
    expect(dropped(reflected)).toBe('bad_mac');
  });

  it('to an earlier Hello of the same dial is dropped', () => {
    const { initiator } = stage;
    const { lab } = initiator;
    // No GoTeam for the lifetime of the cookie: a new Hello with a new index.
    const first = takeOkBoss(stage, ohai);
    expect(first.length).toBeGreaterThan(0);
    lab.now += 10_000;
    initiator.handshakes.timeout(lab.now);
    while (initiator.handshakes.nextTransmit() !== undefined);
    expect(dropped(ohai)).toBe('unknown_handshake');
  });

  it('under another accepted key than its Hello is dropped', () => {
    const lab = new Lab();
    const pair = { initiator: lab.node({ keys: [1, 2] }), responder: lab.node({ keys: [1, 2] }) };
    const answer = takeOhai(pair, takeHello(pair));
    const rewrapped = wrap(unwrap(answer, key), keyringOf([2]).primary);
    expect(dropOf(pair.initiator, pair.responder.endpoint, rewrapped)).toBe('wrong_key');
  });

  it('with our own id is dropped', () => {
    const crafted = craftOhai(key, hello, { id: stage.initiator.id, ephemeral: newKeyPair().publicKey });
    expect(dropOf(stage.initiator, stage.responder.endpoint, crafted)).toBe('self');
    expect(completes()).toBe(true);
  });

  it('of another node than the one that was dialled is dropped', () => {
    const lab = new Lab();
    const [initiator, responder] = [lab.node(), lab.node()];
    expect(initiator.dial(responder, 'f'.repeat(32))).toBe('started');
    const bytes = initiator.handshakes.nextTransmit()!.datagram;
    const answer = takeOhai({ initiator, responder }, bytes);
    expect(dropOf(initiator, responder.endpoint, answer)).toBe('wrong_id');
    expect(initiator.handshakes.isDialling(responder.endpoint)).toBe(true);
  });

  it('of the node that was dialled is answered', () => {
    const lab = new Lab();
    const [initiator, responder] = [lab.node(), lab.node()];
    expect(initiator.dial(responder, responder.id)).toBe('started');
    const answer = takeOhai({ initiator, responder }, initiator.handshakes.nextTransmit()!.datagram);
    expect(takeOkBoss({ initiator, responder }, answer).length).toBeGreaterThanOrEqual(164);
  });

  for (const point of LOW_ORDER_POINTS) {
    it(`with the low-order point ${point.slice(0, 8)}... is dropped`, () => {
      expect(dropped(craftOhai(key, hello, { id: 'd'.repeat(32), ephemeral: fromHex(point) }))).toBe('low_order');
      expect(completes()).toBe(true);
    });
  }

  it('after the first good one is dropped', () => {
    takeOkBoss(stage, ohai);
    expect(dropped(ohai)).toBe('unexpected');
    expect(dropped(wrap(unwrap(ohai, key), key))).toBe('unexpected');
  });

  it('to a dial that has ended is dropped', () => {
    finish(stage, takeGoTeam(stage, takeOkBoss(stage, ohai)));
    expect(dropped(ohai)).toBe('unknown_handshake');
  });
});
