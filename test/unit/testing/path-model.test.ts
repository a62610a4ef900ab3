import { expect, it } from 'vitest';
import type { PathModel } from '../../../lib/testing/path-model.js';
import { VirtualNetwork } from '../../../lib/testing/virtual-network.js';

const A = { address: '10.0.0.1', port: 1 };
const B = { address: '10.0.0.2', port: 1 };

/** Sends so many datagrams from A to B at once; returns when they were handed over. */
function timesOf(paths: PathModel, datagrams: number): { network: VirtualNetwork; times: number[] } {
  const network = new VirtualNetwork({ paths });
  const times: number[] = [];
  network.listen(A, () => undefined);
  network.listen(B, () => times.push(network.now()));
  for (let i = 0; i < datagrams; i++) network.send(A, B, new Uint8Array(10 + i));
  network.advance(1_000);
  return { network, times };
}

it('a model of paths is asked for each datagram, with the numbers of its ends, its length and the time', () => {
  const asked: number[][] = [];
  const arrival = (...question: number[]) => {
    asked.push(question);
    return 20;
  };
  const { times } = timesOf({ arrival, received: (_host, _bytes, now) => now }, 2);
  expect(asked).toEqual([
    [0, 1, 10, 0],
    [0, 1, 11, 0],
  ]);
  expect(times).toEqual([20, 20]);
});

it('a model of paths loses what never arrives', () => {
  const { network, times } = timesOf({ arrival: () => Infinity, received: (_host, _bytes, now) => now }, 3);
  expect(times).toEqual([]);
  expect(network.counts).toEqual({ sent: 3, arrived: 0, lost: 3 });
});

it('a receiver that is busy is asked once for each datagram, and gets it when it is done', () => {
  const arrivals: number[][] = [];
  let busyUntil = 0;
  const received = (host: number, bytes: number, now: number) => {
    arrivals.push([host, bytes, now]);
    busyUntil = Math.max(busyUntil, now) + 5;
    return busyUntil;
  };
  const { times } = timesOf({ arrival: () => 20, received }, 3);
  expect(arrivals).toEqual([
    [1, 10, 20],
    [1, 11, 20],
    [1, 12, 20],
  ]);
  expect(times).toEqual([25, 30, 35]);
});

it('a receiver loses what it is never done with', () => {
  const paths: PathModel = { arrival: () => 20, received: (_host, bytes, now) => (bytes === 11 ? Infinity : now) };
  const { network, times } = timesOf(paths, 3);
  expect(times).toEqual([20, 20]);
  expect(network.counts).toEqual({ sent: 3, arrived: 2, lost: 1 });
});

it('partitions cut paths of a model as well', () => {
  const network = new VirtualNetwork({ paths: { arrival: () => 1, received: (_host, _bytes, now) => now } });
  let arrived = 0;
  network.listen(B, () => arrived++);
  network.partition([A.address]);
  expect(network.isConnected(A, B)).toBe(false);
  network.send(A, B, new Uint8Array(1));
  network.heal();
  expect(network.isConnected(A, B)).toBe(true);
  network.send(A, B, new Uint8Array(1));
  network.advance(10);
  expect(arrived).toBe(1);
});
