import { decodeMulti } from '@msgpack/msgpack';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  LOOPBACK_BULK_BYTES,
  LOOPBACK_DATAGRAM_BYTES,
  MAX_FRAME_BYTES,
  NETWORK_DATAGRAM_BYTES,
} from '../../../../lib/engine/engine-context.js';
import { Priority } from '../../../../lib/engine/peers/outbox.js';
import { Packer } from '../../../../lib/engine/peers/packer.js';
import { LEAST_BURST_BYTES } from '../../../../lib/engine/peers/flow.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { REPORT_REQUEST } from '../../../../lib/engine/peers/receiver-reports.js';
import { REJECT_AFTER_MS } from '../../../../lib/engine/crypto/session-limits.js';
import { EngineLab } from '../engine-lab.js';
import { pack } from '../insider.js';

let lab: EngineLab;
let packer: Packer;
let peer: Peer;

beforeEach(() => {
  lab = new EngineLab();
  packer = new Packer(lab.context);
  peer = lab.meet(1);
});

/** A frame of just so many bytes. */
function frameOf(bytes: number): Uint8Array {
  // Lengths below 256 take one byte, others two.
  const head = bytes < 261 ? 4 : 5;
  return pack([99, new Uint8Array(bytes - head)]);
}

/** Packs until nothing comes any more. Returns how many bytes that were. */
function drain(now: number): number {
  let bytes = 0;
  for (let datagram = packer.pack(peer, now); datagram !== undefined; datagram = packer.pack(peer, now)) {
    bytes += datagram.length;
  }
  return bytes;
}

function sizes(datagrams: (Uint8Array | undefined)[]): (number | undefined)[] {
  return datagrams.map(datagram => datagram?.length);
}

describe('packing datagrams', () => {
  it('makes none when nothing waits', () => {
    expect(packer.pack(peer, 0)).toBeUndefined();
    expect(lab.context.timers.size).toBe(0);
  });

  it('lets small frames share one, in the order of their urgency', () => {
    lab.peers.send(peer, Priority.event, pack([98, 'later']));
    lab.peers.send(peer, Priority.control, pack([99, 'first']));
    const seal = peer.current.seal.bind(peer.current);
    const plaintexts: unknown[] = [];
    peer.current.seal = (buffer, length, now) => {
      plaintexts.push(...decodeMulti(buffer.slice(24, 24 + length)));
      return seal(buffer, length, now);
    };
    packer.pack(peer, 0);
    expect(plaintexts).toEqual([
      [99, 'first'],
      [98, 'later'],
    ]);
    expect(peer.outbox.isEmpty).toBe(true);
  });

  it('fills them to the byte, and begins another for what does not fit', () => {
    for (const bytes of [1_000, MAX_FRAME_BYTES - 1_000, 300]) lab.peers.send(peer, Priority.event, frameOf(bytes));
    expect(sizes([packer.pack(peer, 0), packer.pack(peer, 0), packer.pack(peer, 0)])).toEqual([
      NETWORK_DATAGRAM_BYTES,
      324,
      undefined,
    ]);
  });

  it('makes larger ones for a peer on the same host', () => {
    const local = lab.meet(2, { endpoint: { address: '127.0.0.1', port: 1 } });
    for (let i = 0; i < 30; i++) lab.peers.send(local, Priority.event, frameOf(1_000));
    // The second one asks for a report as well.
    expect(sizes([packer.pack(local, 0), packer.pack(local, 0)])).toEqual([16 * 1_000 + 24, 14 * 1_000 + 2 + 24]);
    expect(LOOPBACK_DATAGRAM_BYTES).toBeLessThan(17 * 1_000);
  });

  it('makes the largest of segments of long messages alone, there', () => {
    const local = lab.meet(2, { endpoint: { address: '127.0.0.1', port: 1 } });
    local.flow.window = 1_000_000;
    for (let i = 0; i < 100; i++) lab.peers.send(local, Priority.bulk, frameOf(1_000));
    expect(packer.pack(local, 0)!.length).toBe(61 * 1_000 + 24);
    expect(LOOPBACK_BULK_BYTES).toBeLessThan(62 * 1_000);
  });

  it.each([
    ['an event', Priority.event],
    ['control', Priority.control],
  ] as const)('makes them no larger than others when %s is among them', (_, priority) => {
    const local = lab.meet(2, { endpoint: { address: '127.0.0.1', port: 1 } });
    local.flow.window = 1_000_000;
    for (let i = 0; i < 100; i++) lab.peers.send(local, Priority.bulk, frameOf(1_000));
    lab.peers.send(local, priority, frameOf(100));
    expect(packer.pack(local, 0)!.length).toBeLessThanOrEqual(LOOPBACK_DATAGRAM_BYTES);
  });

  it('makes none of these across a network', () => {
    for (let i = 0; i < 3; i++) lab.peers.send(peer, Priority.bulk, frameOf(1_000));
    expect(packer.pack(peer, 0)!.length).toBeLessThanOrEqual(NETWORK_DATAGRAM_BYTES);
  });

  it('makes them of memory of their own, though of few allocations', () => {
    for (let i = 0; i < 3; i++) lab.peers.send(peer, Priority.event, frameOf(1_000));
    const [a, b, c] = [packer.pack(peer, 0)!, packer.pack(peer, 0)!, packer.pack(peer, 0)!];
    expect(a.buffer).toBe(c.buffer);
    expect(b.byteOffset).toBeGreaterThanOrEqual(a.byteOffset + a.length);
    expect(c.byteOffset).toBeGreaterThanOrEqual(b.byteOffset + b.length);
  });

  it('begins a new allocation when one is used up', () => {
    const buffers = new Set<ArrayBufferLike>();
    for (let i = 0; i < 200; i++) {
      lab.peers.send(peer, Priority.control, frameOf(1_000));
      buffers.add(packer.pack(peer, 0)!.buffer);
    }
    expect(buffers.size).toBe(4);
  });

  it('takes no more of an allocation than they are long', () => {
    const local = lab.meet(2, { endpoint: { address: '127.0.0.1', port: 2 } });
    lab.peers.send(local, Priority.event, frameOf(100));
    const first = packer.pack(local, 0)!;
    lab.peers.send(local, Priority.event, frameOf(100));
    expect(packer.pack(local, 0)!.byteOffset).toBe(first.byteOffset + first.length);
  });

  it('puts them in the place of those that nobody needs any more', () => {
    lab.peers.send(peer, Priority.event, frameOf(100));
    const first = packer.pack(peer, 0)!;
    packer.reuse();
    lab.peers.send(peer, Priority.event, frameOf(100));
    const second = packer.pack(peer, 0)!;
    expect([second.buffer, second.byteOffset]).toEqual([first.buffer, first.byteOffset]);
  });
});

describe('the rate of a peer', () => {
  beforeEach(() => {
    peer.roundTrip.sample(100, 0);
    for (let i = 0; i < 100; i++) lab.peers.send(peer, Priority.bulk, frameOf(1_000));
    while (lab.peers.nextInLine() !== undefined);
  });

  it('holds data back after a burst, and wakes the outbox when more may go', () => {
    const sent = drain(0);
    expect(sent).toBeGreaterThanOrEqual(LEAST_BURST_BYTES - NETWORK_DATAGRAM_BYTES);
    expect(sent).toBeLessThanOrEqual(LEAST_BURST_BYTES + NETWORK_DATAGRAM_BYTES);
    expect(peer.paced.isSet).toBe(true);
    lab.advanceTo(peer.paced.at);
    expect(lab.peers.nextInLine()).toBe(peer);
  });

  it('holds small broadcasts back as well, but never control', () => {
    drain(0);
    lab.peers.send(peer, Priority.control, frameOf(100));
    lab.peers.send(peer, Priority.event, frameOf(200));
    expect(drain(0)).toBe(100 + 24);
    expect(drain(100)).toBeGreaterThan(200);
  });

  it('does not count control', () => {
    for (let i = 0; i < 20; i++) lab.peers.send(peer, Priority.control, frameOf(1_176));
    const sent = drain(0) - 20 * NETWORK_DATAGRAM_BYTES;
    expect(sent).toBeGreaterThanOrEqual(LEAST_BURST_BYTES - NETWORK_DATAGRAM_BYTES);
  });

  it('is that of ten datagrams in a round trip at first', () => {
    drain(0);
    const before = peer.outbox.bytes;
    for (let now = 1; now <= 50; now++) drain(now);
    const passed = before - peer.outbox.bytes;
    expect(passed).toBeGreaterThanOrEqual(6_000 - NETWORK_DATAGRAM_BYTES);
    expect(passed).toBeLessThanOrEqual(6_000 + NETWORK_DATAGRAM_BYTES);
  });

  it('is none for a peer on the same host, until it has as much as its buffer takes', () => {
    const local = lab.meet(2, { endpoint: { address: '127.0.0.1', port: 1 } });
    for (let i = 0; i < 200; i++) lab.peers.send(local, Priority.event, frameOf(1_000));
    const [first, second, third] = [packer.pack(local, 0), packer.pack(local, 0), packer.pack(local, 0)];
    expect(sizes([first, second, third])).toEqual([16 * 1_000 + 24, 16 * 1_000 + 2 + 24, REPORT_REQUEST.length + 24]);
    expect(packer.pack(local, 0)).toBeUndefined();
  });
});

describe('a session at its end', () => {
  it('takes the frames of a datagram with it, and each of them is counted', () => {
    lab.peers.send(peer, Priority.control, frameOf(100));
    lab.peers.send(peer, Priority.control, frameOf(100));
    expect(packer.pack(peer, REJECT_AFTER_MS)).toBeUndefined();
    expect(peer.outbox.isEmpty).toBe(true);
    expect(lab.context.counters.drops.session_over).toBe(2);
  });
});

describe('a frame sealed by itself', () => {
  it('is a datagram of its own, past the outbox', () => {
    lab.peers.send(peer, Priority.control, frameOf(100));
    expect(packer.seal(peer, frameOf(50), 0)?.length).toBe(74);
    expect(peer.outbox.frames).toBe(1);
  });
});
