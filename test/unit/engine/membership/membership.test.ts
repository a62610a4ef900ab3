import { beforeEach, describe, expect, it } from 'vitest';
import { FAILED_DIALS, Membership, SETTLING_MS } from '../../../../lib/engine/membership/membership.js';
import { MAX_INCARNATION, MEMBER_STATES, type MemberState } from '../../../../lib/engine/membership/member.js';
import { nodeIdToBytes } from '../../../../lib/engine/node-id.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { encodeEndpoint } from '../../../../lib/engine/wire/endpoint-codec.js';
import { Frame } from '../../../../lib/engine/wire/frame.js';
import { EngineLab, endpointOf, frameReader, framesTo, idOf } from '../engine-lab.js';

const SELF = 0x80;
const OWN_INCARNATION = 1_000;

let lab: EngineLab;
let membership: Membership;
let gone: Peer[];
let peer: Peer;

function startLab(overrides: ConstructorParameters<typeof EngineLab>[0] = {}): void {
  lab = new EngineLab(overrides);
  gone = [];
  membership = new Membership(
    lab.context,
    lab.peers,
    { membersChanged: () => undefined, memberGone: each => gone.push(each) },
    OWN_INCARNATION,
  );
  peer = meet(1);
}

/** A handshake with a homie, who is a link from then on. */
function meet(number: number, now = 0, incarnation = 1): Peer {
  const met = lab.meet(number, { now, isSubscriber: true });
  membership.met(met, incarnation, endpointOf(number), now);
  membership.flush();
  for (const link of lab.peers.links) framesTo(link);
  return met;
}

beforeEach(() => startLab());

/** A record as it travels. */
function record(number: number, incarnation: number, state: MemberState = 'up', endpoint: unknown = undefined) {
  const address = endpoint === undefined ? encodeEndpoint(endpointOf(number)) : endpoint;
  return [nodeIdToBytes(idOf(number)), incarnation, MEMBER_STATES.indexOf(state), address, 'here'];
}

function hear(from: Peer, records: unknown[], now = 0): void {
  const { reader, length } = frameReader([Frame.news, ...records]);
  membership.onNews(from, reader, length, now);
}

function page(from: Peer, next: number | undefined, records: unknown[], now = 0): void {
  const after = next === undefined ? null : nodeIdToBytes(idOf(next));
  const { reader, length } = frameReader([Frame.membersPage, after, ...records]);
  membership.onPage(from, reader, length, now);
}

/** What the peer is told of others, as number, incarnation and state. */
function newsTo(to: Peer): string[] {
  membership.flush();
  return framesTo(to)
    .filter(([type]) => type === Frame.news)
    .flatMap(frame => frame.slice(1) as [Uint8Array, number, number][])
    .map(([id, incarnation, state]) => `${id[3]!.toString(16)} ${incarnation} ${MEMBER_STATES[state]}`);
}

const stateOf = (number: number) => membership.table.get(idOf(number))?.state;

/** What happened to members since the last look. */
function eventsSince(): string[] {
  const events: string[] = [];
  for (let event = lab.context.events.shift(); event !== undefined; event = lab.context.events.shift()) {
    events.push('member' in event ? `${event.type} ${Number.parseInt(event.member.id.slice(0, 8), 16)}` : event.type);
  }
  return events;
}

function request(from: Peer, after: number | undefined): void {
  const bytes = after === undefined ? new Uint8Array(0) : nodeIdToBytes(idOf(after));
  membership.onRequest(from, frameReader([Frame.membersRequest, bytes]).reader);
}

/** Of each page, where the next one begins and the numbers of its members. */
const pagesTo = (to: Peer) =>
  framesTo(to)
    .filter(([type]) => type === Frame.membersPage)
    .map(([, next, ...records]) => ({
      next: next === null ? undefined : Buffer.from(next as Uint8Array).readUInt32BE(),
      numbers: (records as [Uint8Array][]).map(([id]) => Buffer.from(id).readUInt32BE()),
    }));

describe('news of a member', () => {
  it('is passed on to all links, the one it came from included, once', () => {
    const other = meet(2);
    hear(peer, [record(9, 5)]);
    hear(other, [record(9, 5)]);
    expect([newsTo(other), newsTo(peer)]).toEqual([['9 5 up'], ['9 5 up']]);
    hear(other, [record(9, 5)]);
    expect(newsTo(peer)).toEqual([]);
  });

  it('tells the host of what changed, and of nothing else', () => {
    eventsSince();
    hear(peer, [record(9, 5), record(9, 5, 'suspect'), record(9, 5, 'down'), record(9, 5, 'left'), record(9, 6)]);
    hear(peer, [record(9, 6), record(9, 5, 'down'), record(10, 1, 'left')]);
    expect(eventsSince()).toEqual(['up 9', 'suspect 9', 'down 9', 'up 9']);
  });

  it('that is older than what we know is answered with that', () => {
    hear(peer, [record(9, 5, 'down')]);
    newsTo(peer);
    hear(peer, [record(9, 5)]);
    expect(newsTo(peer)).toEqual(['9 5 down']);
  });

  it('fills as many frames as it needs, none longer than a datagram carries', () => {
    for (let number = 0x100; number < 0x200; number += 10) {
      hear(
        peer,
        Array.from({ length: 10 }, (_, i) => record(number + i, 5)),
      );
    }
    membership.flush();
    const frames = framesTo(peer).filter(([type]) => type === Frame.news);
    expect(frames.flatMap(frame => frame.slice(1)).length).toBe(260);
    expect(frames.length).toBeGreaterThan(10);
    expect(lab.context.counters.drops.too_long).toBe(0);
  });

  it('of a member without an address is dropped and counted', () => {
    hear(peer, [record(9, 5, 'up', null)]);
    expect(stateOf(9)).toBeUndefined();
    expect(lab.context.counters.drops.member).toBe(1);
  });

  it('with an address of another host’s own is of no use here', () => {
    const loopback = encodeEndpoint({ address: '127.0.0.1', port: 1 });
    hear(peer, [record(9, 5, 'up', loopback)]);
    expect(stateOf(9)).toBeUndefined();
    const local = lab.meet(2, { endpoint: { address: '127.0.0.1', port: 2 } });
    hear(local, [record(9, 5, 'up', loopback)]);
    expect(membership.table.get(idOf(9))?.endpoint.address).toBe('127.0.0.1');
  });

  it('is taken up to the record that is malformed', () => {
    const { reader, length } = frameReader([Frame.news, record(9, 5), 'text', record(10, 5)]);
    membership.onNews(peer, reader, length, 0);
    expect([stateOf(9), stateOf(10), reader.failed]).toEqual(['up', undefined, true]);
  });
});

describe('news of a death', () => {
  it('of a peer is not believed while we hear it: it is told instead, and will refute', () => {
    const other = meet(2);
    peer.lastHeardAt = 1_000;
    hear(other, [record(1, 1, 'down')], 2_000);
    expect(stateOf(1)).toBe('up');
    expect([newsTo(peer), newsTo(other)]).toEqual([['1 1 down'], []]);
  });

  it('of a peer is believed when we do not hear it any more', () => {
    const other = meet(2);
    hear(other, [record(1, 1, 'down')], 10_000);
    expect(stateOf(1)).toBe('down');
    expect(gone).toEqual([peer]);
  });

  it('is not news when we already count the member as dead', () => {
    hear(peer, [record(9, 5, 'down')]);
    membership.declareDown(idOf(9), 0);
    expect(newsTo(peer)).toEqual(['9 5 down']);
  });

  it('is ours to give when a member could not be dialled twice in a row', () => {
    hear(peer, [record(9, 5)]);
    newsTo(peer);
    for (let i = 1; i < FAILED_DIALS; i++) membership.unreachable(idOf(9), 0);
    expect(stateOf(9)).toBe('up');
    membership.unreachable(idOf(9), 0);
    expect(newsTo(peer)).toEqual(['9 5 down']);
  });

  it('is not ours to give when a handshake succeeded in between', () => {
    hear(peer, [record(9, 5)]);
    membership.unreachable(idOf(9), 0);
    meet(9, 0, 5);
    membership.unreachable(idOf(9), 0);
    expect(stateOf(9)).toBe('up');
  });
});

describe('news of ourselves', () => {
  it('that declares us dead is refuted under a higher incarnation', () => {
    hear(peer, [record(SELF, OWN_INCARNATION, 'down', null)]);
    expect(newsTo(peer)).toEqual([`80 ${OWN_INCARNATION + 1} up`]);
  });

  it('of a later life than ours is outbid as well', () => {
    hear(peer, [record(SELF, OWN_INCARNATION + 50, 'suspect', null)]);
    expect(newsTo(peer)).toEqual([`80 ${OWN_INCARNATION + 51} up`]);
  });

  it('that is old is answered with what is true, to the one who told', () => {
    hear(peer, [record(SELF, OWN_INCARNATION - 1, 'down', null)]);
    expect(newsTo(peer)).toEqual([`80 ${OWN_INCARNATION} up`]);
  });

  it('that is true is no news', () => {
    hear(peer, [record(SELF, OWN_INCARNATION, 'up', null)]);
    expect(newsTo(peer)).toEqual([]);
  });

  it('never drives the incarnation beyond what others accept', () => {
    hear(peer, [record(SELF, MAX_INCARNATION, 'down', null)]);
    expect(membership.ownRecord.incarnation).toBe(MAX_INCARNATION);
  });

  it('changes nothing any more once we have left', () => {
    membership.leave();
    hear(peer, [record(SELF, OWN_INCARNATION, 'down', null)]);
    expect(membership.ownRecord).toMatchObject({ state: 'left', incarnation: OWN_INCARNATION });
  });
});

describe('a handshake', () => {
  it('with somebody we count as dead tells it, so that it refutes', () => {
    hear(peer, [record(9, 5, 'down')]);
    framesTo(peer);
    const back = lab.meet(9, { isSubscriber: true });
    membership.met(back, 5, endpointOf(9), 0);
    expect(newsTo(back)).toContain('9 5 down');
    expect(stateOf(9)).toBe('down');
  });

  it('with the next life of somebody brings the member back', () => {
    hear(peer, [record(9, 5, 'down')]);
    membership.met(lab.meet(9), 6, endpointOf(9), 0);
    expect(stateOf(9)).toBe('up');
    expect(newsTo(peer)).toContain('9 6 up');
  });
});

describe('pages of members', () => {
  it('begin with ourselves, and go through all live members in order of id', () => {
    hear(peer, [record(5, 1), record(7, 1, 'down'), record(3, 1)]);
    framesTo(peer);
    request(peer, undefined);
    expect(pagesTo(peer)).toEqual([{ next: undefined, numbers: [SELF, 1, 3, 5] }]);
  });

  it('come eight at a time, and the next request goes on where they ended', () => {
    for (let number = 0x100; number < 0x100 + 300; number++) hear(peer, [record(number, 1)]);
    membership.flush();
    const numbers: number[] = [];
    let after: number | undefined;
    for (let round = 0; round < 10; round++) {
      framesTo(peer);
      request(peer, after);
      const pages = pagesTo(peer);
      expect(pages.length).toBeLessThanOrEqual(8);
      numbers.push(...pages.flatMap(each => each.numbers));
      after = pages.at(-1)!.next;
      if (after === undefined) break;
    }
    expect(numbers).toEqual([SELF, 1, ...Array.from({ length: 300 }, (_, i) => 0x100 + i)]);
    expect(lab.context.counters.drops.too_long).toBe(0);
  });

  it('are not sent again while the last ones still wait', () => {
    request(peer, undefined);
    request(peer, undefined);
    expect(pagesTo(peer).length).toBe(1);
  });

  it('are empty, but not missing, when they are asked for beyond the end', () => {
    request(peer, 0xffff);
    expect(pagesTo(peer)).toEqual([{ next: undefined, numbers: [] }]);
  });

  it('are learned from, but not passed on by one who has just joined', () => {
    page(peer, undefined, [record(9, 5)], SETTLING_MS - 1);
    expect([stateOf(9), newsTo(peer)]).toEqual(['up', []]);
    page(peer, undefined, [record(10, 5)], SETTLING_MS);
    expect(newsTo(peer)).toEqual(['a 5 up']);
  });

  it('with older news than ours are answered', () => {
    hear(peer, [record(9, 5, 'down')]);
    newsTo(peer);
    page(peer, undefined, [record(9, 5)]);
    expect(newsTo(peer)).toEqual(['9 5 down']);
  });
});

describe('a different digest', () => {
  it('makes us fetch the members of the peer', () => {
    membership.digestHeard(peer, membership.digest + 1, 0);
    expect(framesTo(peer)).toEqual([[Frame.membersRequest, new Uint8Array(0)]]);
  });

  it('is none when both know the same', () => {
    membership.digestHeard(peer, membership.digest, 0);
    expect(framesTo(peer)).toEqual([]);
  });

  it('counts ourselves as the other counts us', () => {
    const other = new Membership(
      new EngineLab({ id: idOf(1) }).context,
      lab.peers,
      { membersChanged: () => undefined, memberGone: () => undefined },
      1,
    );
    other.table.merge({ ...membership.ownRecord, endpoint: endpointOf(SELF) }, 0);
    expect(other.digest).toBe(membership.digest);
  });
});

describe('our own record', () => {
  it('has the address to dial, if there is one to tell', () => {
    expect(membership.ownRecord.endpoint).toBeUndefined();
    startLab({ bound: endpointOf(7) });
    expect(membership.ownRecord.endpoint).toEqual(endpointOf(7));
    startLab({ bound: endpointOf(7), advertised: endpointOf(8) });
    expect(membership.ownRecord.endpoint).toEqual(endpointOf(8));
  });

  it('says farewell to all links', () => {
    membership.leave();
    expect(newsTo(peer)).toEqual([`80 ${OWN_INCARNATION} left`]);
  });
});
