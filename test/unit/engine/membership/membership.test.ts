import { beforeEach, describe, expect, it } from 'vitest';
import { STANDSTILL_SHARE } from '../../../../lib/engine/membership/failure-detector.js';
import { LocalHealth } from '../../../../lib/engine/membership/local-health.js';
import { ALONE_FACTOR, Membership, SETTLING_MS } from '../../../../lib/engine/membership/membership.js';
import { NEWS_PAUSE_MS } from '../../../../lib/engine/membership/news.js';
import { MAX_INCARNATION, MEMBER_STATES, type MemberState } from '../../../../lib/engine/membership/member.js';
import type { Member } from '../../../../lib/engine/membership/member-table.js';
import { UNCONFIRMED_FACTOR } from '../../../../lib/engine/membership/suspicions.js';
import { nodeIdToBytes } from '../../../../lib/engine/node-id.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { encodeEndpoint } from '../../../../lib/engine/wire/endpoint-codec.js';
import { Frame } from '../../../../lib/engine/wire/frame.js';
import { EngineLab, endpointOf, frameReader, framesTo, idOf } from '../engine-lab.js';

const SELF = 0x80;
const OWN_INCARNATION = 1_000;
/** At an interval of a second and three missed. */
const DETECTION_MS = 3_000;

let lab: EngineLab;
let health: LocalHealth;
let membership: Membership;
/** Peers that are gone, members that are back, those that have refuted something, and how many were lost. */
let gone: Peer[];
let back: string[];
let outlived: string[];
let lost: number;
let changes: number;
let forgotten: string[];
let peer: Peer;
/** Another one who tells us things; no link, so that it is told nothing. */
let teller: Peer;
/** Goes on by itself with each look at the news, so that there is a pause between any two. */
let clock: number;

function startLab(overrides: ConstructorParameters<typeof EngineLab>[0] = {}): void {
  lab = new EngineLab(overrides);
  health = new LocalHealth();
  gone = [];
  back = [];
  outlived = [];
  lost = 0;
  changes = 0;
  forgotten = [];
  clock = 0;
  membership = startMembership(lab);
  peer = meet(1);
  teller = lab.meet(0x70);
}

function startMembership({ context, peers }: EngineLab, incarnation = OWN_INCARNATION): Membership {
  const host = {
    membersChanged: () => changes++,
    memberGone: (each: Peer) => gone.push(each),
    memberOutlived: (id: string, wasUp: boolean) => (wasUp ? outlived : back).push(id),
    memberLost: () => lost++,
    allLost: (members: readonly Member[]) => forgotten.push(...members.map(({ id }) => id)),
  };
  return new Membership(context, peers, health, host, incarnation);
}

/** A handshake with a homie, who is a link from then on. */
function meet(number: number, now = clock, incarnation = 1): Peer {
  const met = lab.meet(number, { now, isSubscriber: true });
  membership.met(met, incarnation, endpointOf(number), now);
  membership.linksChanged(now);
  flush();
  for (const link of lab.peers.links) framesTo(link);
  return met;
}

/** What waits to be told is told, and the next news need not wait for it. */
function flush(): void {
  membership.flush(clock);
  clock += NEWS_PAUSE_MS;
}

beforeEach(() => startLab());

/** A record as it travels; a suspect is accused by 7 unless by others. */
function record(
  number: number,
  incarnation: number,
  state: MemberState = 'up',
  endpoint: unknown = encodeEndpoint(endpointOf(number)),
  accusers: readonly number[] = state === 'suspect' ? [7] : [],
) {
  const said = [nodeIdToBytes(idOf(number)), incarnation, MEMBER_STATES.indexOf(state), endpoint, 'here'];
  return [...said, ...accusers.map(accuser => nodeIdToBytes(idOf(accuser)))];
}

const suspicionOf = (number: number, incarnation: number, ...accusers: number[]) =>
  record(number, incarnation, 'suspect', undefined, accusers);

function hear(from: Peer, records: unknown[], now = clock): void {
  const { reader, length } = frameReader([Frame.news, ...records]);
  membership.onNews(from, reader, length, now);
  membership.check();
}

function page(from: Peer, next: number | undefined, records: unknown[], now = clock): void {
  const after = next === undefined ? null : nodeIdToBytes(idOf(next));
  const { reader, length } = frameReader([Frame.membersPage, after, ...records]);
  membership.onPage(from, reader, length, now);
}

const numberIn = (id: Uint8Array) => Buffer.from(id).readUInt32BE().toString(16);

/** What the peer is told of others, as number, incarnation and state, and who accuses. */
function newsTo(to: Peer): string[] {
  flush();
  return framesTo(to)
    .filter(([type]) => type === Frame.news)
    .flatMap(frame => frame.slice(1) as [Uint8Array, number, number, unknown, string, ...Uint8Array[]][])
    .map(([id, incarnation, state, , , ...accusers]) => {
      const by = accusers.length === 0 ? '' : ` by ${accusers.map(numberIn).join(' ')}`;
      return `${numberIn(id)} ${incarnation} ${MEMBER_STATES[state]}${by}`;
    });
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
  it('is passed on to all links but the one it came from, once', () => {
    const other = meet(2);
    hear(peer, [record(9, 5)]);
    hear(other, [record(9, 5)]);
    expect([newsTo(other), newsTo(peer)]).toEqual([['9 5 up'], []]);
    hear(other, [record(9, 5)]);
    expect(newsTo(peer)).toEqual([]);
  });

  it('tells the host of what changed, and of nothing else', () => {
    eventsSince();
    hear(peer, [record(9, 5), record(9, 5, 'suspect'), record(9, 5, 'down'), record(9, 5, 'left'), record(9, 6)]);
    hear(peer, [record(9, 6), record(9, 5, 'down'), record(10, 1, 'left')]);
    expect(eventsSince()).toEqual(['up 9', 'suspect 9', 'down 9', 'up 9']);
  });

  it('that is a doubt, or its end, chooses no feeds anew: the members are the same', () => {
    hear(peer, [record(9, 5)]);
    changes = 0;
    hear(peer, [suspicionOf(9, 5, 7), suspicionOf(9, 5, 8), record(9, 6)]);
    expect([stateOf(9), changes]).toEqual(['up', 0]);
    hear(peer, [suspicionOf(9, 6, 7), record(9, 6, 'down')]);
    expect(changes).toBe(1);
    hear(peer, [record(9, 7)]);
    expect(changes).toBe(2);
  });

  it('that is older than what we know is answered with that', () => {
    hear(peer, [record(9, 6)]);
    newsTo(peer);
    hear(peer, [record(9, 5, 'down')]);
    expect(newsTo(peer)).toEqual(['9 6 up']);
  });

  it('fills as many frames as it needs, none longer than a datagram carries', () => {
    for (let number = 0x100; number < 0x200; number += 10) {
      hear(
        teller,
        Array.from({ length: 10 }, (_, i) => record(number + i, 5)),
      );
    }
    flush();
    const frames = framesTo(peer).filter(([type]) => type === Frame.news);
    expect(frames.flatMap(frame => frame.slice(1)).length).toBe(260);
    expect(frames.length).toBeGreaterThan(5);
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

describe('news that come one after the other', () => {
  it('go out at once after a pause, and together with all that follows within the next one', () => {
    hear(teller, [record(9, 5)], 1_000);
    membership.flush(1_000);
    expect(framesTo(peer).length).toBe(1);
    for (let number = 0x100; number < 0x105; number++) {
      hear(teller, [record(number, 5)], 1_010);
      membership.flush(1_010);
    }
    membership.flush(1_000 + NEWS_PAUSE_MS - 1);
    expect(framesTo(peer)).toEqual([]);
    membership.flush(1_000 + NEWS_PAUSE_MS);
    const [frame, ...more] = framesTo(peer);
    expect([frame!.length, more]).toEqual([1 + 5, []]);
  });

  it('set a timer for the end of the pause: the engine is woken to tell them', () => {
    hear(peer, [record(9, 5)], 1_000);
    membership.flush(1_000);
    expect(lab.context.timers.size).toBe(0);
    hear(peer, [record(10, 5)], 1_010);
    expect(lab.context.timers.deadline()).toBe(1_000 + NEWS_PAUSE_MS);
  });

  it('tell the last that became known, once, of a member of whom several things did', () => {
    hear(peer, [record(9, 5), record(9, 6), record(9, 7)]);
    expect(newsTo(peer)).toEqual(['9 7 up']);
  });
});

describe('news of a death', () => {
  it('of a peer is not believed while we hear it: it is told instead, and will refute', () => {
    const other = meet(2);
    peer.lastHeardAt = 1_000;
    hear(other, [record(1, 1, 'down')], 2_499);
    expect(stateOf(1)).toBe('up');
    expect([newsTo(peer), newsTo(other)]).toEqual([['1 1 down'], []]);
  });

  it('of a peer that we do not hear any more is believed once it is in doubt', () => {
    const other = meet(2);
    peer.lastHeardAt = 1_000;
    hear(other, [suspicionOf(1, 1, 7), record(1, 1, 'down')], 3_250);
    expect(stateOf(1)).toBe('down');
    expect([gone, lost]).toEqual([[peer], 1]);
  });

  it('of a member in doubt with whom we have no link is believed, and passed on', () => {
    hear(teller, [record(9, 5), suspicionOf(9, 5, 7)]);
    newsTo(peer);
    hear(teller, [record(9, 5, 'down')]);
    expect([stateOf(9), newsTo(peer), lost]).toEqual(['down', ['9 5 down'], 1]);
  });

  it('of a member that nobody doubted is an accusation: it has its time to refute it here as well', () => {
    hear(teller, [record(9, 5)]);
    newsTo(peer);
    hear(teller, [record(9, 5, 'down')]);
    expect([stateOf(9), newsTo(peer), lost]).toEqual(['suspect', ['9 5 suspect by 70'], 0]);
    hear(teller, [record(9, 6)]);
    expect(stateOf(9)).toBe('up');
  });

  it('of a later life than the one in doubt is an accusation as well', () => {
    hear(teller, [record(9, 5), suspicionOf(9, 5, 7), record(9, 6, 'down')]);
    expect([stateOf(9), lost]).toEqual(['suspect', 0]);
  });

  it('of a later life of one who is dead already revives nobody', () => {
    hear(teller, [record(9, 5), suspicionOf(9, 5, 7), record(9, 5, 'down')]);
    eventsSince();
    hear(teller, [record(9, 6, 'down')]);
    expect([stateOf(9), eventsSince()]).toEqual(['down', []]);
  });

  it('of a member that we never heard of is taken as it is: there is nobody to doubt', () => {
    hear(teller, [record(9, 5, 'down')]);
    expect(stateOf(9)).toBe('down');
  });

  it('of one who left leads to no search', () => {
    hear(peer, [record(9, 5), record(9, 5, 'left')]);
    expect([stateOf(9), lost]).toEqual(['left', 0]);
  });
});

describe('an accusation', () => {
  beforeEach(() => {
    hear(peer, [record(9, 5)]);
    newsTo(peer);
    eventsSince();
  });

  it('of our own puts the member in doubt, and is told to all with our id', () => {
    membership.accuse(idOf(9), clock);
    membership.check();
    expect([stateOf(9), eventsSince(), newsTo(peer)]).toEqual(['suspect', ['suspect 9'], ['9 5 suspect by 80']]);
    expect(membership.suspects).toBe(1);
  });

  it('that is repeated is no news', () => {
    for (let i = 0; i < 3; i++) membership.accuse(idOf(9), clock);
    expect(newsTo(peer)).toEqual(['9 5 suspect by 80']);
    membership.accuse(idOf(9), clock);
    expect([newsTo(peer), eventsSince()]).toEqual([[], ['suspect 9']]);
  });

  it('of others is passed on with their ids, and with each that is added', () => {
    hear(teller, [suspicionOf(9, 5, 7)]);
    expect(newsTo(peer)).toEqual(['9 5 suspect by 7']);
    hear(teller, [suspicionOf(9, 5, 7), suspicionOf(9, 5, 3)]);
    expect(newsTo(peer)).toEqual(['9 5 suspect by 3 7']);
    hear(teller, [suspicionOf(9, 5, 3, 7)]);
    expect(newsTo(peer)).toEqual([]);
    expect(eventsSince()).toEqual(['suspect 9']);
  });

  it('of our own confirms that of others', () => {
    hear(peer, [suspicionOf(9, 5, 7)]);
    newsTo(peer);
    membership.accuse(idOf(9), clock);
    expect(newsTo(peer)).toEqual(['9 5 suspect by 7 80']);
    expect(membership.table.get(idOf(9))!.accusers).toEqual([7, 0x80].map(idOf));
  });

  it('that one only makes is alone; that of one who is accused by others too, or is dead, or unknown, is not', () => {
    expect(membership.isAlone(idOf(0x99))).toBe(false);
    membership.accuse(idOf(9), clock);
    expect(membership.isAlone(idOf(9))).toBe(true);
    hear(peer, [record(9, 6)]);
    expect(membership.isAlone(idOf(9))).toBe(true);
    hear(peer, [suspicionOf(9, 6, 7, 8)]);
    expect(membership.isAlone(idOf(9))).toBe(false);
    hear(peer, [record(9, 6, 'down')]);
    expect(membership.isAlone(idOf(9))).toBe(false);
  });

  it.each(['down', 'left'] as const)('of somebody who is %s already says nothing', state => {
    hear(peer, [suspicionOf(9, 5, 7), record(9, 5, state)]);
    newsTo(peer);
    membership.accuse(idOf(9), clock);
    membership.accuse(idOf(0x99), clock);
    expect([stateOf(9), newsTo(peer)]).toEqual([state, []]);
  });

  it('is settled once we made it, or as many others as count: then there is nothing more to find out', () => {
    expect([9, 0x99].map(number => membership.isSettled(idOf(number)))).toEqual([false, false]);
    hear(peer, [suspicionOf(9, 5, 7, 8)]);
    expect(membership.isSettled(idOf(9))).toBe(false);
    membership.accuse(idOf(9), clock);
    expect(membership.isSettled(idOf(9))).toBe(true);
    hear(peer, [record(9, 6)]);
    expect(membership.isSettled(idOf(9))).toBe(false);
    hear(peer, [suspicionOf(9, 6, 5, 7, 8)]);
    expect(membership.isSettled(idOf(9))).toBe(true);
    hear(peer, [record(9, 6, 'down')]);
    expect(membership.isSettled(idOf(9))).toBe(false);
  });

  it('is over when the member refutes it under a higher incarnation', () => {
    membership.accuse(idOf(9), clock);
    newsTo(peer);
    hear(teller, [record(9, 6)]);
    expect([eventsSince(), newsTo(peer), back]).toEqual([['suspect 9', 'up 9'], ['9 6 up'], [idOf(9)]]);
    expect(membership.suspects).toBe(0);
    lab.advanceTo(60_000);
    expect(stateOf(9)).toBe('up');
  });

  it('is not over by news of life under the same incarnation: they are older', () => {
    membership.accuse(idOf(9), clock);
    newsTo(peer);
    hear(peer, [record(9, 5)]);
    expect([stateOf(9), newsTo(peer)]).toEqual(['suspect', ['9 5 suspect by 80']]);
  });

  it('that nobody refutes and nobody shares ends in a death after the long time, which is told', () => {
    const from = clock;
    membership.accuse(idOf(9), from);
    newsTo(peer);
    lab.advanceTo(from + UNCONFIRMED_FACTOR * DETECTION_MS - 1);
    expect(stateOf(9)).toBe('suspect');
    lab.advanceTo(from + UNCONFIRMED_FACTOR * DETECTION_MS);
    clock = from + UNCONFIRMED_FACTOR * DETECTION_MS;
    expect([stateOf(9), newsTo(peer), lost]).toEqual(['down', ['9 5 down'], 1]);
    expect(eventsSince()).toEqual(['suspect 9', 'down 9']);
    membership.check();
  });

  it('that enough others share ends in a death after the detection time', () => {
    // Somebody has to be there who could confirm.
    hear(peer, [record(10, 1), record(11, 1), record(12, 1)]);
    const from = clock;
    membership.accuse(idOf(9), from);
    hear(peer, [suspicionOf(9, 5, 10, 11)], from + 100);
    lab.advanceTo(from + DETECTION_MS - 1);
    expect(stateOf(9)).toBe('suspect');
    lab.advanceTo(from + DETECTION_MS);
    expect(stateOf(9)).toBe('down');
  });

  it('of a peer that we hear does not end in its death: it is told of it, and refutes', () => {
    const heard = meet(2);
    const from = clock;
    membership.accuse(heard.id, from);
    newsTo(heard);
    for (let now = from; now <= from + 60_000; now += 1_000) {
      heard.lastHeardAt = now;
      lab.advanceTo(now);
    }
    expect(stateOf(2)).toBe('suspect');
    expect(newsTo(heard)).toContain('2 1 suspect by 80');
  });
});

/** How often we have outlived what was said of us, or may have been. */
const refutations = () => membership.ownRecord.incarnation - OWN_INCARNATION;

describe('a node that stood still', () => {
  const LONG_MS = STANDSTILL_SHARE * DETECTION_MS;
  beforeEach(() => (clock = 10_000));

  it('refutes what may be on its way, before it hears it', () => {
    const { digest } = membership;
    membership.woke(clock, LONG_MS);
    expect(newsTo(peer)).toEqual([`80 ${OWN_INCARNATION + 1} up`]);
    expect(membership.digest).not.toBe(digest);
    expect(lab.context.counters.refutations).toBe(0);
    hear(peer, [suspicionOf(SELF, OWN_INCARNATION, 1)]);
    expect(refutations()).toBe(1);
    membership.check();
  });

  it('for a moment has nothing to refute', () => {
    membership.woke(clock, LONG_MS - 1);
    expect([refutations(), newsTo(peer), health.score(clock)]).toEqual([0, [], 1]);
  });

  it('again and again, or has just started, tells nobody: it would be late for that alone', () => {
    membership.woke(clock, LONG_MS);
    membership.woke(clock + 1_000, LONG_MS);
    expect(refutations()).toBe(1);
    startLab();
    membership.woke(SETTLING_MS - 1, LONG_MS);
    expect(refutations()).toBe(0);
  });

  it('has nothing to refute either when it has read the accusation first', () => {
    hear(peer, [suspicionOf(SELF, OWN_INCARNATION, 1)]);
    membership.woke(clock, LONG_MS);
    expect(refutations()).toBe(1);
    clock += 20_000;
    membership.woke(clock, LONG_MS);
    expect(refutations()).toBe(2);
  });

  it('and has left stays gone', () => {
    membership.leave(clock);
    membership.woke(clock, LONG_MS);
    expect(membership.ownRecord).toMatchObject({ incarnation: OWN_INCARNATION, state: 'left' });
  });
});

describe('news of ourselves', () => {
  it('that declares us dead is refuted under a higher incarnation', () => {
    hear(peer, [record(SELF, OWN_INCARNATION, 'down', null)]);
    expect(newsTo(peer)).toEqual([`80 ${OWN_INCARNATION + 1} up`]);
    expect([lab.context.counters.refutations, health.score(clock)]).toEqual([1, 1]);
  });

  it('that accuses us is refuted as well, whoever accuses, and again when it is repeated under the new incarnation', () => {
    hear(peer, [suspicionOf(SELF, OWN_INCARNATION, 1, 7)]);
    expect(newsTo(peer)).toEqual([`80 ${OWN_INCARNATION + 1} up`]);
    hear(peer, [suspicionOf(SELF, OWN_INCARNATION + 1, 1)]);
    expect(newsTo(peer)).toEqual([`80 ${OWN_INCARNATION + 2} up`]);
  });

  it('of a later life than ours is outbid as well', () => {
    hear(peer, [record(SELF, OWN_INCARNATION + 50, 'suspect')]);
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
    membership.leave(clock);
    hear(peer, [record(SELF, OWN_INCARNATION, 'down', null)]);
    expect(membership.ownRecord).toMatchObject({ state: 'left', incarnation: OWN_INCARNATION });
  });
});

describe('a handshake', () => {
  it('with somebody we count as dead tells it that it is accused, so that it refutes', () => {
    hear(peer, [record(9, 5, 'down')]);
    framesTo(peer);
    const met = lab.meet(9, { isSubscriber: true });
    membership.met(met, 5, endpointOf(9), 0);
    expect(newsTo(met)).toContain('9 5 suspect by 80');
    expect(stateOf(9)).toBe('down');
  });

  it('with the next life of somebody brings the member back', () => {
    hear(peer, [record(9, 5, 'down')]);
    membership.met(lab.meet(9), 6, endpointOf(9), 0);
    expect(stateOf(9)).toBe('up');
    expect(newsTo(peer)).toContain('9 6 up');
    expect(back).toEqual([idOf(9)]);
  });

  it('from another address than the known one tells where the member is now, and so does its refutation', () => {
    const elsewhere = { address: '10.9.9.9', port: 4321 };
    hear(peer, [record(9, 5), record(9, 5, 'down')]);
    const met = lab.meet(9, { isSubscriber: true, endpoint: elsewhere });
    membership.met(met, 5, elsewhere, clock);
    expect(membership.table.get(idOf(9))!.endpoint).toEqual(elsewhere);
    newsTo(peer);
    hear(met, [record(9, 6, 'up', null)]);
    flush();
    expect(framesTo(peer)).toMatchObject([
      [Frame.news, [nodeIdToBytes(idOf(9)), 6, 0, encodeEndpoint(elsewhere), 'here']],
    ]);
  });

  it('over loopback does not hide the address that others can dial', () => {
    membership.met(peer, 1, { address: '127.0.0.1', port: 5 }, clock);
    expect(membership.table.get(peer.id)!.endpoint).toEqual(endpointOf(1));
  });

  it('with somebody who is accused tells it who accuses it', () => {
    hear(peer, [record(9, 5), suspicionOf(9, 5, 7)]);
    const met = lab.meet(9, { isSubscriber: true });
    membership.met(met, 5, endpointOf(9), 0);
    expect(newsTo(met)).toContain('9 5 suspect by 7');
    expect(stateOf(9)).toBe('suspect');
  });
});

describe('a tombstone', () => {
  it('of one who was lost is told as a suspicion: it may live behind a partition that is over', () => {
    hear(peer, [record(9, 5, 'down')]);
    newsTo(peer);
    hear(peer, [record(9, 5)]);
    expect([newsTo(peer), stateOf(9)]).toEqual([['9 5 suspect by 80'], 'down']);
  });

  it('of one who left is told as it is: it said so itself', () => {
    hear(peer, [record(9, 5, 'left')]);
    newsTo(peer);
    hear(peer, [record(9, 5)]);
    expect(newsTo(peer)).toEqual(['9 5 left']);
  });

  it('goes to the one only who holds older news', () => {
    const other = meet(2);
    hear(peer, [record(9, 5, 'down')]);
    newsTo(peer);
    framesTo(other);
    hear(other, [record(9, 4)]);
    expect([newsTo(other), newsTo(peer)]).toEqual([['9 5 suspect by 80'], []]);
  });

  it('does not become a doubt again by what others answer: nobody but the member brings it back', () => {
    hear(peer, [record(9, 5, 'down')]);
    newsTo(peer);
    hear(peer, [suspicionOf(9, 5, 7)]);
    expect(stateOf(9)).toBe('down');
    hear(peer, [record(9, 6)]);
    expect(stateOf(9)).toBe('up');
  });
});

describe('a node without any link', () => {
  const ALONE_MS = ALONE_FACTOR * DETECTION_MS;

  beforeEach(() => {
    hear(peer, [record(9, 5), record(10, 5), suspicionOf(10, 5, 7), record(11, 5, 'down')]);
    newsTo(peer);
    eventsSince();
    lab.peers.remove(peer);
    membership.linksChanged(1_000);
  });

  it('takes all members for lost after a while, and says so to the host', () => {
    lab.advanceTo(1_000 + ALONE_MS - 1);
    expect(membership.table.live.map(({ id }) => id)).toContain(idOf(9));
    eventsSince();
    lab.advanceTo(1_000 + ALONE_MS);
    membership.check();
    expect(membership.table.live).toEqual([]);
    expect(eventsSince().toSorted()).toEqual(['down 1', 'down 9']);
    // They are looked for: the seeds may be gone for good.
    expect(forgotten).toEqual([1, 9].map(idOf));
    expect(membership.suspects).toBe(0);
  });

  it('keeps no tombstones of these, so that anybody who comes back is welcome as it is', () => {
    lab.advanceTo(1_000 + ALONE_MS);
    expect(stateOf(9)).toBeUndefined();
    expect(stateOf(11)).toBe('down');
    clock = 1_000 + ALONE_MS;
    const met = meet(9, clock, 5);
    expect([stateOf(9), newsTo(met)]).toEqual(['up', []]);
  });

  it('that has a link again in time forgets nobody', () => {
    lab.advanceTo(1_000 + ALONE_MS - 1);
    meet(1, 1_000 + ALONE_MS - 1);
    lab.advanceTo(1e6);
    expect(stateOf(9)).toBe('up');
  });

  it('counts the time from when the last link went', () => {
    membership.linksChanged(5_000);
    membership.linksChanged(20_000);
    lab.advanceTo(1_000 + ALONE_MS);
    expect(membership.table.live).toEqual([]);
  });
});

describe('a peer that proved a new address', () => {
  const elsewhere = { address: '10.9.9.9', port: 4321 };

  it('is dialled there from now on, and hears that it is accused, so that it tells everybody that it lives', () => {
    const other = meet(2);
    peer.endpoint = elsewhere;
    membership.moved(peer);
    expect(membership.table.get(peer.id)!.endpoint).toEqual(elsewhere);
    expect([newsTo(peer), newsTo(other)]).toEqual([['1 1 suspect by 80'], []]);
    expect(stateOf(1)).toBe('up');
  });

  it('is told to others with that address when it refutes, though it does not know it itself', () => {
    const other = meet(2);
    peer.endpoint = elsewhere;
    membership.moved(peer);
    newsTo(peer);
    framesTo(other);
    hear(peer, [record(1, 2, 'up', null)]);
    flush();
    const news = framesTo(other).filter(([type]) => type === Frame.news);
    expect(news).toMatchObject([[Frame.news, [nodeIdToBytes(peer.id), 2, 0, encodeEndpoint(elsewhere), 'here']]]);
  });

  it('but counts as dead, or is no member, is not accused for it', () => {
    hear(meet(2), [record(1, 1, 'left')]);
    membership.moved(peer);
    const stranger = lab.meet(0x99);
    membership.moved(stranger);
    expect(framesTo(stranger)).toEqual([]);
    expect(newsTo(peer)).not.toContain('1 1 suspect by 80');
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
    flush();
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
    page(teller, undefined, [record(9, 5)], SETTLING_MS - 1);
    expect([stateOf(9), newsTo(peer)]).toEqual(['up', []]);
    page(teller, undefined, [record(10, 5)], SETTLING_MS);
    expect(newsTo(peer)).toEqual(['a 5 up']);
  });

  it('with older news than ours are answered', () => {
    hear(peer, [record(9, 5, 'down')]);
    newsTo(peer);
    page(peer, undefined, [record(9, 5)]);
    expect(newsTo(peer)).toEqual(['9 5 suspect by 80']);
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
    const other = startMembership(new EngineLab({ id: idOf(1) }), 1);
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
    membership.leave(clock);
    expect(newsTo(peer)).toEqual([`80 ${OWN_INCARNATION} left`]);
  });
});
