import { beforeEach, describe, expect, it } from 'vitest';
import { keyringOf, Lab } from './handshake-lab.js';
import {
  answer,
  finish,
  takeGoTeam,
  takeHello,
  takeOhai,
  takeOkBoss,
  tamper,
  unwrap,
  wrap,
  type Stage,
} from './insider.js';
import { dropOf } from './snapshot.js';

const key = keyringOf([1]).primary;

let stage: Stage;
let okBoss: Uint8Array;
let goTeam: Uint8Array;
beforeEach(() => {
  const lab = new Lab();
  stage = { initiator: lab.node(), responder: lab.node() };
  okBoss = takeOkBoss(stage, takeOhai(stage, takeHello(stage)));
  goTeam = takeGoTeam(stage, okBoss);
});

const dropped = (datagram: Uint8Array) => dropOf(stage.initiator, stage.responder.endpoint, datagram);

/** Whether the handshake comes to its end with the genuine datagram. */
const completes = () => {
  finish(stage, goTeam);
  return stage.initiator.established.length === 1;
};

const isZero = (bytes: Uint8Array) => bytes.every(byte => byte === 0);

describe('a GoTeam', () => {
  it('leaves no secret of the handshake in memory', () => {
    const { initiator } = stage.initiator.handshakes as unknown as { initiator: { byIndex: Map<number, object> } };
    const pending = [...initiator.byIndex.values()][0] as Record<string, Uint8Array>;
    const secrets = [pending.secretKey!, pending.secret!, pending.goTeamKey!];
    expect(secrets.map(isZero)).toEqual([true, false, false]);
    expect(completes()).toBe(true);
    expect(secrets.map(isZero)).toEqual([true, true, true]);
  });

  it('ends the dial with a confirmed session', () => {
    expect(completes()).toBe(true);
    const [session] = stage.initiator.established;
    expect(session).toMatchObject({ role: 'initiator', confirmed: true, remoteId: stage.responder.id });
    expect(session!.id).toBe(stage.responder.established[0]!.id);
    expect(stage.initiator.handshakes.isDialling(stage.responder.endpoint)).toBe(false);
    expect(stage.initiator.handshakes.deadline()).toBe(Infinity);
  });

  it('cut short at any length is dropped', () => {
    for (let length = 0; length < goTeam.length; length++) {
      expect(dropped(goTeam.subarray(0, length))).toBe(length < 100 ? 'bad_size' : 'undecryptable');
    }
    expect(completes()).toBe(true);
  });

  it('whose body is cut short at any length is dropped', () => {
    const body = unwrap(goTeam, key);
    for (let length = 0; length < body.length; length++) {
      expect(dropped(wrap(body.subarray(0, length), key))).toBe(length < 60 ? 'bad_size' : 'bad_box');
    }
    expect(completes()).toBe(true);
  });

  it('with a payload beyond the limit is dropped', () => {
    const body = new Uint8Array(60 + 1001);
    body.set(unwrap(goTeam, key));
    expect(dropped(wrap(body, key))).toBe('malformed');
  });

  it('with any byte changed on the way is dropped', () => {
    for (let at = 0; at < goTeam.length; at++) {
      const changed = goTeam.slice();
      changed[at]! ^= 4;
      expect(dropped(changed)).toBe('undecryptable');
    }
    expect(completes()).toBe(true);
  });

  it('with any byte changed by somebody with the key is dropped', () => {
    const length = unwrap(goTeam, key).length;
    for (let at = 0; at < length; at++) {
      const changed = tamper(goTeam, key, body => {
        body[at]! ^= 1;
      });
      expect(dropped(changed)).toBe(at < 4 ? 'malformed' : at < 8 ? 'unknown_handshake' : 'bad_box');
    }
    expect(completes()).toBe(true);
  });

  it('in another envelope than its box was made for is dropped', () => {
    expect(dropped(wrap(unwrap(goTeam, key), key))).toBe('bad_box');
    expect(completes()).toBe(true);
  });

  it('of another handshake is dropped', () => {
    const lab = new Lab(3);
    const other = { initiator: lab.node(), responder: lab.node() };
    const theirs = takeGoTeam(other, takeOkBoss(other, takeOhai(other, takeHello(other))));
    expect(dropped(theirs)).toBe('unknown_handshake');
    expect(completes()).toBe(true);
  });

  it('that only says GoTeam, without keys, is dropped', () => {
    const body = new Uint8Array(60);
    body.set(unwrap(goTeam, key).subarray(0, 8));
    expect(dropped(wrap(body, key))).toBe('bad_box');
    expect(completes()).toBe(true);
  });

  it('before our OkBoss is dropped', () => {
    const lab = new Lab();
    const pair = { initiator: lab.node(), responder: lab.node() };
    const hello = takeHello(pair);
    const body = new Uint8Array(60);
    body.set([4, 1]);
    body.set(unwrap(hello, key).subarray(4, 8), 4);
    expect(dropOf(pair.initiator, pair.responder.endpoint, wrap(body, key))).toBe('unexpected');
  });

  it('under another accepted key is dropped', () => {
    const lab = new Lab();
    const pair = { initiator: lab.node({ keys: [1, 2] }), responder: lab.node() };
    const bytes = takeGoTeam(pair, takeOkBoss(pair, takeOhai(pair, takeHello(pair))));
    const other = keyringOf([2]).primary;
    expect(dropOf(pair.initiator, pair.responder.endpoint, wrap(unwrap(bytes, key), other))).toBe('wrong_key');
  });

  it('that comes again is dropped', () => {
    expect(completes()).toBe(true);
    expect(dropped(goTeam)).toBe('unknown_handshake');
    expect(dropped(answer(stage.responder, stage.initiator.endpoint, okBoss))).toBe('unknown_handshake');
  });

  it('fails the dial when there is no place for the session', () => {
    const lab = new Lab();
    const initiator = lab.node({ limits: { maxSessions: 1 } });
    const first = { initiator, responder: lab.node() };
    finish(first, takeGoTeam(first, takeOkBoss(first, takeOhai(first, takeHello(first)))));
    const second = { initiator, responder: lab.node() };
    const bytes = takeGoTeam(second, takeOkBoss(second, takeOhai(second, takeHello(second))));
    expect(initiator.handshakes.receive(lab.now, second.responder.endpoint, bytes)).toBe('table_full');
    expect(initiator.handshakes.nextEvent()).toMatchObject({ type: 'failed', reason: 'table_full' });
    expect(initiator.handshakes.pendingCount).toBe(0);
    initiator.handshakes.check();
  });
});
