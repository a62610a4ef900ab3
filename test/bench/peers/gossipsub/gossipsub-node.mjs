/** One libp2p node with gossipsub, over its usual transports: TCP, noise and yamux. */
import './promise-with-resolvers.mjs';
import { gossipsub } from '@libp2p/gossipsub';
import { identify } from '@libp2p/identify';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';

const TOPIC = 'bench';

/** Peers that each node dials among those before it, so that most have more than the six that gossipsub's mesh is made of. */
const DIALLED = 10;

/** Least peers of a mesh, by gossipsub's defaults (`Dlo`): with fewer it still looks for some. */
const LEAST_MESH = 4;

const LOOK_MS = 50;

/**
 * As gossipsub comes, signatures included, but for what goes wrong with many nodes on one machine: it takes those that share an
 * address for one attacker, and it hangs up on those that are too busy to answer a ping in time.
 */
export async function startGossipsubNode({ port, onBroadcast }) {
  const node = await createLibp2p({
    addresses: { listen: [addressOf(port)] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: Infinity },
    services: {
      identify: identify(),
      pubsub: gossipsub({ scoreParams: { IPColocationFactorWhitelist: new Set(['127.0.0.1']) } }),
    },
  });
  const { pubsub } = node.services;
  pubsub.addEventListener('message', ({ detail }) => onBroadcast(detail.data));
  pubsub.subscribe(TOPIC);
  return {
    async ready(ports) {
      const earlier = ports.slice(0, ports.indexOf(port));
      for (const other of shuffled(earlier).slice(0, DIALLED)) await node.dial(multiaddr(addressOf(other)));
      const wanted = Math.min(LEAST_MESH, ports.length - 1);
      while (pubsub.getMeshPeers(TOPIC).length < wanted) await new Promise(resolve => setTimeout(resolve, LOOK_MS));
    },
    broadcast: payload => pubsub.publish(TOPIC, payload),
    get known() {
      return pubsub.getSubscribers(TOPIC).length;
    },
  };
}

function addressOf(port) {
  return `/ip4/127.0.0.1/tcp/${port}`;
}

function shuffled(values) {
  const rest = [...values];
  for (let i = rest.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [rest[i], rest[j]] = [rest[j], rest[i]];
  }
  return rest;
}
