import { beforeEach, describe, expect, it } from 'vitest';
import { BroadcastEvent } from '../../../lib/engine/engine-event.js';
import {
  type BroadcastMeta,
  type LostMessage,
  type MemberInfo,
  NodeListeners,
} from '../../../lib/runtime/node-listeners.js';

const ORIGIN = { id: 'a', zone: 'z' };
const MEMBER: MemberInfo = {
  id: 'a',
  address: '10.0.0.1:1',
  zone: 'z',
  state: 'up',
  feed: false,
  subscriber: false,
  roundTripMs: undefined,
};

const LOST: LostMessage = {
  origin: ORIGIN,
  sequence: 1,
  receivedBytes: 2,
  segments: 3,
  missingSegments: 1,
  reason: 'stalled',
};

let listeners: NodeListeners;
let errors: string[];
let heard: string[];

beforeEach(() => {
  errors = [];
  heard = [];
  listeners = new NodeListeners({
    log: () => undefined,
    warn: () => undefined,
    error: message => void errors.push(message),
  });
});

const fail = () => {
  throw new Error('broken listener');
};

const broadcast = () => new BroadcastEvent(ORIGIN, 7, 2, 'b', Uint8Array.of(1, 2, 3, 4), 1, 3);

const hear = (what: string) => () => void heard.push(what);

describe('listeners', () => {
  it('hear what they asked for, in the order of asking', () => {
    listeners.onBroadcastEvent(hear('event'));
    listeners.onBroadcast(hear('first'));
    listeners.onBroadcast(hear('second'));
    listeners.onMember('up', hear('up'));
    listeners.onMember('down', hear('down'));
    listeners.onReadiness(hear('ready'));
    listeners.onMessageLost(hear('lost'));
    listeners.tellBroadcast(broadcast());
    listeners.tellMember('up', MEMBER);
    listeners.tellReadiness(true);
    listeners.tellMessageLost(LOST);
    expect(heard).toEqual(['event', 'first', 'second', 'up', 'ready', 'lost']);
  });

  it('hear nothing any more once taken off, and taking off twice does no harm', () => {
    const takeOff = [
      listeners.onBroadcast(hear('broadcast')),
      listeners.onBroadcastEvent(hear('event')),
      listeners.onMember('up', hear('up')),
      listeners.onReadiness(hear('ready')),
      listeners.onMessageLost(hear('lost')),
    ];
    for (const off of [...takeOff, ...takeOff]) off();
    listeners.tellBroadcast(broadcast());
    listeners.tellMember('up', MEMBER);
    listeners.tellReadiness(true);
    listeners.tellMessageLost(LOST);
    expect(heard).toEqual([]);
    expect(listeners.hasMemberListeners('up')).toBe(false);
  });

  it('that throw are counted and logged with their stack, and the others still hear', () => {
    listeners.onBroadcastEvent(fail);
    listeners.onBroadcast(fail);
    listeners.onBroadcast(hear('broadcast'));
    listeners.onMember('up', fail);
    listeners.onMember('up', hear('up'));
    listeners.onReadiness(fail);
    listeners.onReadiness(hear('ready'));
    listeners.tellBroadcast(broadcast());
    listeners.tellMember('up', MEMBER);
    listeners.tellReadiness(false);
    expect(heard).toEqual(['broadcast', 'up', 'ready']);
    expect([listeners.errors, errors.length]).toEqual([4, 4]);
    expect(errors[0]).toContain('Error: broken listener\n');
  });

  it('that throw what is no error are logged with what they threw', () => {
    listeners.onReadiness(() => {
      throw 'text' as unknown as Error;
    });
    listeners.tellReadiness(true);
    expect(errors).toEqual(['A listener threw: text']);
  });

  it('are all gone after clear()', () => {
    listeners.onBroadcast(hear('broadcast'));
    listeners.onBroadcastEvent(hear('event'));
    listeners.onMember('left', hear('left'));
    listeners.onReadiness(hear('ready'));
    listeners.clear();
    listeners.tellBroadcast(broadcast());
    listeners.tellMember('left', MEMBER);
    listeners.tellReadiness(true);
    expect(heard).toEqual([]);
  });
});

describe('a broadcast', () => {
  it('is told as a view of its bytes, and what came with it', () => {
    const told: unknown[] = [];
    listeners.onBroadcast((payload, { origin, sequence, hops, receivedFrom }) =>
      told.push([...payload], { origin, sequence, hops, receivedFrom }),
    );
    listeners.tellBroadcast(broadcast());
    expect(told).toEqual([[2, 3], { origin: ORIGIN, sequence: 7, hops: 2, receivedFrom: 'b' }]);
  });

  it('that somebody keeps holds on to no datagram, and shows none when it is printed', () => {
    const kept: BroadcastMeta[] = [];
    listeners.onBroadcast((_payload, meta) => void kept.push(meta));
    const event = broadcast();
    listeners.tellBroadcast(event);
    expect([event.bytes.length, event.payload.length]).toEqual([0, 0]);
    expect(Object.keys(kept[0]!)).toEqual(['origin', 'sequence', 'hops', 'receivedFrom']);
  });

  it('leaves the payloads alone that were told', () => {
    const payloads: Uint8Array[] = [];
    listeners.onBroadcast(payload => void payloads.push(payload));
    listeners.tellBroadcast(broadcast());
    expect(payloads).toEqual([Uint8Array.of(2, 3)]);
  });
});
