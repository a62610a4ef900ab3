import type { BroadcastResult } from '../engine/broadcast/dissemination.js';
import { Fifo } from '../engine/fifo.js';
import { GwyhMessageTooLargeError, GwyhQueueFullError } from './errors.js';

/**
 * Broadcasts that wait for room at most, and their bytes. A caller that awaits each of its own needs one place; this is for
 * programs that have many under way, and bounds the memory of those that do not wait.
 */
export const MOST_WAITING = 8_192;
export const MOST_WAITING_BYTES = 16 * 1024 * 1024;

/**
 * With more than so many in the queue, none is added while the first has waited for so long, ms: a burst may wait, but what comes
 * faster than it goes would only make everything late. Shorter, or fewer, and a peer that stumbles makes a busy program lose events;
 * longer, and service is back so much later when the load has ended.
 */
export const STANDING_QUEUE = 1_024;
export const STANDING_QUEUE_MS = 250;

/**
 * One in so many broadcasts, or bytes, resolves only at the end of the turn of the event loop: a loop that awaits each of
 * them would otherwise keep the node, and everything else in the process, from running.
 */
export const TURN_BROADCASTS = 64;
export const TURN_BYTES = 65_536;

/** What is returned when a message was accepted at once: always the same one, which spares making others. */
export const ACCEPTED: Promise<void> = Promise.resolve();

/** A longer copy is not kept: it would stay in memory for as long as nothing waits. */
const MOST_SPARE_BYTES = 1_048_576;

const NOTHING = new Uint8Array(0);

interface Waiting {
  readonly payload: Uint8Array;
  readonly zones: readonly string[] | undefined;
  readonly since: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Hands broadcasts to the engine when it has room for them, in the order of the calls: this is the back-pressure. */
export class BroadcastQueue {
  /** Bytes that wait. */
  bytes = 0;
  /** How many were refused because too much waited already. */
  refused = 0;
  private readonly waiting = new Fifo<Waiting>();
  private broadcastsOfTurn = 0;
  private bytesOfTurn = 0;
  /**
   * The copy that was handed over last. A program that sends one large message after the other gets it for the next one: what
   * lies outside of the heap makes the collector stop everything for many ms each time that 32 MB of it have gone.
   */
  private spare: Uint8Array = NOTHING;

  /**
   * @param send hands one over, which copies it; 'queue_full' when there is no room now.
   * @param now the time, ms.
   * @param endOfTurn calls back when the current turn of the event loop is over.
   * @param maxMessageBytes the limit that the error about a message that is too large names.
   */
  constructor(
    private readonly send: (payload: Uint8Array, zones: readonly string[] | undefined) => BroadcastResult,
    private readonly now: () => number,
    private readonly endOfTurn: (callback: () => void) => void,
    private readonly maxMessageBytes: number,
  ) {}

  /** How many wait. */
  get length(): number {
    return this.waiting.length;
  }

  /** Resolves when it is accepted. The payload is not needed any more when this returns. */
  broadcast(payload: Uint8Array, zones: readonly string[] | undefined): Promise<void> {
    if (this.waiting.length === 0) {
      const result = this.send(payload, zones);
      if (result === 'too_large') return Promise.reject(this.tooLarge(payload));
      if (result === 'accepted') return this.accepted(payload.length);
    }
    const since = this.now();
    if (this.isFullFor(payload, since)) {
      this.refused++;
      return Promise.reject(new GwyhQueueFullError());
    }
    this.bytes += payload.length;
    return new Promise((resolve, reject) => {
      this.waiting.push({ payload: this.copy(payload), zones: zones?.slice(), since, resolve, reject });
    });
  }

  /** There may be room now. */
  readonly retry = (): void => {
    for (let next = this.waiting.peek(); next !== undefined; next = this.waiting.peek()) {
      const result = this.send(next.payload, next.zones);
      if (result === 'queue_full') return;
      this.waiting.shift();
      this.bytes -= next.payload.length;
      if (next.payload.length <= MOST_SPARE_BYTES) this.spare = next.payload;
      if (result === 'accepted') next.resolve();
      else next.reject(this.tooLarge(next.payload));
    }
  };

  /** Nothing is sent any more. */
  close(error: Error): void {
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) next.reject(error);
    this.bytes = 0;
    this.spare = NOTHING;
  }

  private isFullFor(payload: Uint8Array, now: number): boolean {
    const { length } = this;
    if (length === 0) return false;
    if (length >= MOST_WAITING || this.bytes + payload.length > MOST_WAITING_BYTES) return true;
    return length >= STANDING_QUEUE && now - this.waiting.peek()!.since > STANDING_QUEUE_MS;
  }

  private copy(payload: Uint8Array): Uint8Array {
    const { spare } = this;
    if (spare.length !== payload.length) return new Uint8Array(payload);
    this.spare = NOTHING;
    spare.set(payload);
    return spare;
  }

  private tooLarge(payload: Uint8Array): Error {
    return new GwyhMessageTooLargeError(payload.length, this.maxMessageBytes);
  }

  private accepted(bytes: number): Promise<void> {
    this.broadcastsOfTurn++;
    this.bytesOfTurn += bytes;
    if (this.broadcastsOfTurn < TURN_BROADCASTS && this.bytesOfTurn < TURN_BYTES) return ACCEPTED;
    this.broadcastsOfTurn = 0;
    this.bytesOfTurn = 0;
    return this.turnEnd();
  }

  /** Apart from `accepted`: there the closure would cost its context for each broadcast, made or not. */
  private turnEnd(): Promise<void> {
    return new Promise(resolve => this.endOfTurn(resolve));
  }
}
