/** A Nest application that emits and listens, in a process of its own: counts what it emits and what its handler gets. */
import 'reflect-metadata';
import { Controller, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload } from '@nestjs/microservices';
import { GwyhClientProxy, GwyhModule, type GwyhModuleOptions, GwyhNode, GwyhQueueFullError } from 'nestjs-gwyh';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { lastValueFrom } from 'rxjs';
import { monotonicMs, pause } from '../processes/clock.js';
import { serve } from '../processes/commands.js';

const PATTERN = 'load';
/** Emits that are not awaited between two turns of the event loop. */
const UNAWAITED_AT_ONCE = 500;
const LAG_RESOLUTION_MS = 10;

interface LoadEvent {
  /** Number of the process, and of the event in it. */
  readonly from: number;
  readonly number: number;
  readonly filling: string;
  /** The last one of a flood. */
  readonly isMarker?: true;
}

export interface EmitReport {
  readonly emitted: number;
  /** Refused because the queue was full, and for any other reason. */
  readonly refused: number;
  readonly failed: number;
  /** When the last one was emitted, by the clock that all processes share, ms. */
  readonly endedAtMs: number;
}

export interface HandlerReport {
  /** By the number of the emitting process. */
  readonly handled: readonly number[];
  readonly duplicates: number;
  /** When the end of the flood of each process was handled here. */
  readonly markersAtMs: readonly (number | undefined)[];
  readonly rssBytes: number;
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
  readonly metrics: Record<string, number>;
}

/** Which events of one process came. */
class Seen {
  count = 0;
  duplicates = 0;
  private bits = new Uint8Array(4_096);

  add(number: number): void {
    const at = number >> 3;
    while (at >= this.bits.length) {
      const larger = new Uint8Array(2 * this.bits.length);
      larger.set(this.bits);
      this.bits = larger;
    }
    const bit = 1 << (number & 7);
    if ((this.bits[at]! & bit) !== 0) this.duplicates++;
    else this.count++;
    this.bits[at]! |= bit;
  }
}

const seen: Seen[] = [];
const markersAtMs: number[] = [];

@Controller()
class LoadController {
  @EventPattern(PATTERN)
  handle(@Payload() event: LoadEvent): void {
    (seen[event.from] ??= new Seen()).add(event.number);
    if (event.isMarker) markersAtMs[event.from] = monotonicMs();
  }
}

let app: INestApplicationContext;
let client: GwyhClientProxy;
let self = 0;
let emitted = 0;
let lag: IntervalHistogram;

/** Resolves when the event is accepted. */
function emit(event: Pick<LoadEvent, 'filling' | 'isMarker'>): Promise<unknown> {
  const numbered: LoadEvent = { from: self, number: emitted++, ...event };
  return lastValueFrom(client.emit(PATTERN, numbered), { defaultValue: undefined });
}

const commands = {
  /** Returns the port. */
  async start(number: number, options: GwyhModuleOptions): Promise<number> {
    self = number;
    @Module({ imports: [GwyhModule.forRoot(options)], controllers: [LoadController] })
    class LoadModule {}
    app = await NestFactory.createApplicationContext(LoadModule, { logger: ['error', 'warn'] });
    client = app.get(GwyhClientProxy);
    lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
    lag.enable();
    return app.get(GwyhNode).address.port;
  },

  /** Whether it is ready and sees so many others. */
  sees: (others: number): boolean => app.get(GwyhNode).isReady && app.get(GwyhNode).members().length === others,

  /** Emits in a loop that awaits each, for so long. */
  async loop(ms: number, bytes: number): Promise<EmitReport> {
    const before = emitted;
    const filling = 'x'.repeat(bytes);
    for (const until = monotonicMs() + ms; monotonicMs() < until;) await emit({ filling });
    return { emitted: emitted - before, refused: 0, failed: 0, endedAtMs: monotonicMs() };
  },

  /** Emits as fast as it can and awaits nothing, for so long, and then a marker. Returns when that was accepted. */
  async flood(ms: number, bytes: number): Promise<EmitReport> {
    const before = emitted;
    const filling = 'x'.repeat(bytes);
    let refused = 0;
    let failed = 0;
    const settle = (error: unknown) => (error instanceof GwyhQueueFullError ? refused++ : failed++);
    for (const until = monotonicMs() + ms; monotonicMs() < until;) {
      for (let i = 0; i < UNAWAITED_AT_ONCE; i++) emit({ filling }).catch(settle);
      await new Promise(resolve => setImmediate(resolve));
    }
    const endedAtMs = monotonicMs();
    // The queue is first come, first served: when this one is through, all before it are.
    for (let isThrough = false; !isThrough;) {
      isThrough = await emit({ filling: '', isMarker: true }).then(
        () => true,
        error => settle(error) < 0,
      );
      if (!isThrough) await pause(1);
    }
    return { emitted: emitted - before, refused, failed, endedAtMs };
  },

  report(): HandlerReport {
    return {
      handled: Array.from(seen, each => each?.count ?? 0),
      duplicates: seen.reduce((sum, each) => sum + (each?.duplicates ?? 0), 0),
      markersAtMs: Array.from(markersAtMs),
      rssBytes: process.memoryUsage.rss(),
      // What the histogram measures contains the time between two samples.
      lagP99Ms: Math.max(0, lag.percentile(99) / 1e6 - LAG_RESOLUTION_MS),
      lagMaxMs: Math.max(0, lag.max / 1e6 - LAG_RESOLUTION_MS),
      metrics: app.get(GwyhNode).metrics(),
    };
  },

  /** From here on lags count. */
  resetLag: () => lag.reset(),
};
export type NestHost = typeof commands;

serve(commands);
