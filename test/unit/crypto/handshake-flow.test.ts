import { describe, expect, it } from 'vitest';
import { keyringOf, Lab, LabNode, START } from './handshake-lab.js';
import { takeGoTeam, takeHello, takeOhai, takeOkBoss } from './insider.js';

const keyIds = (keys: number[]) => keyringOf(keys).keys.map(key => key.id);

function rotate(node: LabNode, keys: number[]): void {
  node.keyring = keyringOf(keys);
  node.handshakes.setKeyring(node.lab.now, node.keyring);
}

const sessionIds = (node: LabNode) => node.established.map(session => session.id).sort();

describe('simultaneous open', () => {
  it('completes from both sides, and all sessions work', () => {
    const lab = new Lab();
    const [one, two] = [lab.node(), lab.node()];
    one.dial(two);
    two.dial(one);
    lab.runFor(2000);
    expect(one.established.map(session => session.role).sort()).toEqual(['initiator', 'responder']);
    expect(two.established.map(session => session.role).sort()).toEqual(['initiator', 'responder']);
    expect(sessionIds(one)).toEqual(sessionIds(two));
    for (const session of one.established) one.send(session, two.endpoint, session.id);
    lab.runFor(100);
    expect(two.received.map(bytes => new TextDecoder().decode(bytes)).filter(text => text !== '')).toEqual(
      one.established.map(session => session.id),
    );
    expect(one.sessions.unconfirmedCount + two.sessions.unconfirmedCount).toBe(0);
  });
});

describe('a rekey', () => {
  it('makes a second session while the first goes on', () => {
    const lab = new Lab();
    const [one, two] = [lab.node(), lab.node()];
    one.dial(two, two.id);
    lab.runFor(125_000);
    const [first] = one.established;
    expect(first!.needsRekey(lab.now + 10_000)).toBe(true);
    expect(one.dial(two, two.id)).toBe('started');
    one.send(first!, two.endpoint, 'old, while rekeying');
    lab.runFor(1000);
    const [, second] = one.established;
    expect(second!.id).not.toBe(first!.id);
    first!.retire(lab.now);
    one.send(first!, two.endpoint, 'old');
    one.send(second!, two.endpoint, 'new');
    lab.runFor(1000);
    const texts = two.received.map(bytes => new TextDecoder().decode(bytes)).filter(text => text !== '');
    expect(texts).toEqual(['old, while rekeying', 'old', 'new']);
  });

  it('has nothing in common with the session before', () => {
    const lab = new Lab();
    const [one, two] = [lab.node(), lab.node()];
    const keys = new Set<string>();
    for (let i = 0; i < 5; i++) {
      one.dial(two);
      lab.runFor(1000);
      for (const node of [one, two]) {
        const session = node.established.at(-1)!;
        keys.add((session as unknown as { sendKey: Uint8Array }).sendKey.join());
        node.sessions.remove(session);
      }
      lab.runFor(30_000);
    }
    expect(keys.size).toBe(10);
  });
});

describe('the rotation of a pre-shared key', () => {
  it('never leaves two nodes unable to meet', () => {
    const lab = new Lab();
    const [one, two] = [lab.node({ keys: [1] }), lab.node({ keys: [1] })];
    const meet = () => {
      lab.runFor(10_000);
      const before = one.established.length;
      one.dial(two);
      lab.runFor(1000);
      two.dial(one);
      lab.runFor(1000);
      for (const node of [one, two]) for (const session of node.established) node.sessions.remove(session);
      return one.established.length - before;
    };
    const steps: [number[], number[]][] = [
      [[1], [1]],
      [[1, 2], [1]],
      [
        [1, 2],
        [1, 2],
      ],
      [
        [2, 1],
        [1, 2],
      ],
      [
        [2, 1],
        [2, 1],
      ],
      [[2], [2, 1]],
      [[2], [2]],
    ];
    for (const [ofOne, ofTwo] of steps) {
      rotate(one, ofOne);
      rotate(two, ofTwo);
      expect(meet(), `${ofOne} and ${ofTwo}`).toBe(2);
    }
  });

  it('makes new sessions under the new key', () => {
    const lab = new Lab();
    const [one, two] = [lab.node({ keys: [2, 1] }), lab.node({ keys: [1, 2] })];
    one.dial(two);
    lab.runFor(1000);
    expect(one.established[0]!.keyId).toBe(keyIds([2])[0]);
    expect(two.established[0]!.keyId).toBe(keyIds([2])[0]);
  });

  it('leaves sessions under a removed key working until they are removed', () => {
    const lab = new Lab();
    const [one, two] = [lab.node(), lab.node()];
    one.dial(two);
    lab.runFor(1000);
    for (const node of [one, two]) rotate(node, [2]);
    one.send(one.established[0]!, two.endpoint, 'still here');
    lab.runFor(1000);
    expect(new TextDecoder().decode(two.received.at(-1))).toBe('still here');
  });

  it('begins a dial under a removed key again with the new one', () => {
    const lab = new Lab();
    const [one, two] = [lab.node({ keys: [1] }), lab.node({ keys: [2] })];
    one.dial(two);
    lab.runFor(500);
    rotate(one, [2]);
    // Due now and not long ago: a late timer says that the process stood still.
    expect(one.handshakes.deadline()).toBe(lab.now);
    // At once, not at the next resend: four times 50 ms.
    lab.runFor(250);
    expect(one.established[0]!.keyId).toBe(keyIds([2])[0]);
    expect(two.handshakes.drops.undecryptable).toBe(1);
  });

  it('leaves a dial under a key that is still accepted alone', () => {
    const lab = new Lab();
    const [one, two] = [lab.node({ keys: [1] }), lab.node({ keys: [1, 2] })];
    one.dial(two);
    lab.runFor(75);
    rotate(one, [2, 1]);
    lab.runFor(1000);
    expect(one.established[0]!.keyId).toBe(keyIds([1])[0]);
  });

  it('reaches the session table', () => {
    const node = new Lab().node({ keys: [1, 2] });
    const headerKeys = () => (node.sessions as unknown as { headerKeys: { id: string }[] }).headerKeys;
    expect(headerKeys().map(({ id }) => id)).toEqual(keyIds([1, 2]));
    rotate(node, [3, 2]);
    expect(headerKeys().map(({ id }) => id)).toEqual(keyIds([3, 2]));
  });

  it('cannot move a node to another cluster', () => {
    const node = new Lab().node();
    expect(() => node.handshakes.setKeyring(START, keyringOf([1], 'other'))).toThrow(/cluster/);
  });
});

describe('nodes without a key in common', () => {
  it('hear nothing of each other', () => {
    const lab = new Lab();
    const [one, two] = [lab.node({ keys: [1] }), lab.node({ keys: [2] })];
    one.dial(two);
    lab.runFor(20_000);
    expect(lab.sent.every(flight => flight.from.port === one.endpoint.port)).toBe(true);
    expect(one.failures).toEqual(['no_answer']);
    expect(two.handshakes.drops.undecryptable).toBe(5);
    expect(two.events).toMatchObject([{ type: 'undecryptable', endpoint: one.endpoint }]);
  });

  it('do not fall back to other keys unless told to', () => {
    const lab = new Lab();
    const [one, two] = [lab.node({ keys: [1, 2] }), lab.node({ keys: [2] })];
    one.dial(two);
    lab.runFor(60_000);
    expect(one.failures).toEqual(['no_answer']);
    expect(two.established).toEqual([]);
  });
});

describe('fallback keys', () => {
  it('are tried when the primary got no answer', () => {
    const lab = new Lab();
    const [one, two] = [lab.node({ keys: [1, 2], fallbackKeys: true }), lab.node({ keys: [2] })];
    one.dial(two);
    lab.runFor(20_000);
    expect(one.established.map(session => session.keyId)).toEqual(keyIds([2]));
    const at = one.events[0]!.at - START;
    expect(at).toBeGreaterThan(13_000);
    expect(at).toBeLessThan(15_500);
  });

  it('get five Hellos each, and then the dial fails', () => {
    const lab = new Lab();
    lab.lose = () => true;
    const node = lab.node({ keys: [1, 2, 3], fallbackKeys: true });
    node.dial({ address: '192.0.2.1', port: 1 });
    lab.runFor(60_000);
    expect(lab.sent).toHaveLength(15);
    expect(node.failures).toEqual(['no_answer']);
    const at = node.events[0]!.at - START;
    expect(at).toBeGreaterThan(41_000);
    expect(at).toBeLessThanOrEqual(45_000);
  });

  it('do not answer for each other: an Ohai under another key is dropped', () => {
    const lab = new Lab();
    const [one, two] = [lab.node({ keys: [1, 2], fallbackKeys: true }), lab.node({ keys: [1, 2] })];
    one.dial(two);
    lab.runFor(1000);
    expect(one.established.map(session => session.keyId)).toEqual(keyIds([1]));
  });
});

/** So many dial one at the same moment. Orphans believe in a session that it has dropped. */
function storm(nodes: number, limits: { maxUnconfirmed?: number }, address?: string) {
  const lab = new Lab();
  lab.latency = 100;
  const seed = lab.node({ limits, ...(address === undefined ? {} : { address }) });
  const joiners = Array.from({ length: nodes }, () => lab.node(address === undefined ? {} : { address }));
  for (const joiner of joiners) joiner.dial(seed);
  lab.runFor(15_000);
  const orphans = joiners.filter(joiner => {
    const [session] = joiner.established;
    return session !== undefined && !seed.established.some(other => other.id === session.id && !other.isClosed);
  });
  return { joined: joiners.filter(joiner => joiner.established.length > 0).length, orphans: orphans.length, lab };
}

describe('many nodes that join through one', () => {
  it('all join, and none believes in a session that the seed has dropped', () => {
    const { joined, orphans } = storm(800, {});
    expect({ joined, orphans }).toEqual({ joined: 800, orphans: 0 });
  });

  it('would be left with dead sessions by a small limit on unconfirmed ones', () => {
    expect(storm(200, { maxUnconfirmed: 64 }).orphans).toBeGreaterThan(100);
  });

  it('all join from one address, several hundred of them', () => {
    const { joined, orphans } = storm(300, {}, '127.0.0.1');
    expect({ joined, orphans }).toEqual({ joined: 300, orphans: 0 });
  });
});

describe('an attacker between two nodes', () => {
  it('who brings a Hello to another honest node gets the dial refused by the expected id', () => {
    const lab = new Lab();
    const [one, two, three] = [lab.node(), lab.node(), lab.node()];
    lab.lose = flight => {
      if (flight.to === two.endpoint) lab.flights.push({ ...flight, to: three.endpoint });
      return flight.to === two.endpoint;
    };
    one.dial(two, two.id);
    lab.runFor(20_000);
    expect(one.failures).toEqual(['wrong_id']);
    expect(three.sessions.size).toBe(0);
  });

  it('who replays a whole handshake gets nothing but the same GoTeam', () => {
    const lab = new Lab();
    const stage = { initiator: lab.node(), responder: lab.node() };
    const hello = takeHello(stage);
    const okBoss = takeOkBoss(stage, takeOhai(stage, hello));
    takeGoTeam(stage, okBoss);
    const { responder, initiator } = stage;
    const size = responder.sessions.size;
    for (let i = 0; i < 5; i++) {
      responder.handshakes.receive(lab.now, initiator.endpoint, hello);
      responder.handshakes.receive(lab.now, initiator.endpoint, okBoss);
    }
    expect(responder.sessions.size).toBe(size);
    lab.now += 60_000;
    responder.handshakes.timeout(lab.now);
    expect(responder.handshakes.receive(lab.now, initiator.endpoint, okBoss)).toBe('stale');
    lab.now += 1;
    expect(responder.handshakes.receive(lab.now, initiator.endpoint, hello)).toBe('clock_skew');
  });
});

describe('a node that stops', () => {
  it('keeps no secret, and is silent', () => {
    const lab = new Lab();
    const [one, two, three] = [lab.node(), lab.node(), lab.node()];
    one.dial(two);
    three.dial(one);
    lab.runFor(1000);
    lab.lose = () => true;
    one.dial(three);
    lab.runFor(60_000 - 1);
    one.dial(three);
    one.drain();
    const sent = lab.sent.length;
    const sessions = [...one.established];
    one.handshakes.wipe();
    one.sessions.wipe();
    lab.runFor(60_000);
    expect(lab.sent).toHaveLength(sent);
    expect(one.handshakes.pendingCount).toBe(0);
    expect(one.handshakes.deadline()).toBe(Infinity);
    expect(one.sessions.size).toBe(0);
    expect(sessions.every(session => session.isClosed)).toBe(true);
    one.handshakes.check();
  });
});

describe('a node', () => {
  it('needs an id of 32 hex digits', () => {
    const lab = new Lab();
    const node = lab.node();
    const { Handshakes } = { Handshakes: node.handshakes.constructor as new (options: object) => unknown };
    const options = { keyring: node.keyring, sessions: node.sessions, payload: () => new Uint8Array(0) };
    for (const nodeId of ['', 'x'.repeat(32), 'A'.repeat(32), 'a'.repeat(31)]) {
      expect(() => new Handshakes({ ...options, nodeId })).toThrow(RangeError);
    }
  });
});
