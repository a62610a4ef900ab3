import { randomInt } from 'node:crypto';
import { GwyhNode } from '../../../lib/index.js';
import { FORMING_MS, type StartGossipNode } from './gossip-node.js';

/** Hundreds of nodes that wait for their seeds at once would say so hundreds of times. */
const QUIET = { log: () => undefined, warn: () => undefined, error: (text: string) => console.error(text) };

/**
 * Other nodes that each one names as its seeds, chosen at random. All of a thousand say Hello every second until they know somebody, and an event
 * loop reads 32 datagrams of a socket in a turn: if all name the same two, most Hellos are too old when they are read.
 */
const SEEDS = 3;

/** As an application has it that names seeds and keys (`GWYH_KEYS`), without Nest. */
export const startGwyhNode: StartGossipNode = async ({ port, ports, onBroadcast }) => {
  const others = ports.filter(other => other !== port);
  const peers = Array.from({ length: SEEDS }, () => `127.0.0.1:${others[randomInt(others.length)]!}`);
  const node = new GwyhNode({ zone: 'bench', bind: `127.0.0.1:${port}`, peers, logger: QUIET });
  node.onBroadcast(onBroadcast);
  await node.start();
  return {
    ready: () => node.ready({ timeoutMs: FORMING_MS }),
    broadcast: payload => node.broadcast(payload),
    get known() {
      return node.metrics()['members']!;
    },
  };
};
