import type { Endpoint } from '../engine/endpoint.js';
import type { GwyhEngine } from '../engine/engine.js';
import type { EngineEvent } from '../engine/engine-event.js';
import type { DatagramNetwork, DatagramSocket } from './datagram-network.js';

/**
 * While this much waits in the socket, no more is taken from the engine, whose queues are bounded; bytes. Less would
 * leave the network idle between turns; more would only move the queue to where it cannot be bounded.
 */
const SOCKET_QUEUE_BYTES = 1_048_576;

/** A full socket is looked at again after this long, ms. */
const SOCKET_RETRY_MS = 1;

/**
 * A timer this late, ms, shows that the process stood still: it waits until what arrived meanwhile is read. Run first, it
 * would find every peer silent, whose signs of life the socket holds. Less: needless turns when the machine is busy.
 */
const LATE_MS = 100;

/** Turns of the event loop that it waits at most. Each reads some dozens of datagrams; a flood must not stop the timers. */
const CATCH_UP_TURNS = 100;

/**
 * Events told at once; then the promises of their handlers get to settle before the next ones are told. Each handler of
 * Nest makes about ten promises: with 5,000 events at once these fill the processor's caches and outlive the garbage
 * collector's young generation, which costs ten times what the handlers do. Below 16 the pauses show.
 */
export const EVENTS_AT_ONCE = 64;

/** Keeps an engine running: what it wants sent goes to the socket, what it tells to the host, and its timer is set. */
export class EnginePump {
  private cancelTimer: () => void = () => undefined;
  private timerAt = Infinity;
  private isDrainDue = false;
  /** Turns that a late timer may still wait, and datagrams of the turn before; 0 turns when none waits. */
  private catchUpTurns = 0;
  private arrivals = 0;
  private isTelling = false;
  private isStopped = false;

  constructor(
    private readonly engine: GwyhEngine,
    private readonly network: Pick<DatagramNetwork, 'now' | 'schedule' | 'endOfTurn' | 'afterReactions'>,
    private readonly socket: Pick<DatagramSocket, 'send' | 'queuedBytes'>,
    private readonly onEvent: (event: EngineEvent) => void,
  ) {}

  receive(from: Endpoint, datagram: Uint8Array): void {
    if (this.isStopped) return;
    this.arrivals++;
    this.engine.receive(this.network.now(), from, datagram);
    this.drainSoon();
  }

  /** After an input: drains the engine once all input of this turn is in, so that frames for one peer share datagrams. */
  drainSoon(): void {
    if (this.isDrainDue) return;
    this.isDrainDue = true;
    this.network.endOfTurn(this.drain);
  }

  readonly drain = (): void => {
    this.isDrainDue = false;
    if (this.isStopped) return;
    const { engine, socket } = this;
    let isBlocked = false;
    for (;;) {
      isBlocked = socket.queuedBytes > SOCKET_QUEUE_BYTES;
      if (isBlocked) break;
      const transmit = engine.nextTransmit();
      if (transmit === undefined) break;
      socket.send(transmit.to, transmit.datagram);
    }
    if (!this.isTelling) this.tell();
    this.wakeAt(isBlocked ? this.network.now() + SOCKET_RETRY_MS : engine.deadline());
  };

  stop(): void {
    this.isStopped = true;
    this.cancelTimer();
  }

  /** What happened, in order, some at a time. */
  private readonly tell = (): void => {
    const { engine, network } = this;
    this.isTelling = false;
    for (let told = 1; !this.isStopped; told++) {
      const event = engine.nextEvent();
      if (event === undefined) return;
      this.onEvent(event);
      if (told % EVENTS_AT_ONCE > 0 || network.afterReactions === undefined) continue;
      this.isTelling = true;
      return network.afterReactions(this.tell);
    }
  };

  private wakeAt(at: number): void {
    if (at === this.timerAt || this.isStopped || this.catchUpTurns > 0) return;
    this.cancelTimer();
    this.timerAt = at;
    this.cancelTimer = at === Infinity ? () => undefined : this.network.schedule(at, this.wake);
  }

  private readonly wake = (): void => {
    const lateMs = this.network.now() - this.timerAt;
    this.timerAt = Infinity;
    if (lateMs < LATE_MS) return this.timeout();
    this.catchUpTurns = CATCH_UP_TURNS;
    this.arrivals = 1;
    this.catchUp();
  };

  private readonly catchUp = (): void => {
    if (this.isStopped) return;
    if (this.arrivals > 0 && --this.catchUpTurns > 0) {
      this.arrivals = 0;
      return this.network.endOfTurn(this.catchUp);
    }
    this.catchUpTurns = 0;
    this.timeout();
  };

  private timeout(): void {
    this.engine.timeout(this.network.now());
    this.drain();
  }
}
