import { describe, expect, it } from 'vitest';
import { DatagramQueue } from '../../../lib/testing/datagram-queue.js';
import { Host, Hosts } from '../../../lib/testing/host.js';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';

const from = new Host({ address: '10.0.0.1', port: 1 }, 0);
const to = new Host({ address: '10.0.0.2', port: 1 }, 1);

function push(queue: DatagramQueue, at: number, content: number): void {
  queue.push(at, from, to, Uint8Array.of(content), content % 2 === 1);
}

function shift(queue: DatagramQueue): number {
  queue.shift();
  return queue.datagram![0]!;
}

describe('the queue of datagrams', () => {
  it('gives them out by time, and those of one instant in the order of sending', () => {
    const queue = new DatagramQueue();
    [5, 3, 5, 1, 3, 5].forEach((at, content) => push(queue, at, content));
    expect(queue.deadline()).toBe(1);
    expect(Array.from({ length: 6 }, () => shift(queue))).toEqual([3, 1, 4, 0, 2, 5]);
    expect(queue.deadline()).toBe(Infinity);
  });

  it('keeps all that belongs to one together', () => {
    const queue = new DatagramQueue();
    push(queue, 2, 7);
    queue.push(1, to, from, Uint8Array.of(8), false);
    queue.shift();
    expect([queue.from, queue.to, queue.isReceived]).toEqual([to, from, false]);
    queue.shift();
    expect([queue.from, queue.to, queue.isReceived]).toEqual([from, to, true]);
  });

  it('is in order however many there are, and whatever comes in between', () => {
    const queue = new DatagramQueue();
    const random = new SeededRandom(3);
    const times = [0];
    const take = () => {
      times.push(queue.deadline());
      queue.shift();
    };
    for (let i = 0; i < 20_000; i++) {
      push(queue, times.at(-1)! + random.below(50), 0);
      if (random.unit() < 0.4) take();
    }
    expect(queue.length).toBeGreaterThan(10_000);
    while (queue.length > 0) take();
    expect(times.toSorted((a, b) => a - b)).toEqual(times);
    expect(times.length).toBe(20_001);
  });
});

describe('hosts', () => {
  it('are the same for the same object and for another with the same endpoint', () => {
    const hosts = new Hosts();
    const endpoint = { address: '10.0.0.1', port: 5 };
    const host = hosts.of(endpoint);
    expect(hosts.of(endpoint)).toBe(host);
    expect(hosts.of({ ...endpoint })).toBe(host);
    expect(hosts.of({ ...endpoint, port: 6 })).not.toBe(host);
  });

  it('are numbered in the order in which they are first seen', () => {
    const hosts = new Hosts();
    const numbers = [1, 2, 1, 3].map(port => hosts.of({ address: '::1', port }).number);
    expect(numbers).toEqual([0, 1, 0, 2]);
  });
});
