import { availableParallelism } from 'node:os';
import type { Bench, BenchOptions } from '../bench.js';
import { GossipCluster } from '../gossip/gossip-cluster.js';
import { nodesOption } from '../list-option.js';
import { pause } from '../processes.js';
import { roundedAll } from '../statistics.js';
import { nowUs } from '../clock.js';
import { scaleTable } from './scale-table.js';

/** How much is measured. */
interface Amounts {
  readonly nodes: readonly number[];
  /** After all know all, ms: links settle, round trips are measured, sessions that serve nothing go. */
  readonly settleMs: number;
  /** The quiet stretch whose processor time counts, ms. */
  readonly quietMs: number;
  /** Broadcasts whose arrival is timed. */
  readonly broadcasts: number;
  /** Deliveries of the burst: it has so many broadcasts as make them. */
  readonly burstDeliveries: number;
}

const FULL: Amounts = {
  nodes: [10, 100, 1_000],
  settleMs: 20_000,
  quietMs: 20_000,
  broadcasts: 50,
  burstDeliveries: 300_000,
};
const QUICK: Amounts = { nodes: [10, 100], settleMs: 3_000, quietMs: 5_000, broadcasts: 20, burstDeliveries: 50_000 };

/** Broadcasts before those that count: code that never ran is slow. */
const WARM_UP = 10;

/** Between the arrival of a broadcast and the next one, ms. */
const GAP_MS = 100;

/** Processes that hold the nodes, where each has a core, and otherwise. */
const MOST_PROCESSES = 4;
const PROCESSES = 2;

export interface ScaleFigures {
  readonly nodes: number;
  /** From the start of the first node, s. */
  readonly startUp: { readonly readySeconds: number; readonly allKnowAllSeconds: number };
  /** MiB without garbage: of one process without nodes, and what each node adds to it when all is quiet. */
  readonly residentMib: { readonly emptyProcess: number; readonly node: number };
  /** Cores that all processes together keep busy when all is quiet. */
  readonly idleCores: number;
  /** From nodes chosen at random, when all is quiet: from the call to the receiver, over all receivers. */
  readonly broadcast: {
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly lost: number;
    readonly duplicates: number;
  };
  /** Broadcasts of one node, each awaited, at the slowest receiver. */
  readonly burst: {
    readonly broadcasts: number;
    readonly perSecond: number;
    readonly lost: number;
    readonly duplicates: number;
  };
}

export interface ScaleResult {
  readonly processes: number;
  readonly quietSeconds: number;
  readonly broadcasts: number;
  readonly sizes: readonly ScaleFigures[];
}

export const scale: Bench<ScaleResult> = {
  summary: `clusters of ${FULL.nodes.join(', ')} nodes without Nest: start, memory, idle cost, broadcasts`,
  run,
  table: scaleTable,
};

async function run({ isQuick, progress, args }: BenchOptions): Promise<ScaleResult> {
  const amounts = isQuick ? QUICK : FULL;
  const processes = availableParallelism() >= MOST_PROCESSES ? MOST_PROCESSES : PROCESSES;
  const sizes: ScaleFigures[] = [];
  for (const nodes of nodesOption(args, processes) ?? amounts.nodes) {
    const cluster = await GossipCluster.start('gwyh', nodes, processes);
    try {
      const figures = await measure(cluster, processes, amounts, text => progress(`${nodes} nodes: ${text}`));
      sizes.push(roundedAll(figures));
    } finally {
      await cluster.end();
    }
  }
  return { processes, quietSeconds: amounts.quietMs / 1_000, broadcasts: amounts.broadcasts, sizes };
}

async function measure(
  cluster: GossipCluster,
  processes: number,
  { settleMs, quietMs, broadcasts, burstDeliveries }: Amounts,
  progress: (text: string) => void,
): Promise<ScaleFigures> {
  const nodes = cluster.size;
  const emptyMib = await cluster.residentMib();
  const begunUs = nowUs();
  const readySeconds = await cluster.form();
  progress(`all ready after ${readySeconds.toFixed(1)} s`);
  await cluster.allKnowAll();
  const allKnowAllSeconds = (nowUs() - begunUs) / 1e6;
  progress(`all know all after ${allKnowAllSeconds.toFixed(1)} s`);
  await pause(settleMs);
  const residentMib = await cluster.residentMib();
  const idleCores = await cluster.idleCores(quietMs);
  progress(`${idleCores.toFixed(3)} cores busy at rest`);
  await cluster.scattered(WARM_UP, GAP_MS);
  const quiet = await cluster.scattered(broadcasts, GAP_MS);
  progress(
    `a broadcast arrives after ${quiet.latencyMs.p50.toFixed(1)} ms, 99 % after ${quiet.latencyMs.p99.toFixed(1)}`,
  );
  const burstBroadcasts = Math.ceil(burstDeliveries / (nodes - 1));
  const burst = await cluster.burst(burstBroadcasts);
  progress(`${burst.perSecond.toFixed(0)} broadcasts/s`);
  return {
    nodes,
    startUp: { readySeconds, allKnowAllSeconds },
    residentMib: { emptyProcess: emptyMib / processes, node: (residentMib - emptyMib) / nodes },
    idleCores,
    broadcast: {
      p50Ms: quiet.latencyMs.p50,
      p99Ms: quiet.latencyMs.p99,
      lost: quiet.lost,
      duplicates: quiet.duplicates,
    },
    burst: {
      broadcasts: burstBroadcasts,
      perSecond: burst.perSecond,
      lost: burst.lost,
      duplicates: burst.duplicates,
    },
  };
}
