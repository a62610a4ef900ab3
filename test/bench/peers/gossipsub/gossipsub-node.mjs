/** One libp2p node with gossipsub, over its usual transports: TCP, noise and yamux. */
import { gossipsub } from '@libp2p/gossipsub';
import { identify } from '@libp2p/identify';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';

const TOPIC = 'bench';

/** Peers that each node dials, so that it has about twice as many: enough for gossipsub to choose its mesh of six from. */
const DIALLED = 10;

/** Least peers of a mesh, by gossipsub's defaults (`Dlo`): with fewer it still looks for some. */
const LEAST_MESH = 4;

const LOOK_MS = 50;

/**
 * As gossipsub comes, signatures included, but for limits that take the nodes of one machine for one attacker: those of
 * connections a second from one address, and the penalty for peers that share one.
 */
export async function startGossipsubNode({ port, onBroadcast }) {
  const node = await createLibp2p({
    addresses: { listen: [addressOf(port)] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
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
      const others = ports.filter(other => other !== port);
      for (const other of shuffled(others).slice(0, DIALLED)) await node.dial(multiaddr(addressOf(other)));
      const wanted = Math.min(LEAST_MESH, others.length);
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
