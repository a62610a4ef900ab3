import { beforeEach, describe, expect, it } from 'vitest';
import {
  type BroadcastMeta,
  type LostMessage,
  type MemberInfo,
  NodeListeners,
} from '../../../lib/runtime/node-listeners.js';

const META: BroadcastMeta = { origin: { id: 'a', zone: 'z' }, sequence: 1, hops: 1, receivedFrom: 'b' };
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
  origin: META.origin,
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

const hear = (what: string) => () => void heard.push(what);

describe('listeners', () => {
  it('hear what they asked for, in the order of asking', () => {
    listeners.onBroadcast(hear('first'));
    listeners.onBroadcast(hear('second'));
    listeners.onMember('up', hear('up'));
    listeners.onMember('down', hear('down'));
    listeners.onReadiness(hear('ready'));
    listeners.onMessageLost(hear('lost'));
    listeners.tellBroadcast(new Uint8Array(1), META);
    listeners.tellMember('up', MEMBER);
    listeners.tellReadiness(true);
    listeners.tellMessageLost(LOST);
    expect(heard).toEqual(['first', 'second', 'up', 'ready', 'lost']);
  });

  it('hear nothing any more once taken off, and taking off twice does no harm', () => {
    const takeOff = [
      listeners.onBroadcast(hear('broadcast')),
      listeners.onMember('up', hear('up')),
      listeners.onReadiness(hear('ready')),
      listeners.onMessageLost(hear('lost')),
    ];
    for (const off of [...takeOff, ...takeOff]) off();
    listeners.tellBroadcast(new Uint8Array(1), META);
    listeners.tellMember('up', MEMBER);
    listeners.tellReadiness(true);
    listeners.tellMessageLost(LOST);
    expect(heard).toEqual([]);
    expect(listeners.hasMemberListeners('up')).toBe(false);
  });

  it('that throw are counted and logged with their stack, and the others still hear', () => {
    listeners.onBroadcast(fail);
    listeners.onBroadcast(hear('broadcast'));
    listeners.onMember('up', fail);
    listeners.onMember('up', hear('up'));
    listeners.onReadiness(fail);
    listeners.onReadiness(hear('ready'));
    listeners.tellBroadcast(new Uint8Array(1), META);
    listeners.tellMember('up', MEMBER);
    listeners.tellReadiness(false);
    expect(heard).toEqual(['broadcast', 'up', 'ready']);
    expect([listeners.errors, errors.length]).toEqual([3, 3]);
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
    listeners.onMember('left', hear('left'));
    listeners.onReadiness(hear('ready'));
    listeners.clear();
    listeners.tellBroadcast(new Uint8Array(1), META);
    listeners.tellMember('left', MEMBER);
    listeners.tellReadiness(true);
    expect(heard).toEqual([]);
  });
});
