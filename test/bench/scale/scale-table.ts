import { textTable } from '../text-table.js';
import type { ScaleFigures, ScaleResult } from './scale.js';

const HEAD = [
  'nodes',
  'ready s',
  'all know all s',
  'MiB a node',
  'idle cores',
  'p50 ms',
  'p99 ms',
  'lost',
  'broadcasts/s',
  'lost',
  'twice',
];

/** The result for people. */
export function scaleTable({ processes, quietSeconds, broadcasts, sizes }: ScaleResult): string {
  const emptyMib = sizes[0]?.residentMib.emptyProcess ?? 0;
  return [
    `${processes} processes, each of which takes ${Math.round(emptyMib)} MiB without nodes; idle cores over ${quietSeconds} s;\n`,
    `${broadcasts} broadcasts from random nodes, when all is quiet; then as many as one node can send.\n\n`,
    textTable(HEAD, sizes.map(row)),
  ].join('');
}

function row({ nodes, startUp, residentMib, idleCores, broadcast, burst }: ScaleFigures): string[] {
  return [
    nodes,
    startUp.readySeconds,
    startUp.allKnowAllSeconds,
    residentMib.node,
    idleCores,
    broadcast.p50Ms,
    broadcast.p99Ms,
    broadcast.lost,
    burst.perSecond,
    burst.lost,
    broadcast.duplicates + burst.duplicates,
  ].map(String);
}
