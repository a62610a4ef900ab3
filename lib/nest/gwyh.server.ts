import { Logger, type LoggerService } from '@nestjs/common';
import {
  type ConsumerDeserializer,
  type CustomTransportStrategy,
  type IncomingEvent,
  type MessageHandler,
  Server,
} from '@nestjs/microservices';
import { formatEndpoint } from '../engine/endpoint.js';
import type { BroadcastMeta, GwyhNode } from '../runtime/gwyh-node.js';
import type { BroadcastEvent } from '../runtime/node-listeners.js';
import type { GwyhLogger } from '../runtime/logger.js';
import { type EventMetadata, type GossipEvent, readData, readMetadata, readPattern } from './event-codec.js';
import { EventRoute, type EventRouteHost } from './event-route.js';
import { GWYH_DEFAULT_GRACE_PERIOD_MS, GWYH_LOG_CONTEXT, GWYH_TRANSPORT } from './gwyh.constants.js';
import { GwyhContext } from './gwyh.context.js';
import { followStatus, type GwyhEvents, type GwyhStatus, listenTo } from './gwyh.events.js';
import { describeHandlerError, nestReportsHandlerErrors } from './handler-errors.js';
import { InFlight } from './in-flight.js';
import { ThrottledWarning } from './throttled-warning.js';

/** Patterns without a handler that are told in the debug log, once each, and how much of each. Others choose them. */
const MAX_TOLD_PATTERNS = 100;
const MAX_TOLD_LENGTH = 100;

/** Headers of the events without any, which are most. */
const NO_METADATA: EventMetadata = Object.freeze({});

/** Options of a {@link GwyhServer}; `GwyhModule` passes its own on. */
export interface GwyhServerOptions {
  /** Milliseconds that handlers get to finish in when the server closes. Default: 10,000. */
  gracePeriodMs?: number;
  /** Turns `{ pattern, data, metadata }` as received into the event to handle. Default: none, it is handled as it is. */
  deserializer?: ConsumerDeserializer;
  /** Default: Nest's logger, context `Gwyh`. */
  logger?: GwyhLogger;
}

/**
 * The Nest side of receiving: runs `@EventPattern()` handlers for the events other homies emit. `GwyhModule` provides it
 * and starts it by itself; in an explicit bootstrap it is the `strategy`.
 *
 * Patterns match exactly. Events nobody handles here are skipped without a word, as every homie hears everything.
 * `@MessagePattern()` is not served: gossip has no replies.
 *
 * @publicApi
 */
export class GwyhServer extends Server<GwyhEvents, GwyhStatus> implements CustomTransportStrategy {
  override transportId: symbol = GWYH_TRANSPORT;
  protected override readonly logger: LoggerService;

  private readonly deserializerOption: ConsumerDeserializer | undefined;
  private readonly routes = new Map<string, EventRoute>();
  private readonly refusedPatterns = new Set<string>();
  private readonly toldPatterns = new Set<string>();
  private readonly inFlight = new InFlight();
  private readonly routeHost: EventRouteHost = {
    inFlight: this.inFlight,
    handlerRejected: (pattern, error) => this.handlerRejected(pattern, error),
    streamFailed: (pattern, error) => this.streamFailed(pattern, error),
  };
  private readonly plainStartHook = this.onProcessingStartHook;
  private readonly undecodable: ThrottledWarning;
  private readonly counters = { eventsHandled: 0, eventsWithoutHandler: 0, eventsUndecodable: 0, handlerErrors: 0 };
  private readonly gracePeriodMs: number;

  private isSealed = false;
  private opening: Promise<void> | undefined;
  private closing: Promise<void> | undefined;
  private ignoreEvents: (() => void) | undefined;
  private endStatus: (() => void) | undefined;

  constructor(
    private readonly node: GwyhNode,
    options: GwyhServerOptions = {},
  ) {
    super();
    this.logger = options.logger ?? new Logger(GWYH_LOG_CONTEXT);
    this.gracePeriodMs = options.gracePeriodMs ?? GWYH_DEFAULT_GRACE_PERIOD_MS;
    this.deserializerOption = options.deserializer;
    this.undecodable = new ThrottledWarning(this.logger);
  }

  /** Whether handlers were registered, or it listens: then someone bootstraps this server explicitly. */
  get isAttached(): boolean {
    return this.isSealed || this.routes.size > 0 || this.refusedPatterns.size > 0;
  }

  /** Whether events are taken: from the successful {@link listen} until the application begins to close. */
  get isListening(): boolean {
    return this.endStatus !== undefined && this.ignoreEvents !== undefined;
  }

  /** Counters since the start, and `eventsInFlight`, the handlers that run now. */
  metrics(): Record<string, number> {
    return { ...this.counters, eventsInFlight: this.inFlight.size };
  }

  /** Called by Nest. After the first {@link listen} nothing is added any more, or a second bootstrap would handle events twice. */
  override addHandler(
    pattern: unknown,
    handler: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    if (this.isSealed) return;
    const route = this.normalizePattern(pattern as string);
    if (!isEventHandler) {
      this.refusedPatterns.add(route);
      return;
    }
    super.addHandler(pattern, handler, isEventHandler, extras);
    // Later handlers of the same pattern are chained behind the first one, which runs them all.
    if (!this.routes.has(route)) this.routes.set(route, new EventRoute(route, handler, this.routeHost));
  }

  /** Unlike the base class, this takes the pattern as it was sent: already normalised, and never parsed as JSON. */
  override getHandlerByPattern(pattern: string): MessageHandler | null {
    return this.routes.get(pattern)?.forNest ?? null;
  }

  /**
   * Starts the node, if it is not started yet, and handles events from then on. Calls back with the error when the socket
   * cannot be bound; can then be tried again. Further calls wait for the first.
   */
  listen(callback: (error?: unknown) => unknown): void {
    this.opening ??= this.open();
    this.opening.then(() => callback(), callback);
  }

  /** Takes no more events; handlers that run are not disturbed. */
  stopIntake(): void {
    this.ignoreEvents?.();
    this.ignoreEvents = undefined;
  }

  /**
   * Takes no more events and waits for the handlers that run, but not longer than the grace period. The node stays in the
   * cluster: it belongs to the module, which closes it when the application closes.
   */
  close(): Promise<void> {
    this.closing ??= this.shutDown().finally(() => {
      this.closing = undefined;
    });
    return this.closing;
  }

  /** Listens to what happens to other homies. Returns the function that ends it. */
  on<Event extends keyof GwyhEvents, Callback extends GwyhEvents[Event]>(event: Event, callback: Callback): () => void {
    return listenTo(this.node, event, callback);
  }

  /** The {@link GwyhNode}. */
  unwrap<T = GwyhNode>(): T {
    return this.node as T;
  }

  private async open(): Promise<void> {
    this.isSealed = true;
    if (this.refusedPatterns.size > 0) this.warnOfMessagePatterns();
    try {
      this.ignoreEvents = this.node.onBroadcastEvent(event => this.receive(event));
      await this.node.start();
      // oxlint-disable-next-line no-underscore-dangle -- the name is Nest's
      this.endStatus = followStatus(this.node, this._status$);
      const { id, zone, address } = this.node;
      this.logger.log(`Homie ${id} gossips on ${formatEndpoint(address)} in zone "${zone}"`);
    } catch (error) {
      this.stopIntake();
      this.opening = undefined;
      throw error;
    }
  }

  private async shutDown(): Promise<void> {
    await this.opening?.catch(() => undefined);
    this.stopIntake();
    this.endStatus?.();
    this.endStatus = undefined;
    const isIdle = await this.inFlight.settled(this.gracePeriodMs);
    if (!isIdle) {
      this.logger.warn(`${this.inFlight.size} event handlers still run after ${this.gracePeriodMs} ms; not waiting on`);
    }
    this.opening = undefined;
  }

  private receive(broadcast: BroadcastEvent): void {
    const { deserializerOption } = this;
    let pattern: string;
    let route: EventRoute | undefined;
    let data: unknown;
    let metadata: EventMetadata | undefined;
    try {
      pattern = readPattern(broadcast.bytes, broadcast.start, broadcast.end);
      route = this.routes.get(pattern);
      // A deserializer may give the event another pattern, so that it has to see them all.
      if (route === undefined && deserializerOption === undefined) return this.skip(pattern);
      data = readData();
      metadata = readMetadata();
    } catch (error) {
      return this.dropUndecodable(error, broadcast);
    }
    if (deserializerOption === undefined) return this.dispatch(route!, data, metadata, broadcast);
    this.deserialize(
      deserializerOption,
      metadata === undefined ? { pattern, data } : { pattern, data, metadata },
      broadcast,
    );
  }

  private deserialize(deserializer: ConsumerDeserializer, event: GossipEvent, meta: BroadcastMeta): void {
    const dispatch = ({ pattern, data }: IncomingEvent) => {
      const wanted = this.normalizePattern(pattern);
      const route = this.routes.get(wanted);
      if (route === undefined) this.skip(wanted);
      else this.dispatch(route, data, event.metadata, meta);
    };
    try {
      const packet = deserializer.deserialize(event, { channel: event.pattern });
      if (packet instanceof Promise) packet.then(dispatch).catch(error => this.dropUndecodable(error, meta));
      else dispatch(packet);
    } catch (error) {
      this.dropUndecodable(error, meta);
    }
  }

  private dispatch(route: EventRoute, data: unknown, metadata: EventMetadata | undefined, meta: BroadcastMeta): void {
    this.counters.eventsHandled++;
    const { pattern } = route;
    const context = new GwyhContext(pattern, meta, metadata ?? NO_METADATA);
    if (this.hasHooks) this.runWithHooks(pattern, data, context);
    else route.run(data, context);
  }

  private runWithHooks(pattern: string, data: unknown, context: GwyhContext): void {
    this.handleEvent(pattern, { pattern, data }, context).catch(error => this.handlerRejected(pattern, error));
  }

  /** Whether an application set processing hooks; Nest's own way of running them costs several promises an event. */
  private get hasHooks(): boolean {
    return this.onProcessingStartHook !== this.plainStartHook || this.onProcessingEndHook !== undefined;
  }

  private handlerRejected(pattern: string, error: unknown): void {
    this.counters.handlerErrors++;
    this.logger.error(`Event "${pattern}" could not be handled: ${describeHandlerError(error)}`);
  }

  /** Nest 11 says nothing of it. */
  private streamFailed(pattern: string, error: unknown): void {
    this.counters.handlerErrors++;
    if (nestReportsHandlerErrors(this, error)) return;
    this.logger.error(`Handler of event "${pattern}" failed: ${describeHandlerError(error)}`);
  }

  private skip(pattern: string): void {
    this.counters.eventsWithoutHandler++;
    if (this.toldPatterns.size >= MAX_TOLD_PATTERNS) return;
    const told = JSON.stringify(pattern.slice(0, MAX_TOLD_LENGTH));
    if (this.toldPatterns.has(told)) return;
    this.toldPatterns.add(told);
    this.logger.debug?.(`No handler for ${told} here: skipped, now and from now on`);
  }

  private dropUndecodable(error: unknown, meta: BroadcastMeta): void {
    this.counters.eventsUndecodable++;
    const reason = error instanceof Error ? error.message : String(error);
    this.undecodable.warn(`Dropped an event of ${meta.origin.id} that cannot be read: ${reason}`);
  }

  private warnOfMessagePatterns(): void {
    this.logger.warn(
      `Gwyh carries events only and does not serve @MessagePattern() of ${[...this.refusedPatterns].join(', ')}: use ` +
        '@EventPattern(), or name the transport that serves it: @MessagePattern(pattern, Transport.TCP).',
    );
  }
}
