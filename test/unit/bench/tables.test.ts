import { describe, expect, it } from 'vitest';
import { peersRatio, type PeersFigures } from '../../bench/peers/peers.js';
import { peersTable } from '../../bench/peers/peers-table.js';
import type { ScaleFigures } from '../../bench/scale/scale.js';
import { scaleTable } from '../../bench/scale/scale-table.js';

const SIZE: ScaleFigures = {
  nodes: 10,
  startUp: { readySeconds: 0.5, allKnowAllSeconds: 0.75 },
  residentMib: { emptyProcess: 90.4, node: 1.25 },
  idleCores: 0.02,
  broadcast: { p50Ms: 3, p99Ms: 8.5, lost: 1, duplicates: 2 },
  burst: { broadcasts: 100, perSecond: 950, lost: 4, duplicates: 5 },
};

const OURS: PeersFigures = {
  latencyMs: { p50: 1, p99: 3 },
  perSecond: 600,
  lost: 0,
  duplicates: 0,
  cpuSecondsPerMillion: 50,
};
const THEIRS: PeersFigures = {
  latencyMs: { p50: 4, p99: 30 },
  perSecond: 150,
  lost: 7,
  duplicates: 0,
  cpuSecondsPerMillion: 500,
};

describe('the table of scale', () => {
  const lines = scaleTable({ processes: 2, quietSeconds: 20, broadcasts: 50, sizes: [SIZE] }).split('\n');

  it('says what was measured', () => {
    expect(lines[0]).toBe('2 processes, each of which takes 90 MiB without nodes; idle cores over 20 s;');
    expect(lines[1]).toMatch(/^50 broadcasts from random nodes/);
  });

  it('has a line for each size, with duplicates of both kinds of broadcasts', () => {
    expect(lines[4]!.split(/ +/)).toEqual('10 0.5 0.75 1.25 0.02 3 8.5 1 950 4 7'.split(' '));
  });

  it('has a title for each column', () => {
    expect(lines[3]!.split(/ {2,}/)).toHaveLength(11);
  });
});

describe('the comparison with gossipsub', () => {
  it('divides our figures by theirs', () => {
    const ratio = peersRatio({ gwyh: OURS, gossipsub: THEIRS });
    expect(ratio).toEqual({ throughput: 4, latencyP50: 0.25, latencyP99: 0.1, cpu: 0.1 });
  });

  it('has a line for each, and the ratio', () => {
    const table = peersTable({
      nodes: 20,
      processes: 2,
      messageBytes: 200,
      rounds: 5,
      burst: 500,
      versions: { gwyh: 'ours 1', gossipsub: 'theirs 2' },
      networks: { gwyh: OURS, gossipsub: THEIRS },
      ratio: { throughput: 4, latencyP50: 0.25, latencyP99: 0.1, cpu: 0.1 },
    });
    expect(table).toMatch(/^Medians of 5 rounds, 20 nodes in 2 processes, messages of 200 bytes\.\n/);
    expect(table).toContain('gossipsub: theirs 2\n');
    expect(table).toMatch(/\ngwyh +600 +0 +0 +1 +3 +50\ngossipsub +150 +7 +0 +4 +30 +500\n/);
    expect(table).toMatch(/\ngwyh to gossipsub: throughput 4, latency p50 0.25, p99 0.1, CPU 0.1\n$/);
  });
});
