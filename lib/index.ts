export * from './runtime/index.js';

export { gwyh } from './nest/gwyh.bootstrap.js';
export { GwyhClientProxy } from './nest/gwyh.client.js';
export type { GwyhClientOptions } from './nest/gwyh.client.js';
export { GWYH_TRANSPORT } from './nest/gwyh.constants.js';
export { GwyhContext } from './nest/gwyh.context.js';
export { GwyhEncodeError, GwyhEventsOnlyError } from './nest/gwyh.errors.js';
export type { GwyhEvents, GwyhStatus } from './nest/gwyh.events.js';
export { GwyhHealthIndicator } from './nest/gwyh.health.js';
export type { GwyhHealth, GwyhHealthOptions } from './nest/gwyh.health.js';
export type { GwyhModuleExtras, GwyhModuleOptions, GwyhOptionsFactory } from './nest/gwyh.module-options.js';
export { GwyhModule } from './nest/gwyh.module.js';
export { GwyhRecord, GwyhRecordBuilder } from './nest/gwyh.record.js';
export { GwyhServer } from './nest/gwyh.server.js';
export type { GwyhServerOptions } from './nest/gwyh.server.js';
