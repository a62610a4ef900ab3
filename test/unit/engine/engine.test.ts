import { describe, expect, it } from 'vitest';
import type { DropReason } from '../../../lib/engine/counters.js';
import { nodeIdToBytes } from '../../../lib/engine/node-id.js';
import { MAX_STRAYS } from '../../../lib/engine/peers/strays.js';
import { Frame, Role } from '../../../lib/engine/wire/frame.js';
import type { VirtualHomie } from '../../../lib/testing/virtual-cluster.js';
import { pack, sendRaw, startPair } from './insider.js';

const drops = (homie: VirtualHomie, reason: DropReason) => homie.engine.metrics()[`drop.${reason}`];

/** A broadcast of a later life of the sender. */
const broadcast = (from: VirtualHomie, sequence: number) =>
  pack([Frame.segment, 1, nodeIdToBytes(from.id), 2 ** 50, sequence, 0, 1, Uint8Array.of(sequence)]);

/** All datagrams of a short life of two homies. */
function recordRun(seed: number): string[] {
  const { cluster, first } = startPair({ seed });
  const datagrams: string[] = [];
  cluster.network.onDatagram = (_from, _to, datagram) => datagrams.push(Buffer.from(datagram).toString('hex'));
  first.broadcast(new Uint8Array(5_000));
  cluster.advance(6_000);
  return datagrams;
}

describe('the frames of a datagram', () => {
  it('are passed over when their type is unknown, whatever is in them', () => {
    const { cluster, first, second } = startPair();
    const later = pack([77, { a: [1, 2, 3] }, 'text', -1.5, null], []);
    sendRaw(first, second, Uint8Array.of(...later, ...broadcast(first, 1)));
    cluster.advance(10);
    expect(second.arrivals.length).toBe(1);
    expect(drops(second, 'malformed')).toBe(0);
  });

  it('count up to the first that is malformed; the rest is dropped', () => {
    const { cluster, first, second } = startPair();
    sendRaw(first, second, Uint8Array.of(...broadcast(first, 1), 0xc1, ...broadcast(first, 2)));
    cluster.advance(10);
    expect(second.arrivals.map(arrival => arrival.sequence)).toEqual([1]);
    expect(drops(second, 'malformed')).toBe(1);
  });

  it.each([
    ['no array', pack('text')],
    ['an array without a type', pack([null])],
    ['a negative type', pack([-1])],
    ['a heartbeat without its token', pack([Frame.heartbeat, null, 0, 0])],
    ['a reply without its digest', pack([Frame.heartbeatReply, 1, 0])],
    ['news that are no record', pack([Frame.news, 1])],
    ['a request for members after half an id', pack([Frame.membersRequest, new Uint8Array(8)])],
    ['a page that goes on after half an id', pack([Frame.membersPage, new Uint8Array(8)])],
    ['a digest of half an id', pack([Frame.digest, new Uint8Array(8), 1, 1, 1])],
    ['a challenge without a token', pack([Frame.pathChallenge, null])],
    ['a response without a token', pack([Frame.pathResponse, null])],
  ])('are malformed with %s, and the session goes on', (_, frame) => {
    const { cluster, first, second } = startPair();
    sendRaw(first, second, frame);
    expect(drops(second, 'malformed')).toBe(1);
    first.broadcast(Uint8Array.of(1));
    cluster.advance(10);
    expect(second.arrivals.length).toBe(1);
  });

  it('do not bring back a peer that said farewell in the same datagram', () => {
    const { cluster, first, second } = startPair();
    const farewell = pack([Frame.news, [nodeIdToBytes(first.id), 2 ** 47, 3, null, 'default']]);
    const heartbeat = pack([Frame.heartbeat, 1, Role.feed | Role.subscribed, 0]);
    sendRaw(first, second, Uint8Array.of(...farewell, ...heartbeat));
    expect(second.engine.links).toEqual([]);
    cluster.advance(0);
    expect(second.events.map(event => event.type)).toContain('left');
  });
});

describe('answers to challenges', () => {
  it('are bounded while the socket takes nothing', () => {
    const { first, second } = startPair();
    const before = drops(second, 'outbox_full')!;
    const challenges = Array.from({ length: MAX_STRAYS + 5 }, (_, i) => [
      ...pack([Frame.pathChallenge, new Uint8Array(8).fill(i)]),
    ]);
    for (let i = 0; i < challenges.length; i += 50) {
      sendRaw(first, second, Uint8Array.from(challenges.slice(i, i + 50).flat()));
    }
    expect(drops(second, 'outbox_full')! - before).toBe(5);
  });
});

describe('the same seed and the same inputs', () => {
  it('give the same bytes out', () => {
    expect(recordRun(9)).toEqual(recordRun(9));
    expect(recordRun(9)).not.toEqual(recordRun(10));
  });
});
