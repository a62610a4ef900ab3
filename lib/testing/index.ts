/** What tests need to run several homies in one process, without sockets and without waiting. */
export { VirtualNetwork } from './virtual-network.js';
export type { Conditions, VirtualNetworkOptions } from './virtual-network.js';
export type { PathModel } from './path-model.js';
