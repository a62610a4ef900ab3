import { textTable } from '../text-table.js';
import type { PeersFigures, PeersResult } from './peers.js';

const HEAD = ['', 'messages/s', 'lost', 'twice', 'p50 ms', 'p99 ms', 'CPU s/M deliveries'];

/** The result for people. */
export function peersTable(result: PeersResult): string {
  const { nodes, processes, messageBytes, rounds, burst, versions, networks, ratio } = result;
  return [
    `Medians of ${rounds} rounds, ${nodes} nodes in ${processes} processes, messages of ${messageBytes} bytes.\n`,
    `Throughput: ${burst} messages of one node, at the slowest receiver. Latency: messages of random nodes, one at a time.\n`,
    ...Object.entries(versions).map(([name, version]) => `${name}: ${version}\n`),
    '\n',
    textTable(
      HEAD,
      Object.entries(networks).map(([name, figures]) => [name, ...cells(figures)]),
    ),
    `gwyh to gossipsub: throughput ${ratio.throughput}, latency p50 ${ratio.latencyP50}, p99 ${ratio.latencyP99}, CPU ${ratio.cpu}\n`,
  ].join('');
}

function cells({ perSecond, lost, duplicates, latencyMs, cpuSecondsPerMillion }: PeersFigures): string[] {
  return [perSecond, lost, duplicates, latencyMs.p50, latencyMs.p99, cpuSecondsPerMillion].map(String);
}
