import { beforeEach, describe, expect, it } from 'vitest';
import { DATAGRAM_OVERHEAD_BYTES, RECEIVE_BUFFER_BYTES, SocketBacklog } from '../../../lib/testing/socket-backlog.js';
import { VirtualCluster, type VirtualHomie } from '../../../lib/testing/virtual-cluster.js';
import { VirtualNetwork } from '../../../lib/testing/virtual-network.js';

const A = { address: '10.0.0.1', port: 1 };
const B = { address: '10.0.0.2', port: 1 };

describe('a way that is blocked', () => {
  let network: VirtualNetwork;
  let received: string[];

  beforeEach(() => {
    network = new VirtualNetwork();
    received = [];
    network.listen(A, () => received.push('A'));
    network.listen(B, () => received.push('B'));
  });

  function sendBothWays(): string[] {
    received = [];
    network.send(A, B, Uint8Array.of(1));
    network.send(B, A, Uint8Array.of(1));
    network.advance(10);
    return received;
  }

  it('loses everything in one direction and nothing in the other', () => {
    network.block(A, B);
    expect(sendBothWays()).toEqual(['A']);
    expect([network.isBlocked(A, B), network.isBlocked(B, A)]).toEqual([true, false]);
    expect(network.counts).toMatchObject({ sent: 2, arrived: 1, lost: 1 });
  });

  it('opens again by itself or with all others', () => {
    network.block(A, B);
    network.block(B, A);
    network.unblock(A, B);
    expect(sendBothWays()).toEqual(['B']);
    network.heal();
    expect(sendBothWays()).toEqual(['B', 'A']);
  });
});

describe('a socket that nobody reads', () => {
  it('keeps what fits into its buffer, in order, and loses the rest', () => {
    const backlog = new SocketBacklog();
    const fitting = Math.floor(RECEIVE_BUFFER_BYTES / (1_000 + DATAGRAM_OVERHEAD_BYTES));
    for (let i = 0; i < fitting; i++) expect(backlog.push(A, new Uint8Array(1_000).fill(i & 255))).toBe(true);
    expect(backlog.push(A, new Uint8Array(1_000))).toBe(false);
    expect(backlog.empty().map(({ datagram }) => datagram[0])).toEqual(
      Array.from({ length: fitting }, (_, i) => i & 255),
    );
    expect(backlog.push(A, new Uint8Array(1_000))).toBe(true);
  });
});

describe('a homie', () => {
  let cluster: VirtualCluster;
  let homie: VirtualHomie;
  let other: VirtualHomie;

  beforeEach(() => {
    cluster = new VirtualCluster({ seed: 4 });
    for (let i = 0; i < 3; i++) cluster.add();
    cluster.join();
    cluster.advance(1_000);
    [, homie, other] = cluster.homies as [VirtualHomie, VirtualHomie, VirtualHomie];
  });

  it('that is paused sends nothing and hears nothing, until it goes on and hears all of it', () => {
    const sent = homie.engine.context.counters.datagramsSent;
    homie.pause();
    for (let i = 0; i < 3; i++) {
      other.broadcast(Uint8Array.of(i));
      cluster.advance(200);
    }
    expect(homie.isPaused).toBe(true);
    expect(homie.engine.context.counters.datagramsSent).toBe(sent);
    expect(homie.arrivals).toEqual([]);
    homie.resume();
    cluster.advance(10);
    expect(homie.arrivals.map(arrival => arrival.payload[0])).toEqual([0, 1, 2]);
  });

  it.each(['datagrams', 'timers'] as const)(
    'reads what arrived meanwhile before its timers, if its %s come first',
    first => {
      homie.pause();
      cluster.advance(10_000);
      const calls: string[] = [];
      const { engine } = homie;
      for (const name of ['receive', 'timeout'] as const) {
        const original = engine[name].bind(engine) as (...args: unknown[]) => void;
        Object.assign(engine, {
          [name]: (...args: unknown[]) => {
            calls.push(name);
            original(...args);
          },
        });
      }
      homie.resume(first);
      cluster.advance(10);
      expect(calls[0]).toBe('receive');
      expect(new Set(calls).size).toBe(2);
    },
  );

  it('that is paused can be killed, and does not come back', () => {
    homie.pause();
    homie.kill();
    homie.resume();
    cluster.advance(1_000);
    expect(homie.isRunning).toBe(false);
  });

  it('that has ended can be started again on the same endpoint as somebody else, with the same seeds', () => {
    homie.kill();
    cluster.advance(60_000);
    const next = cluster.restart(homie);
    expect(next.endpoint).toEqual(homie.endpoint);
    expect(next.id).not.toBe(homie.id);
    expect(next.seeds).toEqual(homie.seeds);
    expect(cluster.homies[1]).toBe(next);
    expect(cluster.join()).toBe(true);
  });

  it('that runs cannot be started again', () => {
    expect(() => cluster.restart(homie)).toThrow('has ended');
  });

  it('that moves is at its new address only', () => {
    const elsewhere = { address: '10.77.0.1', port: 1 };
    const before = homie.endpoint;
    homie.move(elsewhere);
    expect(homie.endpoint).toEqual(elsewhere);
    expect(cluster.network.listen(before, () => undefined)).toBe(true);
    homie.kill();
    expect(cluster.network.listen(elsewhere, () => undefined)).toBe(true);
  });
});
