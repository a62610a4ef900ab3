import { GwyhNode } from '../../../lib/index.js';
import type { StartGossipNode } from './gossip-node.js';

/** As an application has it that names seeds and keys (`GWYH_KEYS`), without Nest. */
export const startGwyhNode: StartGossipNode = async ({ port, seeds, onBroadcast }) => {
  const peers = seeds.filter(seed => seed !== port).map(seed => `127.0.0.1:${seed}`);
  const node = new GwyhNode({ zone: 'bench', bind: `127.0.0.1:${port}`, peers });
  node.onBroadcast(onBroadcast);
  await node.start();
  return {
    ready: () => node.ready(),
    broadcast: payload => node.broadcast(payload),
    get known() {
      return node.metrics()['members']!;
    },
  };
};
