import { countText, markdownTable, numberText } from '../../../report/texts.js';
import { peers, type PeersResult } from '../../peers/peers.js';
import type { Section } from '../section.js';

/** Has no targets: another library is there to be seen beside ours. */
export const peersSection: Section<PeersResult> = {
  name: 'peers',
  title: 'Other libraries',
  bench: peers,
  targets: [],
  body,
  readme,
};

function body(result: PeersResult): string[] {
  const { rounds, nodes, processes, messageBytes, burst, versions } = result;
  const names = Object.entries(versions).map(([name, version]) => `- ${name}: ${version}`);
  return [
    `Medians of ${countText(rounds, 'round')}: ${nodes} nodes in ${processes} processes, messages of ${messageBytes} bytes. Throughput is that of ${numberText(burst)} messages of one node at
the slowest receiver; latency that of messages of random nodes, one at a time. CPU is that of all processes for a delivery.`,
    names.join('\n'),
    table(result),
    ratioText(result),
  ];
}

function readme(result: PeersResult): string[] {
  return [`A cluster of ${result.nodes} nodes beside one of libp2p's gossipsub:`, table(result), ratioText(result)];
}

function table({ networks }: PeersResult): string {
  const rows = Object.entries(networks).map(
    ([name, { perSecond, lost, duplicates, latencyMs, cpuSecondsPerMillion }]) => [
      name,
      numberText(perSecond, 0),
      numberText(lost),
      numberText(duplicates),
      numberText(latencyMs.p50, 2),
      numberText(latencyMs.p99, 2),
      numberText(cpuSecondsPerMillion, 1),
    ],
  );
  return markdownTable(['', 'messages/s', 'lost', 'twice', 'p50, ms', 'p99, ms', 'CPU µs/delivery'], rows);
}

function ratioText({ ratio }: PeersResult): string {
  const { throughput, latencyP50, latencyP99, cpu } = ratio;
  const [times, p50, p99, ofCpu] = [throughput, latencyP50, latencyP99, cpu].map(value => `${numberText(value)}x`);
  return `gwyh by gossipsub: throughput ${times}, latency p50 ${p50} and p99 ${p99}, CPU ${ofCpu}.`;
}
