import { beforeEach, describe, expect, it } from 'vitest';
import type { GwyhEngine } from '../../../lib/engine/engine.js';
import type { EngineEvent } from '../../../lib/engine/engine-event.js';
import { BACKLOG_BYTES, EnginePump, EVENTS_AT_ONCE, MOST_EVENTS, TURN_MS } from '../../../lib/runtime/engine-pump.js';
import { udpNetwork } from '../../../lib/runtime/udp-network.js';
import { VirtualNetwork } from '../../../lib/testing/virtual-network.js';

const SOMEWHERE = { address: '10.0.0.1', port: 1 };
const READY: EngineEvent = { type: 'ready' };

/** An engine that does as it is told, and writes down what it was asked. */
class FakeEngine {
  readonly transmits: Uint8Array[] = [];
  readonly events: EngineEvent[] = [];
  readonly timeouts: number[] = [];
  /** How late the host said it was, the last time. */
  lateMs = NaN;
  readonly waits: number[] = [];
  received = 0;
  /** How many datagrams were out each time that it was told that all have left. */
  readonly left: number[] = [];
  due = Infinity;
  onTimeout: (now: number) => void = () => (this.due = Infinity);

  receive(): void {
    this.received++;
  }

  get waitingEvents(): number {
    return this.events.length;
  }

  waited(_now: number, ms: number): void {
    this.waits.push(ms);
  }

  timeout(now: number, lateMs: number): void {
    this.timeouts.push(now);
    this.lateMs = lateMs;
    this.onTimeout(now);
  }

  nextTransmit(haveLeft: boolean) {
    if (haveLeft) this.left.push(socket.sent);
    const datagram = this.transmits.shift();
    return datagram && { to: SOMEWHERE, datagram };
  }

  nextEvent() {
    return this.events.shift();
  }

  deadline(): number {
    return this.due;
  }
}

let network: VirtualNetwork;
let engine: FakeEngine;
let socket: { queuedBytes: number; releasesSent?: boolean; sent: number; send(): void };
let heard: EngineEvent[];
let pump: EnginePump;
let onEvent: (event: EngineEvent) => void;

beforeEach(() => {
  network = new VirtualNetwork();
  engine = new FakeEngine();
  heard = [];
  onEvent = event => void heard.push(event);
  socket = {
    queuedBytes: 0,
    sent: 0,
    send() {
      this.sent++;
    },
  };
  pump = new EnginePump(engine as unknown as GwyhEngine, network, socket, event => onEvent(event));
});

const datagrams = (count: number) => Array.from({ length: count }, () => new Uint8Array(10));

describe('a datagram', () => {
  it('is fed at once, and the engine is drained when the turn is over', () => {
    engine.transmits.push(...datagrams(2));
    engine.events.push(READY);
    pump.receive(SOMEWHERE, new Uint8Array(1));
    pump.receive(SOMEWHERE, new Uint8Array(1));
    expect([engine.received, socket.sent, heard.length]).toEqual([2, 0, 0]);
    network.advance(0);
    expect([socket.sent, heard.length]).toEqual([2, 1]);
  });
});

describe('the memory of datagrams that were sent', () => {
  it('is free for the next one, where the socket releases it', () => {
    socket.releasesSent = true;
    engine.transmits.push(...datagrams(2));
    pump.drain();
    expect(engine.left).toEqual([0, 1, 2]);
  });

  it('is not free while something waits in the socket', () => {
    socket.releasesSent = true;
    socket.queuedBytes = 1;
    engine.transmits.push(...datagrams(2));
    pump.drain();
    expect([socket.sent, engine.left]).toEqual([2, []]);
  });

  it('is never free where the socket keeps it', () => {
    engine.transmits.push(...datagrams(2));
    pump.drain();
    expect([socket.sent, engine.left]).toEqual([2, []]);
  });
});

describe('the deadline of the engine', () => {
  it('is kept', () => {
    engine.due = 100;
    pump.drain();
    network.advance(99);
    expect(engine.timeouts).toEqual([]);
    network.advance(1);
    expect(engine.timeouts).toEqual([100]);
  });

  it('is kept when it comes earlier after an input', () => {
    engine.due = 100;
    pump.drain();
    engine.due = 50;
    pump.drain();
    network.advance(200);
    expect(engine.timeouts).toEqual([50]);
  });

  it('is kept again and again', () => {
    engine.onTimeout = now => (engine.due = now + 10);
    engine.due = 10;
    pump.drain();
    network.advance(50);
    expect(engine.timeouts).toEqual([10, 20, 30, 40, 50]);
  });

  it('is set anew when the timer comes early', () => {
    engine.onTimeout = now => (engine.due = now < 100 ? 100 : Infinity);
    engine.due = 100;
    let calls = 0;
    const early = {
      now: () => network.now(),
      endOfTurn: (callback: () => void) => network.endOfTurn(callback),
      schedule: (at: number, callback: () => void) => network.schedule(calls++ === 0 ? at - 1 : at, callback),
    };
    pump = new EnginePump(engine as unknown as GwyhEngine, early, socket, event => onEvent(event));
    pump.drain();
    network.advance(200);
    expect(engine.timeouts).toEqual([99, 100]);
  });
});

describe('a timer that is late, since the process stood still', () => {
  /** Reads up to `perTurn` of what arrived at the end of each turn, as sockets do between timers and `setImmediate`. */
  function stoodStillFor(lateMs: number, waiting: number, turnMs = 0, perTurn = 32): void {
    const late = {
      now: () => network.now(),
      schedule: (at: number, callback: () => void) => network.schedule(at + lateMs, callback),
      endOfTurn: (callback: () => void) => {
        const turn = () => {
          for (let i = 0; i < perTurn && waiting > 0; i++, waiting--) pump.receive(SOMEWHERE, new Uint8Array(1));
          callback();
        };
        if (turnMs === 0) network.endOfTurn(turn);
        else network.schedule(network.now() + turnMs, turn);
      },
    };
    pump = new EnginePump(engine as unknown as GwyhEngine, late, socket, event => onEvent(event));
    engine.due = 100;
    pump.drain();
    engine.onTimeout = () => {
      heardBefore = engine.received;
      engine.due = Infinity;
    };
    network.advance(100 + lateMs);
    network.advance(1_000);
  }
  let heardBefore: number;

  it('waits until what arrived meanwhile is read', () => {
    stoodStillFor(5_000, 1_000);
    expect([engine.timeouts, heardBefore]).toEqual([[5_100], 1_000]);
  });

  it('runs when nothing arrived', () => {
    stoodStillFor(5_000, 0);
    expect(engine.timeouts).toEqual([5_100]);
  });

  it('runs before a flood has ended', () => {
    stoodStillFor(5_000, 1_000_000);
    expect(engine.timeouts).toEqual([5_100]);
    expect(heardBefore).toBeGreaterThan(1_000);
    expect(heardBefore).toBeLessThan(10_000);
  });

  it('waits no longer than the process stood still, however long turns take', () => {
    stoodStillFor(150, 1_000_000, 100);
    expect(engine.timeouts).toEqual([450]);
  });

  it('is as late as it was when it fired: to read what arrived meanwhile is not to stand still', () => {
    stoodStillFor(5_000, 1_000, 10);
    expect(engine.timeouts[0]).toBeGreaterThan(5_200);
    expect(engine.lateMs).toBe(5_000);
  });

  it('still tells so when what was read before it fires put the deadline off', () => {
    const times: number[] = [];
    const late = {
      now: () => network.now(),
      schedule: (at: number, callback: () => void) => {
        times.push(at);
        return network.schedule(at + 5_000, callback);
      },
      endOfTurn: (callback: () => void) => network.endOfTurn(callback),
    };
    pump = new EnginePump(engine as unknown as GwyhEngine, late, socket, event => onEvent(event));
    engine.due = 100;
    pump.drain();
    network.advance(5_099);
    engine.due = 9_000;
    pump.receive(SOMEWHERE, new Uint8Array(1));
    network.advance(1);
    expect([engine.timeouts, engine.lateMs]).toEqual([[5_100], 5_000]);
    expect(times).toEqual([100]);
  });

  it('does not wait when it is late by what busy machines are late', () => {
    stoodStillFor(20, 1_000);
    expect([engine.timeouts, heardBefore]).toEqual([[120], 0]);
  });
});

describe('a full socket', () => {
  it('is given nothing more until it has room, while events go on', () => {
    socket.queuedBytes = 2_000_000;
    engine.transmits.push(...datagrams(3));
    engine.events.push(READY);
    pump.drain();
    network.advance(10);
    expect([socket.sent, heard.length]).toEqual([0, 1]);
    socket.queuedBytes = 0;
    network.advance(2);
    expect(socket.sent).toBe(3);
  });

  it('is given no more than it takes', () => {
    socket.send = function () {
      this.sent++;
      this.queuedBytes += 600_000;
    };
    engine.transmits.push(...datagrams(5));
    pump.drain();
    expect(socket.sent).toBe(2);
  });
});

describe('an event', () => {
  it('whose listener feeds the engine is followed by another drain', () => {
    engine.events.push(READY);
    onEvent = event => {
      heard.push(event);
      engine.transmits.push(new Uint8Array(1));
      pump.drainSoon();
    };
    pump.drain();
    expect(socket.sent).toBe(0);
    network.advance(0);
    expect(socket.sent).toBe(1);
  });
});

describe('a stopped pump', () => {
  it('feeds nothing, sends nothing and wakes nobody', () => {
    engine.due = 100;
    pump.drain();
    engine.transmits.push(...datagrams(1));
    pump.drainSoon();
    pump.stop();
    pump.receive(SOMEWHERE, new Uint8Array(1));
    network.advance(1_000);
    expect([engine.received, socket.sent, engine.timeouts.length]).toEqual([0, 0, 0]);
  });
});

describe('many events', () => {
  const events = Array.from({ length: 2 * EVENTS_AT_ONCE + 1 }, (): EngineEvent => ({ ...READY }));

  it('are told some at a time, in order, and the reactions of promises run in between', () => {
    const reactions: (() => void)[] = [];
    const real = Object.assign(Object.create(network) as VirtualNetwork, {
      afterReactions: (callback: () => void) => void reactions.push(callback),
    });
    pump = new EnginePump(engine as unknown as GwyhEngine, real, socket, event => onEvent(event));
    engine.events.push(...events);
    pump.drain();
    // A further drain does not overtake.
    pump.drain();
    expect([heard.length, reactions.length]).toEqual([EVENTS_AT_ONCE, 1]);
    while (reactions.length > 0) reactions.shift()!();
    expect(heard).toEqual(events);
  });

  it('are told at once where there is no time in between', () => {
    engine.events.push(...events);
    pump.drain();
    expect(heard).toEqual(events);
  });

  it('are told to nobody any more when the pump has stopped', () => {
    engine.events.push(READY, READY);
    onEvent = event => {
      heard.push(event);
      pump.stop();
    };
    pump.drain();
    expect(heard).toEqual([READY]);
  });
});

describe('the network of the system', () => {
  it('lets all promises react before it goes on, those that come of them included', async () => {
    const order: string[] = [];
    const chain = async () => {
      for (let i = 0; i < 20; i++) await undefined;
      order.push('reactions');
    };
    await new Promise<void>(resolve => {
      setImmediate(() => {
        void chain();
        setImmediate(() => {
          order.push('next turn');
          resolve();
        });
        udpNetwork.afterReactions!(() => order.push('after'));
      });
    });
    expect(order).toEqual(['reactions', 'after', 'next turn']);
  });
});

/** A clock that goes on by so many ms with each datagram that is opened. */
function busy(msPerDatagram: number) {
  let now = 0;
  engine.receive = () => {
    engine.received++;
    now += msPerDatagram;
  };
  const turns: (() => void)[] = [];
  const clock = {
    now: () => now,
    endOfTurn: (turn: () => void) => void turns.push(turn),
    schedule: () => () => undefined,
  };
  pump = new EnginePump(engine as unknown as GwyhEngine, clock, socket, event => onEvent(event));
  return () => turns.splice(0).forEach(turn => turn());
}

describe('too much at once', () => {
  it('is opened in several turns of the event loop, in order', () => {
    const endTurn = busy(1);
    for (let i = 0; i < 20; i++) pump.receive(SOMEWHERE, new Uint8Array(10));
    expect(engine.received).toBe(TURN_MS);
    expect(pump.metrics.backlogBytes).toBe((20 - TURN_MS) * 10);
    endTurn();
    expect(engine.received).toBe(2 * TURN_MS);
    while (engine.received < 20) endTurn();
    expect(pump.metrics.backlogBytes).toBe(0);
  });

  it('waits until what was opened has been told', () => {
    const endTurn = busy(0);
    engine.events.push(...Array.from({ length: MOST_EVENTS }, () => READY));
    pump.receive(SOMEWHERE, new Uint8Array(10));
    expect(engine.received).toBe(0);
    endTurn();
    expect(heard).toHaveLength(MOST_EVENTS);
    endTurn();
    expect(engine.received).toBe(1);
  });

  it('is bounded, and what is dropped is counted', () => {
    const endTurn = busy(TURN_MS);
    const datagram = new Uint8Array(1_048_576);
    for (let i = 0; i < 12; i++) pump.receive(SOMEWHERE, datagram);
    expect(pump.metrics).toEqual({ backlogBytes: BACKLOG_BYTES, 'drop.backlog_full': 3 });
    for (let i = 0; i < 12; i++) endTurn();
    expect(engine.received).toBe(9);
  });
});

describe('the engine is told how long inputs had to wait', () => {
  it('while there is more to do than a turn has time for', () => {
    const endTurn = busy(1);
    for (let i = 0; i < 3 * TURN_MS; i++) pump.receive(SOMEWHERE, new Uint8Array(10));
    for (let i = 0; i < 4; i++) endTurn();
    expect(engine.waits).toEqual([2 * TURN_MS, 3 * TURN_MS]);
    // All is done: the next one waits for nothing.
    pump.receive(SOMEWHERE, new Uint8Array(10));
    endTurn();
    expect(engine.waits.at(-1)).toBe(1);
  });

  it('with the time that handlers take, and what comes of their promises', () => {
    let now = 0;
    const reactions: (() => void)[] = [];
    const clock = {
      now: () => now,
      endOfTurn: (turn: () => void) => turn(),
      schedule: () => () => undefined,
      afterReactions: (callback: () => void) => void reactions.push(callback),
    };
    pump = new EnginePump(engine as unknown as GwyhEngine, clock, socket, () => (now += 30));
    engine.events.push(READY);
    pump.receive(SOMEWHERE, new Uint8Array(10));
    now += 12;
    reactions.shift()!();
    expect(engine.waits).toEqual([42]);
  });

  it('and of nothing when nothing came', () => {
    pump.drain();
    network.advance(1_000);
    expect(engine.waits).toEqual([]);
  });
});
