import type { MessageHandler } from '@nestjs/microservices';
import { finalize, isObservable, tap } from 'rxjs';
import type { GwyhContext } from './gwyh.context.js';
import type { InFlight } from './in-flight.js';

/** What a route tells of its handler. */
export interface EventRouteHost {
  readonly inFlight: InFlight;
  /** The handler rejected, which nobody has reported. */
  handlerRejected(pattern: string, error: unknown): void;
  /** What the handler returned ended with an error. */
  streamFailed(pattern: string, error: unknown): void;
}

/**
 * The way of the events of one pattern to their handler: the one that Nest made, with guards, pipes, interceptors and
 * filters in it. Counts while it runs. What would be a closure for each event is made here, once.
 */
export class EventRoute {
  /** The handler as Nest's own `handleEvent` takes it, which runs the processing hooks around it. */
  readonly forNest: MessageHandler;

  constructor(
    readonly pattern: string,
    private readonly handler: MessageHandler,
    private readonly host: EventRouteHost,
  ) {
    const forNest: MessageHandler = (data: unknown, context: unknown) => this.runForNest(data, context);
    this.forNest = Object.assign(forNest, { isEventHandler: true, extras: handler.extras });
  }

  /** Runs the handler, at once and without hooks. */
  run(data: unknown, context: GwyhContext): void {
    this.host.inFlight.begin();
    let result: unknown;
    try {
      result = this.handler(data, context);
    } catch (error) {
      return this.rejected(error);
    }
    if (result instanceof Promise) result.then(this.returned, this.rejected);
    else this.returned(result);
  }

  private async runForNest(data: unknown, context: unknown): Promise<unknown> {
    this.host.inFlight.begin();
    let isStream = false;
    try {
      const result: unknown = await this.handler(data, context);
      isStream = isObservable(result);
      if (!isObservable(result)) return result;
      const failed = (error: unknown) => this.host.streamFailed(this.pattern, error);
      return result.pipe(tap({ error: failed }), finalize(this.ended));
    } finally {
      if (!isStream) this.ended();
    }
  }

  private readonly returned = (result: unknown): void => {
    if (isObservable(result)) result.subscribe({ error: this.streamFailed, complete: this.ended });
    else this.ended();
  };

  private readonly rejected = (error: unknown): void => {
    this.ended();
    this.host.handlerRejected(this.pattern, error);
  };

  private readonly streamFailed = (error: unknown): void => {
    this.ended();
    this.host.streamFailed(this.pattern, error);
  };

  private readonly ended = (): void => this.host.inFlight.end();
}
