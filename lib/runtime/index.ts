/** The engine room alone: nothing of Nest is loaded. */
export { GwyhNode } from './gwyh-node.js';
export type {
  BroadcastListener,
  BroadcastMeta,
  BroadcastOptions,
  LinkInfo,
  LostMessage,
  MemberEventName,
  MemberInfo,
} from './gwyh-node.js';
export {
  GwyhBindError,
  GwyhClosedError,
  GwyhMessageTooLargeError,
  GwyhNotReadyError,
  GwyhOptionsError,
  GwyhQueueFullError,
} from './errors.js';
export type { GwyhNodeOptions } from './gwyh-node-options.js';
export type { GwyhLogger } from './logger.js';
