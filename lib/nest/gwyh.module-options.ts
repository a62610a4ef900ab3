import { ConfigurableModuleBuilder, Logger } from '@nestjs/common';
import type { ConsumerDeserializer, ProducerSerializer } from '@nestjs/microservices';
import { GwyhOptionsError } from '../runtime/errors.js';
import type { GwyhNodeOptions } from '../runtime/gwyh-node-options.js';
import { GWYH_DEFAULT_GRACE_PERIOD_MS, GWYH_LOG_CONTEXT } from './gwyh.constants.js';

/**
 * Options of `GwyhModule.forRoot()` and of what the factories of `forRootAsync()` return: those of the node, and a few
 * of the Nest side.
 *
 * @publicApi
 */
export interface GwyhModuleOptions extends GwyhNodeOptions {
  /**
   * Whether guards, pipes, interceptors and filters registered globally (`APP_GUARD`, `useGlobalPipes()`, ...) also run
   * for event handlers, where the module bootstraps the server by itself. Default: true.
   */
  inheritAppConfig?: boolean;
  /** Milliseconds that running event handlers get to finish in when the application closes. Default: 10,000. */
  gracePeriodMs?: number;
  /** Turns each outgoing `{ pattern, data, metadata }` into the one to send. Default: none. */
  serializer?: ProducerSerializer;
  /** Turns each incoming `{ pattern, data, metadata }` into the event to handle. Default: none. */
  deserializer?: ConsumerDeserializer;
}

/** What only the module itself needs to know, also with `forRootAsync()`. */
export interface GwyhModuleExtras {
  /** Whether the providers can be injected everywhere without importing the module again. Default: true. */
  isGlobal?: boolean;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<GwyhModuleOptions>({ moduleName: 'Gwyh' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createGwyhOptions')
    .setExtras<GwyhModuleExtras>({ isGlobal: true }, (definition, { isGlobal }) => ({
      ...definition,
      global: isGlobal ?? true,
    }))
    .build();

/**
 * What a class given to `forRootAsync({ useClass })` or `({ useExisting })` implements.
 *
 * @publicApi
 */
export interface GwyhOptionsFactory {
  createGwyhOptions(): GwyhModuleOptions | Promise<GwyhModuleOptions>;
}

/** What the node is to know of the module's options. Throws a GwyhOptionsError for those it does not check itself. */
export function nodeOptions(options: GwyhModuleOptions): GwyhNodeOptions {
  const {
    inheritAppConfig: _,
    gracePeriodMs = GWYH_DEFAULT_GRACE_PERIOD_MS,
    serializer,
    deserializer,
    ...rest
  } = options;
  if (!Number.isFinite(gracePeriodMs) || gracePeriodMs < 0 || gracePeriodMs > MAX_TIMER_MS) {
    throw new GwyhOptionsError('gracePeriodMs', gracePeriodMs, `give milliseconds from 0 to ${MAX_TIMER_MS}.`);
  }
  if (serializer !== undefined && typeof serializer.serialize !== 'function') {
    throw new GwyhOptionsError('serializer', serializer, 'give an object with a method serialize().');
  }
  if (deserializer !== undefined && typeof deserializer.deserialize !== 'function') {
    throw new GwyhOptionsError('deserializer', deserializer, 'give an object with a method deserialize().');
  }
  return { ...rest, logger: options.logger ?? new Logger(GWYH_LOG_CONTEXT) };
}

/** Timers of Node.js go no further. */
const MAX_TIMER_MS = 2_147_483_647;
