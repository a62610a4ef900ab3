import { onTestFinished } from 'vitest';
import { formatEndpoint } from '../../../lib/engine/endpoint.js';
import type { GwyhNodeOptions } from '../../../lib/runtime/gwyh-node-options.js';
import { GwyhNode } from '../../../lib/runtime/gwyh-node.js';
import { MemoryLogger } from './memory-logger.js';

/** A raw key: passphrases are stretched, which takes its time. */
const KEY = `hex:${'5a'.repeat(32)}`;

/** Options of a homie on this machine that joins `homie`. */
export function near(homie: GwyhNode): GwyhNodeOptions {
  return { bind: '127.0.0.1:0', keys: [KEY], peers: [formatEndpoint(homie.address)], logger: new MemoryLogger() };
}

/** A homie on loopback, closed when the test ends. */
export async function startHomie(options: GwyhNodeOptions = {}): Promise<GwyhNode> {
  const node = new GwyhNode({ bind: '127.0.0.1:0', keys: [KEY], peers: [], logger: new MemoryLogger(), ...options });
  onTestFinished(() => node.close());
  await node.start();
  return node;
}
