import type { Bench, BenchOptions } from '../bench.js';
import { environment } from '../environment.js';
import { GossipCluster } from '../gossip/gossip-cluster.js';
import type { GossipFigures } from '../gossip/gossip-figures.js';
import { GOSSIP_NETWORKS, type GossipNetwork } from '../gossip/gossip-node.js';
import { PROBE_BYTES } from '../gossip/probe.js';
import { nodesOption } from '../list-option.js';
import { pause } from '../processes.js';
import { medians, roundedAll } from '../statistics.js';
import { gossipsubVersion, requireGossipsub } from './gossipsub-package.js';
import { peersTable } from './peers-table.js';

/** How much is measured in each round. */
interface Amounts {
  readonly rounds: number;
  /** Messages of random nodes whose arrival is timed. */
  readonly scattered: number;
  /** Messages of one node as fast as it goes. */
  readonly burst: number;
}

const FULL: Amounts = { rounds: 5, scattered: 100, burst: 3_000 };
const QUICK: Amounts = { rounds: 1, scattered: 30, burst: 1_000 };
const NODES = 20;
const PROCESSES = 2;

/** After its forming a cluster is left alone for this long, ms: meshes are trimmed and round trips measured. */
const SETTLE_MS = 5_000;

/** Between the arrival of a message and the next one, ms. */
const GAP_MS = 50;

/** What is said of one network: medians of all rounds. */
export interface PeersFigures {
  /** Of messages that are sent one at a time by random nodes, over all receivers. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** Messages of one node, each awaited, at the slowest receiver; what was lost does not count. */
  readonly perSecond: number;
  /** Of both kinds, deliveries of a round. */
  readonly lost: number;
  readonly duplicates: number;
  /** Of all processes, for a million deliveries of the burst. */
  readonly cpuSecondsPerMillion: number;
}

/** gwyh's figures divided by those of gossipsub. Throughput is better above 1, the others below. */
export interface PeersRatio {
  readonly throughput: number;
  readonly latencyP50: number;
  readonly latencyP99: number;
  readonly cpu: number;
}

export interface PeersResult {
  readonly nodes: number;
  readonly processes: number;
  readonly messageBytes: number;
  readonly rounds: number;
  readonly burst: number;
  readonly versions: Readonly<Record<GossipNetwork, string>>;
  readonly networks: Readonly<Record<GossipNetwork, PeersFigures>>;
  readonly ratio: PeersRatio;
}

export const peers: Bench<PeersResult> = {
  summary: `a cluster of ${NODES} nodes without Nest, against one of libp2p's gossipsub (--install first)`,
  run,
  table: peersTable,
};

async function run({ isQuick, progress, args }: BenchOptions): Promise<PeersResult> {
  const [nodes = NODES] = nodesOption(args, PROCESSES) ?? [];
  requireGossipsub(args.includes('--install'), progress);
  const amounts = isQuick ? QUICK : FULL;
  const clusters: [GossipNetwork, GossipCluster, PeersFigures[]][] = [];
  for (const network of GOSSIP_NETWORKS) {
    const cluster = await GossipCluster.start(network, nodes, PROCESSES);
    progress(`${network}: ${nodes} nodes are ready after ${(await cluster.form()).toFixed(1)} s`);
    clusters.push([network, cluster, []]);
  }
  await pause(SETTLE_MS);
  // The first round is for the compiler of JavaScript.
  for (let round = 0; round <= amounts.rounds; round++) {
    for (const [network, cluster, rounds] of round % 2 === 0 ? clusters : clusters.toReversed()) {
      const figures = await measure(cluster, amounts);
      if (round === 0) continue;
      rounds.push(figures);
      progress(`${network}: ${figures.perSecond.toFixed(0)} messages/s, p50 ${figures.latencyMs.p50.toFixed(2)} ms`);
    }
  }
  for (const [, cluster] of clusters) await cluster.end();
  const networks = Object.fromEntries(
    clusters.map(([network, , rounds]) => [network, roundedAll(medians(rounds))]),
  ) as Record<GossipNetwork, PeersFigures>;
  return {
    nodes,
    processes: PROCESSES,
    messageBytes: PROBE_BYTES,
    rounds: amounts.rounds,
    burst: amounts.burst,
    versions: { gwyh: environment().library, gossipsub: gossipsubVersion() },
    networks,
    ratio: roundedAll(peersRatio(networks)),
  };
}

async function measure(cluster: GossipCluster, amounts: Amounts): Promise<PeersFigures> {
  const scattered = await cluster.scattered(amounts.scattered, GAP_MS);
  return peersFigures(scattered, await cluster.burst(amounts.burst));
}

function peersFigures(scattered: GossipFigures, burst: GossipFigures): PeersFigures {
  return {
    latencyMs: scattered.latencyMs,
    perSecond: burst.perSecond,
    lost: scattered.lost + burst.lost,
    duplicates: scattered.duplicates + burst.duplicates,
    cpuSecondsPerMillion: burst.cpuSecondsPerMillion,
  };
}

export function peersRatio({ gwyh, gossipsub }: Readonly<Record<GossipNetwork, PeersFigures>>): PeersRatio {
  return {
    throughput: gwyh.perSecond / gossipsub.perSecond,
    latencyP50: gwyh.latencyMs.p50 / gossipsub.latencyMs.p50,
    latencyP99: gwyh.latencyMs.p99 / gossipsub.latencyMs.p99,
    cpu: gwyh.cpuSecondsPerMillion / gossipsub.cpuSecondsPerMillion,
  };
}
