import { beforeEach, describe, expect, it } from 'vitest';
import { writeUint64 } from '../../../lib/engine/crypto/byte-order.js';
import type { HandshakeDrop } from '../../../lib/engine/crypto/handshakes.js';
import { keyringOf, Lab, START } from './handshake-lab.js';
import {
  answer,
  craftHello,
  craftOkBoss,
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

const keyring = keyringOf([1]);
const key = keyring.primary;
const WALL_NOW = 1_700_000_000_000 + START;

let stage: Stage;
let okBoss: Uint8Array;
beforeEach(() => {
  const lab = new Lab();
  stage = { initiator: lab.node(), responder: lab.node() };
  okBoss = takeOkBoss(stage, takeOhai(stage, takeHello(stage)));
});

const dropped = (datagram: Uint8Array, from = stage.initiator.endpoint) => dropOf(stage.responder, from, datagram);

const accepted = () => {
  finish(stage, takeGoTeam(stage, okBoss));
  return stage.responder.established.length === 1 && stage.initiator.established.length === 1;
};

/** What a change of the body's byte at this place is dropped for. */
const reasonAt = (at: number): HandshakeDrop => {
  if (at < 2 || at === 3 || at === 44 || at === 45) return 'malformed';
  if (at === 2) return 'unknown_epoch';
  if (at < 108) return 'bad_cookie';
  return 'bad_box';
};

describe('an OkBoss', () => {
  it('makes an unconfirmed session and is answered with a GoTeam', () => {
    expect(accepted()).toBe(true);
    const [session] = stage.responder.established;
    expect(session).toMatchObject({ role: 'responder', confirmed: false, remoteId: stage.initiator.id });
    expect(stage.responder.sessions.unconfirmedCount).toBe(1);
  });

  it('cut short at any length is dropped', () => {
    for (let length = 0; length < okBoss.length; length++) {
      expect(dropped(okBoss.subarray(0, length))).toBe(length < 100 ? 'bad_size' : 'undecryptable');
    }
    expect(accepted()).toBe(true);
  });

  it('whose body is cut short at any length is dropped', () => {
    const body = unwrap(okBoss, key);
    for (let length = 0; length < body.length; length++) {
      expect(dropped(wrap(body.subarray(0, length), key))).toBe(
        length < 60 ? 'bad_size' : length < 124 ? 'malformed' : 'bad_box',
      );
    }
    expect(accepted()).toBe(true);
  });

  it('with a payload beyond the limit is dropped', () => {
    const body = new Uint8Array(124 + 1001);
    body.set(unwrap(okBoss, key));
    expect(dropped(wrap(body, key))).toBe('malformed');
    expect(dropped(wrap(body.subarray(0, 1124), key))).toBe('bad_box');
  });

  it('with any byte changed on the way is dropped', () => {
    for (let at = 0; at < okBoss.length; at++) {
      const changed = okBoss.slice();
      changed[at]! ^= 0x10;
      expect(dropped(changed)).toBe('undecryptable');
    }
    expect(accepted()).toBe(true);
  });

  it('with any byte changed by somebody with the key is dropped', () => {
    const length = unwrap(okBoss, key).length;
    for (let at = 0; at < length; at++) {
      // Its time is tested below: a change there is either stale or spoils the cookie.
      if (at >= 4 && at < 12) continue;
      const changed = tamper(okBoss, key, body => {
        body[at]! ^= 1;
      });
      expect(dropped(changed)).toBe(reasonAt(at));
    }
    expect(accepted()).toBe(true);
  });

  it('in another envelope than its box was made for is dropped', () => {
    expect(dropped(wrap(unwrap(okBoss, key), key))).toBe('bad_box');
  });

  it('with a time to come is dropped', () => {
    expect(dropped(tamper(okBoss, key, body => writeUint64(body, 4, START + 1)))).toBe('stale');
  });

  it('with a time beyond all times is dropped', () => {
    expect(dropped(tamper(okBoss, key, body => void body.fill(0xff, 4, 12)))).toBe('stale');
  });

  it('with another recent time is dropped', () => {
    expect(dropped(tamper(okBoss, key, body => writeUint64(body, 4, START - 1)))).toBe('bad_cookie');
  });

  it('10 s after its Ohai is dropped', () => {
    stage.responder.lab.now += 10_000;
    expect(dropped(okBoss)).toBe('stale');
  });

  it('just short of 10 s after its Ohai is accepted', () => {
    stage.responder.lab.now += 9_999;
    expect(accepted()).toBe(true);
  });

  it('of an epoch whose keys are gone is dropped', () => {
    const { responder } = stage;
    responder.lab.now += 75_000;
    responder.handshakes.timeout(responder.lab.now);
    expect(dropped(tamper(okBoss, key, body => writeUint64(body, 4, responder.lab.now)))).toBe('unknown_epoch');
  });

  it('after a restart of the responder is dropped', () => {
    const restarted = new Lab(77).node();
    restarted.handshakes.receive(START, stage.initiator.endpoint, takeHello({ ...stage, responder: restarted }));
    restarted.handshakes.nextTransmit();
    const again = tamper(okBoss, key, body => writeUint64(body, 4, START));
    expect(['unknown_epoch', 'bad_cookie']).toContain(
      restarted.handshakes.receive(START, stage.initiator.endpoint, again),
    );
    expect(restarted.sessions.size).toBe(0);
  });

  it('from another port is dropped', () => {
    const { address, port } = stage.initiator.endpoint;
    expect(dropped(okBoss, { address, port: port + 1 })).toBe('bad_cookie');
  });

  it('from another address is dropped', () => {
    expect(dropped(okBoss, { address: '10.0.0.99', port: stage.initiator.endpoint.port })).toBe('bad_cookie');
  });

  it('from something that is no address is dropped', () => {
    expect(dropped(okBoss, { address: 'nowhere', port: 1 })).toBe('bad_address');
  });

  it('under another accepted key than its Hello is dropped', () => {
    const lab = new Lab();
    const pair = { initiator: lab.node(), responder: lab.node({ keys: [1, 2] }) };
    const bytes = takeOkBoss(pair, takeOhai(pair, takeHello(pair)));
    const rewrapped = wrap(unwrap(bytes, key), keyringOf([2]).primary);
    expect(dropOf(pair.responder, pair.initiator.endpoint, rewrapped)).toBe('bad_cookie');
  });

  it('to another responder is dropped', () => {
    const other = stage.responder.lab.node();
    answer(other, stage.initiator.endpoint, wrap(unwrap(takeHello({ ...stage, responder: other }), key), key));
    const drop = other.handshakes.receive(START, stage.initiator.endpoint, okBoss);
    expect(['unknown_epoch', 'bad_cookie']).toContain(drop);
  });

  for (const point of LOW_ORDER_POINTS) {
    it(`with the low-order point ${point.slice(0, 8)}... is dropped`, () => {
      const { responder, initiator } = stage;
      const hello = craftHello(key, { id: 'c'.repeat(32), timestamp: WALL_NOW, ephemeral: fromHex(point) });
      const ohai = answer(responder, initiator.endpoint, hello.datagram);
      expect(dropped(craftOkBoss(key, keyring.prologue, hello, ohai, undefined))).toBe('low_order');
    });
  }

  it('of somebody who does not know the ephemeral secret is dropped', () => {
    const { responder, initiator } = stage;
    const hello = craftHello(key, { id: 'c'.repeat(32), timestamp: WALL_NOW });
    const ohai = answer(responder, initiator.endpoint, hello.datagram);
    expect(dropped(craftOkBoss(key, keyring.prologue, hello, ohai, newKeyPair()))).toBe('bad_box');
  });

  it('made by hand as it should be is accepted', () => {
    const { responder, initiator } = stage;
    const ours = newKeyPair();
    const hello = craftHello(key, { id: 'c'.repeat(32), timestamp: WALL_NOW, ephemeral: ours.publicKey });
    const ohai = answer(responder, initiator.endpoint, hello.datagram);
    answer(responder, initiator.endpoint, craftOkBoss(key, keyring.prologue, hello, ohai, ours));
    expect(responder.established).toHaveLength(1);
  });

  it('is refused when all places are taken by confirmed sessions, and nothing is drawn for it', () => {
    const lab = new Lab();
    const responder = lab.node({ limits: { maxSessions: 1 } });
    const first = { initiator: lab.node(), responder };
    finish(first, takeGoTeam(first, takeOkBoss(first, takeOhai(first, takeHello(first)))));
    responder.established[0]!.confirmed = true;
    responder.sessions.timeout(START + 5_000);
    const second = { initiator: lab.node(), responder };
    const bytes = takeOkBoss(second, takeOhai(second, takeHello(second)));
    expect(dropOf(responder, second.initiator.endpoint, bytes)).toBe('table_full');
  });

  it('is not answered when our own payload is too long', () => {
    const lab = new Lab();
    const pair = { initiator: lab.node(), responder: lab.node({ payload: new Uint8Array(1001) }) };
    const bytes = takeOkBoss(pair, takeOhai(pair, takeHello(pair)));
    expect(dropOf(pair.responder, pair.initiator.endpoint, bytes)).toBe('payload_too_long');
    expect(() => pair.responder.handshakes.check()).toThrow(/payload/);
  });

  it('carries payloads of the largest size both ways', () => {
    const lab = new Lab();
    const payload = new Uint8Array(1000).fill(5);
    const pair = { initiator: lab.node({ payload }), responder: lab.node({ payload }) };
    finish(pair, takeGoTeam(pair, takeOkBoss(pair, takeOhai(pair, takeHello(pair)))));
    expect(pair.responder.events[0]).toMatchObject({ type: 'established', payload });
    expect(pair.initiator.events[0]).toMatchObject({ type: 'established', payload });
  });

  it('carries empty payloads both ways', () => {
    const lab = new Lab();
    const payload = new Uint8Array(0);
    const pair = { initiator: lab.node({ payload }), responder: lab.node({ payload }) };
    const goTeam = takeGoTeam(pair, takeOkBoss(pair, takeOhai(pair, takeHello(pair))));
    expect(goTeam).toHaveLength(100);
    finish(pair, goTeam);
    expect(pair.initiator.events[0]).toMatchObject({ type: 'established', payload });
  });
});

describe('an OkBoss that comes again', () => {
  it('gets the same GoTeam and makes nothing new', () => {
    const { responder, initiator } = stage;
    const goTeam = takeGoTeam(stage, okBoss);
    const { size } = responder.sessions;
    const { draws } = responder;
    const again = answer(responder, initiator.endpoint, okBoss);
    expect(again).toEqual(goTeam);
    expect(responder.sessions.size).toBe(size);
    expect(responder.draws).toBe(draws);
    expect(responder.established).toHaveLength(1);
  });

  it('is answered at most ten times', () => {
    takeGoTeam(stage, okBoss);
    for (let i = 0; i < 10; i++) answer(stage.responder, stage.initiator.endpoint, okBoss);
    expect(dropped(okBoss)).toBe('resend_limited');
  });

  it('from another address gets nothing', () => {
    takeGoTeam(stage, okBoss);
    expect(dropped(okBoss, { address: '10.0.0.99', port: 1 })).toBe('bad_cookie');
  });

  it('gets nothing when its session is gone, as that GoTeam would lead nowhere', () => {
    const { responder } = stage;
    takeGoTeam(stage, okBoss);
    responder.lab.now += 5_000;
    responder.sessions.timeout(responder.lab.now);
    expect(responder.sessions.nextDropped()).toBe(responder.established[0]);
    expect(dropped(okBoss)).toBe('session_gone');
  });

  it('keeps its unconfirmed session waiting for longer', () => {
    const { responder, initiator } = stage;
    takeGoTeam(stage, okBoss);
    responder.lab.now += 4_000;
    answer(responder, initiator.endpoint, okBoss);
    responder.lab.now += 4_999;
    responder.sessions.timeout(responder.lab.now);
    expect(responder.sessions.size).toBe(1);
    responder.lab.now += 1;
    responder.sessions.timeout(responder.lab.now);
    expect(responder.sessions.size).toBe(0);
  });

  it('never leads to the same keys, even when the first was forgotten', () => {
    const { responder, initiator } = stage;
    const first = takeGoTeam(stage, okBoss);
    // Enough others to push the cookie out of memory.
    const lab = responder.lab;
    for (let i = 0; i < 1_024; i++) {
      const other = { initiator: lab.node(), responder };
      if (i % 200 === 0) lab.now += 900;
      takeGoTeam(other, takeOkBoss(other, takeOhai(other, takeHello(other))));
      const session = responder.established.at(-1)!;
      responder.sessions.remove(session);
    }
    answer(responder, initiator.endpoint, okBoss);
    const [one, two] = [responder.established[0]!, responder.established.at(-1)!];
    expect(two.remoteId).toBe(one.remoteId);
    expect(two.id).not.toBe(one.id);
    expect(two.index).not.toBe(one.index);
    expect(first.length).toBeGreaterThan(0);
    responder.handshakes.check();
  });
});

describe('a responder', () => {
  it('has no state before an OkBoss, however many Hellos it answers', () => {
    const { responder } = stage;
    const { lab } = responder;
    for (let i = 0; i < 100; i++) {
      const initiator = lab.node();
      answer(responder, initiator.endpoint, takeHello({ initiator, responder }));
    }
    expect(responder.sessions.size).toBe(0);
    expect(responder.handshakes.pendingCount).toBe(0);
  });
});
