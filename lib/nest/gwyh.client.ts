import { Logger } from '@nestjs/common';
import { ClientProxy, type ProducerSerializer, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { AsyncSubject, type Observable, of, throwError } from 'rxjs';
import { ACCEPTED } from '../runtime/broadcast-queue.js';
import type { BroadcastOptions, GwyhNode } from '../runtime/gwyh-node.js';
import type { GwyhLogger } from '../runtime/logger.js';
import { encodeEvent, type EventMetadata } from './event-codec.js';
import { GWYH_LOG_CONTEXT } from './gwyh.constants.js';
import { GwyhEncodeError, GwyhEventsOnlyError } from './gwyh.errors.js';
import { followStatus, type GwyhEvents, type GwyhStatus, listenTo } from './gwyh.events.js';
import { GwyhRecord } from './gwyh.record.js';
import { ThrottledWarning } from './throttled-warning.js';
import { inspect } from 'node:util';

/** Options of a {@link GwyhClientProxy}; `GwyhModule` passes its own on. */
export interface GwyhClientOptions {
  /** Turns the packet `{ pattern, data, metadata }` into the one to send. Default: none, it is sent as it is. */
  serializer?: ProducerSerializer;
  /** Default: Nest's logger, context `Gwyh`. */
  logger?: GwyhLogger;
}

/** What an emit returns that was accepted at once, as nearly all are: nothing has to be made for it. */
const ACCEPTED_EMIT: Observable<void> = of(undefined);

/** Nest 12's packet; on Nest 11 metadata comes from records alone. */
type Packet = ReadPacket & { metadata?: EventMetadata };

/**
 * Emits events to every other homie. Inject it by its class wherever `GwyhModule` is imported.
 *
 * @publicApi
 */
export class GwyhClientProxy extends ClientProxy<GwyhEvents, GwyhStatus> {
  private readonly serializerOption: ProducerSerializer | undefined;
  private readonly lost: ThrottledWarning;
  private readonly counters = { emitsAccepted: 0, emitsFailed: 0, emitsLost: 0 };

  private connection: Promise<void> | undefined;
  private isConnected = false;
  /** Emits that wait for the connection. While there are any, later ones queue up behind them. */
  private waiting = 0;
  private endStatus: (() => void) | undefined;

  constructor(
    private readonly node: GwyhNode,
    options: GwyhClientOptions = {},
  ) {
    super();
    this.serializerOption = options.serializer;
    this.lost = new ThrottledWarning(options.logger ?? new Logger(GWYH_LOG_CONTEXT));
  }

  /**
   * Sends an event at once, subscribed to or not; the data is written before this returns, so that it may be changed
   * afterwards. Emits reach the network in the order of the calls. Starts the node when nothing else has.
   *
   * @param pattern text, number or object; matched exactly with the pattern of `@EventPattern()`
   * @param data anything MessagePack can hold, or a {@link GwyhRecord}. Left out, handlers get `undefined`; null stays null.
   * @returns completes when the network has accepted the event, which is no proof that anyone received it. Awaiting it
   * (`await lastValueFrom(client.emit(...))`) slows the emitter down to what the network takes. Fails with
   * `GwyhEncodeError`, `GwyhMessageTooLargeError`, `GwyhQueueFullError`, `GwyhClosedError`, or the error of binding the
   * socket. When nobody has subscribed by then, the failure is logged.
   */
  override emit<TResult = void, TInput = unknown>(pattern: unknown, data?: TInput): Observable<TResult> {
    let sending: Promise<void>;
    try {
      sending = this.sendPacket(pattern, data);
    } catch (error) {
      sending = Promise.reject(error);
    }
    if (sending !== ACCEPTED) return this.follow<TResult>(pattern, sending);
    this.counters.emitsAccepted++;
    return ACCEPTED_EMIT as Observable<TResult>;
  }

  /** Fails at once with a {@link GwyhEventsOnlyError}: there are no replies. */
  override send<TResult = unknown, TInput = unknown>(_pattern: unknown, _data: TInput): Observable<TResult> {
    return throwError(() => new GwyhEventsOnlyError());
  }

  /** Starts the node. Fails when the socket cannot be bound; can then be called again. */
  connect(): Promise<void> {
    this.connection ??= this.node.start().then(
      () => {
        this.isConnected = true;
        // oxlint-disable-next-line no-underscore-dangle -- the name is Nest's
        this.endStatus = followStatus(this.node, this._status$);
      },
      (error: unknown) => {
        this.connection = undefined;
        throw error;
      },
    );
    return this.connection;
  }

  /** Ends `status`. The node stays in the cluster: it belongs to the module, which closes it when the application closes. */
  close(): void {
    this.endStatus?.();
    this.endStatus = undefined;
  }

  /** Listens to what happens to other homies. Returns the function that ends it. */
  override on<Event extends keyof GwyhEvents, Callback extends GwyhEvents[Event]>(
    event: Event,
    callback: Callback,
  ): () => void {
    return listenTo(this.node, event, callback);
  }

  /** The {@link GwyhNode}. */
  unwrap<T = GwyhNode>(): T {
    return this.node as T;
  }

  /** Counters since the start: `emitsLost` failed with nobody subscribed. */
  metrics(): Record<string, number> {
    return { ...this.counters };
  }

  protected override dispatchEvent<T = void>(packet: Packet): Promise<T> {
    return this.dispatch(packet.pattern, packet.data, packet.metadata) as Promise<T>;
  }

  protected override publish(_packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    callback({ err: new GwyhEventsOnlyError() });
    return () => undefined;
  }

  /** Runs up to the sending without waiting. {@link ACCEPTED} when that was all. */
  private sendPacket(pattern: unknown, data: unknown): Promise<void> {
    // Part of ClientProxy from Nest 12 on.
    const { onDispatchHook } = this as unknown as { onDispatchHook?: (packet: Packet) => void };
    if (onDispatchHook === undefined) return this.dispatch(pattern, data, undefined);
    const packet: Packet = { pattern, data };
    onDispatchHook(packet);
    return this.dispatch(packet.pattern, packet.data, packet.metadata);
  }

  private dispatch(pattern: unknown, data: unknown, ofHook: EventMetadata | undefined): Promise<void> {
    const record = data instanceof GwyhRecord ? data : undefined;
    const plainData: unknown = record === undefined ? data : record.data;
    const metadata = mergeMetadata(ofHook, record?.headers);
    const options = record?.zones === undefined ? undefined : { zones: record.zones };
    if (this.serializerOption === undefined) return this.transmit(this.encode(pattern, plainData, metadata), options);
    return this.serialize(this.serializerOption, { pattern, data: plainData, ...(metadata && { metadata }) }, options);
  }

  /** Apart from `dispatch`: there the closure would cost its context for each event, made or not. */
  private serialize(
    serializer: ProducerSerializer,
    plain: Packet,
    options: BroadcastOptions | undefined,
  ): Promise<void> {
    const serialized = serializer.serialize(plain) as Packet | Promise<Packet>;
    const transmit = (packet: Packet) =>
      this.transmit(this.encode(packet.pattern, packet.data, packet.metadata), options);
    return serialized instanceof Promise ? serialized.then(transmit) : transmit(serialized);
  }

  private encode(pattern: unknown, data: unknown, metadata: EventMetadata | undefined): Uint8Array {
    const route: unknown =
      pattern === null || pattern === undefined ? pattern : this.normalizePattern(pattern as string);
    if (typeof route !== 'string') throw new GwyhEncodeError(String(route), 'a pattern is text, a number or an object');
    return encodeEvent(route, data, metadata);
  }

  /** What becomes of an emit that has not been accepted yet. */
  private follow<TResult>(pattern: unknown, sending: Promise<void>): Observable<TResult> {
    const outcome = new AsyncSubject<TResult>();
    sending.then(
      () => {
        this.counters.emitsAccepted++;
        outcome.next(undefined as TResult);
        outcome.complete();
      },
      error => {
        this.countFailure(pattern, error, outcome.observed);
        outcome.error(error);
      },
    );
    return outcome.asObservable();
  }

  private transmit(payload: Uint8Array, options: BroadcastOptions | undefined): Promise<void> {
    if (this.isConnected && this.waiting === 0) return this.node.broadcast(payload, options);
    this.waiting++;
    const copy = payload.slice();
    return this.connect().then(
      () => {
        this.waiting--;
        return this.node.broadcast(copy, options);
      },
      (error: unknown) => {
        this.waiting--;
        throw error;
      },
    );
  }

  private countFailure(pattern: unknown, error: unknown, isObserved: boolean): void {
    this.counters.emitsFailed++;
    if (isObserved) return;
    this.counters.emitsLost++;
    const reason = error instanceof Error ? error.message : String(error);
    this.lost.warn(`Event ${describePattern(pattern)} was not sent, and nobody subscribed to its emit(): ${reason}`);
  }
}

function mergeMetadata(
  ofHook: EventMetadata | undefined,
  headers: EventMetadata | undefined,
): EventMetadata | undefined {
  if (ofHook === undefined || headers === undefined) return headers ?? ofHook;
  return { ...ofHook, ...headers };
}

function describePattern(pattern: unknown): string {
  return typeof pattern === 'string' ? `"${pattern}"` : inspect(pattern, { customInspect: false });
}
