import { beforeEach, describe, expect, it } from 'vitest';
import type { Endpoint } from '../../../lib/engine/endpoint.js';
import { VirtualNetwork, type VirtualNetworkOptions } from '../../../lib/testing/virtual-network.js';

const A = { address: '10.0.0.1', port: 1 };
const B = { address: '10.0.0.2', port: 1 };

let network: VirtualNetwork;
let arrivals: { at: number; content: number; from: Endpoint }[];

function start(options: VirtualNetworkOptions = {}): void {
  network = new VirtualNetwork(options);
  arrivals = [];
  network.listen(B, (from, datagram) => void arrivals.push({ at: network.now(), content: datagram[0]!, from }));
}

beforeEach(() => start());

const send = (content: number) => network.send(A, B, Uint8Array.of(content));
const sendMany = (count: number) => {
  for (let i = 0; i < count; i++) send(i & 255);
};

/** What arrives of many datagrams on a bad network. */
function recordRun(seed: number) {
  start({ seed, conditions: { loss: 0.1, jitterMs: 50, duplication: 0.1, reordering: 0.1 } });
  sendMany(200);
  network.advance(1_000);
  return arrivals;
}

const bind = (address: string, port: number) => network.bind({ address, port }, () => undefined);

describe('a datagram', () => {
  it('arrives after the latency, and comes from its sender', () => {
    start({ conditions: { latencyMs: 30 } });
    send(7);
    network.advance(29);
    expect(arrivals).toEqual([]);
    network.advance(1);
    expect(arrivals).toEqual([{ at: 30, content: 7, from: A }]);
  });

  it('arrives in the order of sending when nothing disturbs it', () => {
    sendMany(5);
    network.advance(10);
    expect(arrivals.map(arrival => arrival.content)).toEqual([0, 1, 2, 3, 4]);
  });

  it('is a copy of its own for each receiver, who may change it', () => {
    start({ conditions: { duplication: 1 } });
    const contents: number[] = [];
    network.unlisten(B);
    network.listen(B, (_from, datagram) => {
      contents.push(datagram[0]!);
      datagram.fill(0);
    });
    send(7);
    network.advance(10);
    expect(contents).toEqual([7, 7]);
  });

  it('is lost when nobody listens', () => {
    network.send(B, A, Uint8Array.of(1));
    network.advance(10);
    expect(network.counts).toEqual({ sent: 1, arrived: 0, lost: 1 });
  });

  it('is lost as often as the conditions say', () => {
    start({ conditions: { loss: 0.3 } });
    sendMany(2_000);
    network.advance(10);
    expect(network.counts.lost).toBeGreaterThan(540);
    expect(network.counts.lost).toBeLessThan(660);
    expect(network.counts.lost + network.counts.arrived).toBe(2_000);
  });

  it('is held back as often, and as long, as the conditions say', () => {
    start({ conditions: { latencyMs: 10, reordering: 0.25, reorderingMs: 50 } });
    sendMany(1_000);
    network.advance(100);
    const late = arrivals.filter(arrival => arrival.at === 60).length;
    expect(late).toBeGreaterThan(200);
    expect(late).toBeLessThan(300);
    expect(arrivals.filter(arrival => arrival.at === 10).length).toBe(1_000 - late);
  });

  it('is delayed by up to the jitter', () => {
    start({ conditions: { latencyMs: 10, jitterMs: 20 } });
    sendMany(500);
    network.advance(100);
    const times = arrivals.map(arrival => arrival.at);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...times)).toBeLessThanOrEqual(30);
    expect(new Set(times).size).toBeGreaterThan(400);
  });

  it('is under the conditions between its two ends', () => {
    start({ conditions: (_from, to) => ({ latencyMs: to.address === B.address ? 5 : 50 }) });
    send(1);
    network.advance(5);
    expect(arrivals.length).toBe(1);
  });

  it('is shown to whoever watches, before anything happens to it', () => {
    start({ conditions: { loss: 1 } });
    const seen: number[] = [];
    network.onDatagram = (_from, _to, datagram) => seen.push(datagram[0]!);
    send(9);
    expect(seen).toEqual([9]);
  });
});

describe('the same seed', () => {
  it('gives the same run, and another seed another', () => {
    const first = recordRun(4);
    expect(recordRun(4)).toEqual(first);
    expect(recordRun(5)).not.toEqual(first);
  });
});

describe('a partition', () => {
  it('cuts islands off from each other and from the rest, until it heals', () => {
    network.partition([A.address]);
    send(1);
    network.heal();
    send(2);
    network.partition([A.address, B.address], ['10.9.9.9']);
    send(3);
    network.advance(10);
    expect(arrivals.map(arrival => arrival.content)).toEqual([2, 3]);
  });
});

describe('a host that moves', () => {
  it('is heard from its new address and reached there, and at the old one no more', () => {
    const there = { address: '10.7.7.7', port: 9 };
    const heard: string[] = [];
    network.listen(A, from => void heard.push(from.address));
    network.move(B, there);
    send(1);
    network.send(A, there, Uint8Array.of(2));
    network.send(B, A, Uint8Array.of(3));
    network.advance(10);
    expect(arrivals.map(arrival => arrival.content)).toEqual([2]);
    expect(heard).toEqual([there.address]);
  });
});

describe('binding', () => {
  it('gives a socket that sends from its address until it is closed', async () => {
    const socket = await bind(A.address, A.port);
    socket.send(B, Uint8Array.of(5));
    network.advance(10);
    expect(arrivals).toMatchObject([{ content: 5, from: A }]);
    await socket.close();
    expect((await bind(A.address, A.port)).address).toEqual({ ...A, family: 'IPv4' });
  });

  it('fails as the operating system does when the port is taken', async () => {
    await expect(bind(B.address, B.port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('to port 0 takes a free port, even if others have asked for the next ones', async () => {
    const first = (await bind(A.address, 0)).address.port;
    await bind(A.address, first + 1);
    const second = (await bind(A.address, 0)).address.port;
    expect(second).toBeGreaterThan(first + 1);
    expect(second).toBeLessThanOrEqual(65_535);
  });

  it('never runs out of free ports while there are any', async () => {
    for (let i = 0; i < 17_000; i++) {
      const socket = await bind(A.address, 0);
      expect(socket.address.port).toBeLessThanOrEqual(65_535);
      await socket.close();
    }
  });
});

describe('names', () => {
  it('resolve to what they were given, addresses to themselves, and others not at all', async () => {
    start({ names: { 'peers.test': ['10.0.0.1', '10.0.0.2'] } });
    expect(await network.resolve('peers.test')).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(await network.resolve('192.0.2.1')).toEqual(['192.0.2.1']);
    expect(await network.resolve('2001:db8::1')).toEqual(['2001:db8::1']);
    await expect(network.resolve('nowhere.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});

describe('time', () => {
  it('stands still but for what the test lets pass', () => {
    expect(network.now()).toBe(0);
    network.advance(1_234.5);
    expect(network.now()).toBe(1_234.5);
    expect(network.wallClock() - new VirtualNetwork().wallClock()).toBe(1_234);
  });

  it('calls back at the time that was scheduled, unless it was cancelled', () => {
    const calls: number[] = [];
    network.schedule(100, () => calls.push(network.now()));
    network.schedule(50, () => calls.push(network.now()))();
    network.advance(1_000);
    expect(calls).toEqual([100]);
  });

  it('ends a turn before it goes on, in the order of asking', () => {
    const calls: string[] = [];
    network.schedule(10, () => {
      network.endOfTurn(() => calls.push(`first at ${network.now()}`));
      network.endOfTurn(() => calls.push(`second at ${network.now()}`));
      network.schedule(10.5, () => calls.push('later'));
    });
    network.advance(20);
    expect(calls).toEqual(['first at 10', 'second at 10', 'later']);
  });

  it('stops where the condition holds, or else where it was to stop', () => {
    let count = 0;
    for (let at = 10; at <= 50; at += 10) network.schedule(at, () => count++);
    expect(network.advanceUntil(() => count === 2, 1_000)).toBe(true);
    expect(network.now()).toBe(20);
    expect(network.advanceUntil(() => count === 9, 100)).toBe(false);
    expect(network.now()).toBe(120);
  });
});

describe('time with promises', () => {
  it('goes on only when they have all had their turn, however long their chain', async () => {
    let settledAt = -1;
    network.schedule(10, async () => {
      for (let i = 0; i < 100; i++) await Promise.resolve();
      settledAt = network.now();
    });
    network.schedule(11, () => undefined);
    await network.run(50);
    expect(settledAt).toBe(10);
    expect(network.now()).toBe(50);
  });

  it('includes what promises schedule', async () => {
    const calls: number[] = [];
    network.schedule(
      10,
      () => void Promise.resolve().then(() => network.schedule(30, () => calls.push(network.now()))),
    );
    await network.run(40);
    expect(calls).toEqual([30]);
  });

  it('stops where the condition holds, or else where it was to stop', async () => {
    let isDone = false;
    network.schedule(10, () => void Promise.resolve().then(() => (isDone = true)));
    network.schedule(20, () => undefined);
    expect(await network.runUntil(() => isDone, 1_000)).toBe(true);
    expect(network.now()).toBe(10);
    expect(await network.runUntil(() => false, 100)).toBe(false);
    expect(network.now()).toBe(110);
  });
});
