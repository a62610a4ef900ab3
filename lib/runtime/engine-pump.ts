import type { Endpoint } from '../engine/endpoint.js';
import type { GwyhEngine } from '../engine/engine.js';
import type { EngineEvent } from '../engine/engine-event.js';
import { Fifo } from '../engine/fifo.js';
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

/**
 * Turns of the event loop that it waits at most, and no longer than the process stood still: a flood must not stop the timers.
 * Each turn reads some dozens of datagrams.
 */
const CATCH_UP_TURNS = 100;

/**
 * Events told at once; then the promises of their handlers get to settle before the next ones are told. Each handler of
 * Nest makes about ten promises: with 5,000 events at once these fill the processor's caches and outlive the garbage
 * collector's young generation, which costs ten times what the handlers do. Below 16 the pauses show.
 */
export const EVENTS_AT_ONCE = 64;

/**
 * Time in one turn of the event loop after which the rest has to wait for the next, ms: timers, and all else in the process,
 * run in between. More: they are late; less: turns cost more than what is done in them.
 */
export const TURN_MS = 5;

/** With so many events to be told, no more datagrams are opened, which would bring others. */
export const MOST_EVENTS = 512;

/**
 * Bytes of datagrams that wait in here. Peers know what our socket holds and send no more than that, so this is for those that
 * do not care. Beyond it datagrams are dropped and counted.
 */
export const BACKLOG_BYTES = 8 * 1024 * 1024;

/** Keeps an engine running: what it wants sent goes to the socket, what it tells to the host, and its timer is set. */
export class EnginePump {
  private cancelTimer: () => void = () => undefined;
  private timerAt = Infinity;
  private isTurnDue = false;
  /** When the first input of this turn came. */
  private turnBegunAt = 0;
  /** Since when there was always something to do; Infinity when all is done. */
  private busySince = Infinity;
  /** Turns that a late timer may still wait, and datagrams of the turn before; 0 turns when none waits. */
  private catchUpTurns = 0;
  private arrivals = 0;
  /** How late it was when it fired, ms, and until when it may wait. */
  private lateMs = 0;
  private catchUpUntil = 0;
  private isTelling = false;
  private tellUntil = 0;
  private isStopped = false;
  /** What arrived while there was too much to do, and from where. */
  private readonly backlog = new Fifo<Uint8Array>();
  private readonly backlogFrom = new Fifo<Endpoint>();
  private backlogBytes = 0;
  private backlogDropped = 0;

  /** @param onTurn called at the end of each turn: what was sent may have made room. */
  constructor(
    private readonly engine: GwyhEngine,
    private readonly network: Pick<DatagramNetwork, 'now' | 'schedule' | 'endOfTurn' | 'afterReactions'>,
    private readonly socket: Pick<DatagramSocket, 'send' | 'queuedBytes' | 'releasesSent'>,
    private readonly onEvent: (event: EngineEvent) => void,
    private readonly onTurn: () => void = () => undefined,
  ) {}

  receive(from: Endpoint, datagram: Uint8Array): void {
    if (this.isStopped) return;
    this.arrivals++;
    const now = this.network.now();
    if (!this.isTurnDue) this.turnBegunAt = now;
    if (this.busySince === Infinity) this.busySince = now;
    const isBusy = now - this.turnBegunAt >= TURN_MS || this.engine.waitingEvents >= MOST_EVENTS;
    if (isBusy || this.backlog.length > 0) this.hold(from, datagram);
    else this.engine.receive(now, from, datagram);
    this.drainSoon();
  }

  /** After an input: drains the engine once all input of this turn is in, so that frames for one peer share datagrams. */
  drainSoon(): void {
    if (this.isTurnDue) return;
    this.isTurnDue = true;
    this.network.endOfTurn(this.turn);
  }

  /** Sends what is to be sent and tells what is to be told. */
  readonly drain = (): void => {
    if (this.isStopped) return;
    const { engine, socket } = this;
    let isBlocked = false;
    for (;;) {
      const { queuedBytes } = socket;
      isBlocked = queuedBytes > SOCKET_QUEUE_BYTES;
      if (isBlocked) break;
      const transmit = engine.nextTransmit(queuedBytes === 0 && socket.releasesSent === true);
      if (transmit === undefined) break;
      socket.send(transmit.to, transmit.datagram);
    }
    this.tellUntil = this.network.now() + TURN_MS;
    if (!this.isTelling) this.tell();
    this.onTurn();
    this.wakeAt(isBlocked ? this.network.now() + SOCKET_RETRY_MS : engine.deadline());
  };

  stop(): void {
    this.isStopped = true;
    this.cancelTimer();
  }

  get metrics(): Record<string, number> {
    return { backlogBytes: this.backlogBytes, 'drop.backlog_full': this.backlogDropped };
  }

  private readonly turn = (): void => {
    this.isTurnDue = false;
    if (this.isStopped) return;
    this.catchUpBacklog();
    this.drain();
    if (this.backlog.length > 0) this.drainSoon();
  };

  private hold(from: Endpoint, datagram: Uint8Array): void {
    if (this.backlogBytes + datagram.length > BACKLOG_BYTES) {
      this.backlogDropped++;
      return;
    }
    this.backlog.push(datagram);
    this.backlogFrom.push(from);
    this.backlogBytes += datagram.length;
  }

  /** Opens what was held, as long as there is time. */
  private catchUpBacklog(): void {
    const { engine, network, backlog, backlogFrom } = this;
    if (backlog.length === 0) return;
    let now = network.now();
    const until = now + TURN_MS;
    while (backlog.length > 0 && engine.waitingEvents < MOST_EVENTS && now < until) {
      const datagram = backlog.shift()!;
      this.backlogBytes -= datagram.length;
      engine.receive(now, backlogFrom.shift()!, datagram);
      now = network.now();
    }
  }

  /** What happened, in order, some at a time. */
  private readonly tell = (): void => {
    const { engine, network } = this;
    this.isTelling = false;
    for (let told = 1; !this.isStopped; told++) {
      const event = engine.nextEvent();
      if (event === undefined) return this.told(told > 1);
      this.onEvent(event);
      if (told % EVENTS_AT_ONCE > 0 || network.afterReactions === undefined) continue;
      // The rest is told after other things had their turn, or at least the promises of these handlers.
      if (network.now() >= this.tellUntil) {
        this.noteWait();
        return this.drainSoon();
      }
      this.isTelling = true;
      return network.afterReactions(this.tell);
    }
  };

  /** All events were told; what handlers do belongs to the time that they took. */
  private told(hasHandlers: boolean): void {
    if (this.busySince === Infinity) return;
    const { network } = this;
    if (hasHandlers && network.afterReactions !== undefined) network.afterReactions(this.rest);
    else this.rest();
  }

  private readonly rest = (): void => {
    this.noteWait();
    if (this.backlog.length === 0 && this.engine.waitingEvents === 0) this.busySince = Infinity;
  };

  /** What was dealt with last had to wait at most since there was nothing to do: the engine tells peers when that is long. */
  private noteWait(): void {
    if (this.isStopped || this.busySince === Infinity) return;
    const now = this.network.now();
    this.engine.waited(now, now - this.busySince);
  }

  private wakeAt(at: number): void {
    if (at === this.timerAt || this.isStopped || this.catchUpTurns > 0) return;
    // Overdue, it shows that the process stood still: what was read before it fires must not hide that.
    if (this.timerAt < this.network.now() - LATE_MS) return;
    this.cancelTimer();
    this.timerAt = at;
    this.cancelTimer = at === Infinity ? () => undefined : this.network.schedule(at, this.wake);
  }

  private readonly wake = (): void => {
    const now = this.network.now();
    this.lateMs = now - this.timerAt;
    this.timerAt = Infinity;
    if (this.lateMs < LATE_MS) return this.timeout();
    this.catchUpUntil = now + this.lateMs;
    this.catchUpTurns = CATCH_UP_TURNS;
    this.arrivals = 1;
    this.catchUp();
  };

  private readonly catchUp = (): void => {
    if (this.isStopped) return;
    const isUnread = this.arrivals > 0 || this.backlog.length > 0;
    if (isUnread && --this.catchUpTurns > 0 && this.network.now() < this.catchUpUntil) {
      this.arrivals = 0;
      return this.network.endOfTurn(this.catchUp);
    }
    this.catchUpTurns = 0;
    this.timeout();
  };

  private timeout(): void {
    this.engine.timeout(this.network.now(), this.lateMs);
    this.drain();
  }
}
