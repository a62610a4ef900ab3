import { describe, expect, it } from 'vitest';
import { writeMaskedHeader } from '../../../lib/engine/crypto/data-header.js';
import { createSession } from '../../../lib/engine/crypto/session-keys.js';
import type { Session } from '../../../lib/engine/crypto/session.js';
import { SessionTable, type SessionTableLimits } from '../../../lib/engine/crypto/session-table.js';
import { keyringOf } from './handshake-lab.js';
import { bytesOf, fromHex, scriptedRandom, seededRandom } from './seeded-random.js';

const secret = bytesOf(1, 64);
const key = keyringOf([1]).primary;

/** A table and sessions for it; `mate` is the other end of the session it was asked for last. */
function tableOf(limits: Partial<SessionTableLimits> = {}, keys = [1]) {
  const table = new SessionTable(seededRandom(7), limits);
  table.setKeyring(keyringOf(keys));
  let made = 0;
  const make = (role: 'initiator' | 'responder' = 'responder', node?: number, keyNumber = 1) => {
    made++;
    const index = table.reserveIndex();
    const isResponder = role === 'responder';
    const agreement = {
      secret,
      responderRandom: bytesOf(made & 0xff, 32),
      initiatorIndex: isResponder ? made : index,
      responderIndex: isResponder ? index : made,
      key: keyringOf([keyNumber]).primary,
      createdAt: 0,
      jitter: 0,
    };
    const remoteId = (node ?? made).toString(16).padStart(32, '0');
    const session = createSession({ ...agreement, role, remoteId });
    const mate = createSession({ ...agreement, role: isResponder ? 'initiator' : 'responder', remoteId });
    return { session, mate };
  };
  const add = (role?: 'initiator' | 'responder', now = 0) => {
    const { session } = make(role);
    return table.add(session, now) ? session : undefined;
  };
  return { table, make, add };
}

function drain(table: SessionTable): Session[] {
  const sessions = [];
  for (let session = table.nextDropped(); session !== undefined; session = table.nextDropped()) sessions.push(session);
  return sessions;
}

function packet(session: Session): Uint8Array {
  const buffer = new Uint8Array(24);
  session.seal(buffer, 0, 0);
  return buffer;
}

describe('the index space', () => {
  it('never gives an index twice', () => {
    const { table } = tableOf();
    const indices = Array.from({ length: 5000 }, () => table.reserveIndex());
    expect(new Set(indices).size).toBe(5000);
  });

  it('never gives 0', () => {
    const table = new SessionTable(scriptedRandom({}));
    expect(table.reserveIndex()).toBe(1);
    expect(table.reserveIndex()).toBe(2);
  });

  it('goes round at its end', () => {
    const table = new SessionTable(scriptedRandom({ 4: [fromHex('ffffffff'), fromHex('ffffffff')] }));
    expect(table.reserveIndex()).toBe(0xffff_ffff);
    expect(table.reserveIndex()).toBe(1);
  });

  it('takes a released index back', () => {
    const table = new SessionTable(scriptedRandom({ 4: [fromHex('05000000'), fromHex('05000000')] }));
    table.releaseIndex(table.reserveIndex());
    expect(table.reserveIndex()).toBe(5);
  });

  it('does not give the index of a live session', () => {
    const table = new SessionTable(scriptedRandom({ 4: [fromHex('05000000')] }));
    const { session } = tableOf().make();
    Object.assign(session, { index: 5 });
    table.add(session, 0);
    expect(table.reserveIndex()).toBe(6);
  });
});

describe('matching', () => {
  it('finds the session a datagram is for, and its counter', () => {
    const { table, make } = tableOf();
    const pairs = Array.from({ length: 100 }, () => make());
    for (const { session } of pairs) table.add(session, 0);
    for (const { session, mate } of pairs) {
      packet(mate);
      expect(table.match(packet(mate))).toBe(session);
      expect(table.lastCounter).toBe(1);
    }
  });

  it('finds indices with the highest bit set', () => {
    const table = new SessionTable(scriptedRandom({ 4: [fromHex('fffffffe')] }));
    table.setKeyring(keyringOf([1]));
    const index = table.reserveIndex();
    expect(index).toBe(0xfeff_ffff);
    const agreement = { secret, responderRandom: bytesOf(1, 32), initiatorIndex: 1, responderIndex: index, key };
    const rest = { remoteId: 'a'.repeat(32), createdAt: 0, jitter: 0 };
    const session = createSession({ ...agreement, ...rest, role: 'responder' });
    table.add(session, 0);
    expect(table.match(packet(createSession({ ...agreement, ...rest, role: 'initiator' })))).toBe(session);
  });

  it('finds nothing for noise, short datagrams and reserved indices', () => {
    const { table, make } = tableOf();
    table.add(make().session, 0);
    const { mate } = make();
    expect(table.match(packet(mate))).toBeUndefined();
    for (let length = 0; length < 100; length++) expect(table.match(new Uint8Array(length))).toBeUndefined();
  });

  it('does not change the datagram', () => {
    const { table, make } = tableOf();
    const { session, mate } = make();
    table.add(session, 0);
    const datagram = packet(mate);
    const copy = datagram.slice();
    table.match(datagram);
    expect(datagram).toEqual(copy);
  });

  it('finds nothing for a session that was removed', () => {
    const { table, make } = tableOf();
    const { session, mate } = make();
    table.add(session, 0);
    table.remove(session);
    expect(table.match(packet(mate))).toBeUndefined();
    expect(session.isClosed).toBe(true);
    expect(table.size).toBe(0);
  });

  it('tries all header keys, and takes a session only under its own', () => {
    const { table, make } = tableOf({}, [1, 2]);
    const pairs = [make('responder', 1, 1), make('responder', 2, 2)];
    for (const { session } of pairs) table.add(session, 0);
    for (const { session, mate } of pairs) expect(table.match(packet(mate))).toBe(session);
  });
});

const count = (table: SessionTable) => (table as unknown as { headerKeys: unknown[] }).headerKeys.length;

describe('header keys', () => {
  it('of one key do not lead to a session under another', () => {
    const { table, make } = tableOf({}, [1, 2]);
    const { session } = make('responder', 1, 2);
    table.add(session, 0);
    const datagram = new Uint8Array(24);
    writeMaskedHeader(datagram, keyringOf([1]).primary.header, session.index, 0);
    expect(table.match(datagram)).toBeUndefined();
    writeMaskedHeader(datagram.fill(0), session.headerKey, session.index, 0);
    expect(table.match(datagram)).toBe(session);
  });

  it('without sessions go with their key', () => {
    const { table } = tableOf({}, [1, 2, 3]);
    expect(count(table)).toBe(3);
    for (const key of [4, 5, 6]) table.setKeyring(keyringOf([key]));
    expect(count(table)).toBe(1);
  });

  it('of a removed key stay in use while a session needs them', () => {
    const { table, make } = tableOf({}, [1]);
    const pairs = [make(), make()];
    for (const { session } of pairs) table.add(session, 0);
    table.setKeyring(keyringOf([2]));
    expect(count(table)).toBe(2);
    for (const { session, mate } of pairs) expect(table.match(packet(mate))).toBe(session);
    table.remove(pairs[0]!.session);
    expect(count(table)).toBe(2);
    table.remove(pairs[1]!.session);
    expect(count(table)).toBe(1);
    table.check();
  });

  it('that come back keep their sessions', () => {
    const { table, make } = tableOf({}, [1]);
    const { session, mate } = make();
    table.add(session, 0);
    table.setKeyring(keyringOf([2]));
    table.setKeyring(keyringOf([2, 1]));
    expect(count(table)).toBe(2);
    expect(table.match(packet(mate))).toBe(session);
    table.remove(session);
    expect(count(table)).toBe(2);
    table.check();
  });

  it('are known for a session that was made just before its key was removed', () => {
    const { table, make } = tableOf({}, [2]);
    const { session, mate } = make('responder', 1, 1);
    table.add(session, 0);
    expect(table.match(packet(mate))).toBe(session);
    table.check();
  });
});

describe('unconfirmed sessions', () => {
  it('are dropped after 5 s', () => {
    const { table, add } = tableOf();
    const session = add('responder', 100)!;
    expect(table.deadline()).toBe(5100);
    table.timeout(5099);
    expect(table.size).toBe(1);
    table.timeout(5100);
    expect(table.size).toBe(0);
    expect(session.isClosed).toBe(true);
    expect(drain(table)).toEqual([session]);
    expect(table.deadline()).toBe(Infinity);
  });

  it('that were confirmed meanwhile stay', () => {
    const { table, make } = tableOf();
    const { session, mate } = make();
    table.add(session, 0);
    expect(table.unconfirmedCount).toBe(1);
    session.open(packet(mate), 0, 0);
    expect(table.unconfirmedCount).toBe(0);
    table.timeout(5000);
    expect(table.has(session)).toBe(true);
    expect(drain(table)).toEqual([]);
    expect(table.deadline()).toBe(Infinity);
  });

  it('of an initiator do not exist', () => {
    const { table, add } = tableOf();
    add('initiator');
    expect(table.unconfirmedCount).toBe(0);
    expect(table.deadline()).toBe(Infinity);
  });

  it('are dropped oldest first when there are too many', () => {
    const { table, add } = tableOf({ maxUnconfirmed: 3 });
    const sessions = [add()!, add()!, add()!, add()!, add()!];
    expect(table.unconfirmedCount).toBe(3);
    expect(drain(table)).toEqual(sessions.slice(0, 2));
    table.check();
  });

  it('wait anew when renewed', () => {
    const { table, add } = tableOf();
    const [first, second] = [add('responder', 0)!, add('responder', 1000)!];
    table.renew(first, 3000);
    expect(table.deadline()).toBe(6000);
    table.timeout(6000);
    expect(drain(table)).toEqual([second]);
    expect(table.deadline()).toBe(8000);
  });

  it('are not renewed once confirmed or gone', () => {
    const { table, add } = tableOf();
    const [first, second] = [add()!, add()!];
    first.confirmed = true;
    table.remove(second);
    table.renew(first, 3000);
    table.renew(second, 3000);
    table.timeout(10_000);
    expect(table.size).toBe(1);
    table.check();
  });
});

describe('a full table', () => {
  it('drops the oldest unconfirmed session for a new one', () => {
    const { table, add } = tableOf({ maxSessions: 3 });
    const [, waiting] = [add('initiator'), add('responder'), add('initiator')];
    expect(add('initiator')).toBeDefined();
    expect(drain(table)).toEqual([waiting]);
    expect(table.size).toBe(3);
  });

  it('never drops a confirmed session', () => {
    const { table, add, make } = tableOf({ maxSessions: 3 });
    const sessions = [add('initiator')!, add('initiator')!, add('initiator')!];
    const { session } = make('responder');
    expect(table.hasRoom(session.remoteId)).toBe(false);
    expect(table.add(session, 0)).toBe(false);
    expect(sessions.every(other => table.has(other))).toBe(true);
    expect(drain(table)).toEqual([]);
  });

  it('gives the index of a refused session back', () => {
    const { table, add, make } = tableOf({ maxSessions: 1 });
    add('initiator');
    table.add(make().session, 0);
    expect((table as unknown as { reserved: Set<number> }).reserved.size).toBe(0);
  });

  it('of one node is three sessions', () => {
    const { table, make } = tableOf();
    for (let i = 0; i < 3; i++) expect(table.add(make('initiator', 9).session, 0)).toBe(true);
    expect(table.add(make('initiator', 9).session, 0)).toBe(false);
    expect(table.add(make('initiator', 8).session, 0)).toBe(true);
    table.check();
  });

  it('of one node drops that node an unconfirmed session, and nobody else', () => {
    const { table, make } = tableOf();
    const other = make('responder', 8).session;
    const own = make('responder', 9).session;
    for (const session of [other, own]) table.add(session, 0);
    for (let i = 0; i < 3; i++) expect(table.add(make('initiator', 9).session, 0)).toBe(true);
    expect(drain(table)).toEqual([own]);
    expect(table.has(other)).toBe(true);
    table.check();
  });

  it('does not take the same session twice', () => {
    const { table, make } = tableOf();
    const { session } = make();
    expect(table.add(session, 0)).toBe(true);
    expect(table.add(session, 0)).toBe(false);
    expect(table.size).toBe(1);
    table.check();
  });

  it('takes nothing while dropped sessions are not taken', () => {
    const { table, add } = tableOf({ maxSessions: 4, maxUnconfirmed: 1 });
    for (let i = 0; i < 5; i++) add();
    expect(add()).toBeUndefined();
    drain(table);
    expect(add()).toBeDefined();
  });
});
