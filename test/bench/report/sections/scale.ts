import type { Terms } from '../../../report/terms.js';
import { markdownTable, numberText } from '../../../report/texts.js';
import { scale, type ScaleFigures, type ScaleResult } from '../../scale/scale.js';
import type { BenchTarget, Section } from '../section.js';

/** The cluster that the targets are about. */
const NODES = 1_000;

/** Megabytes of 10^6 bytes in a MiB. */
const MB_IN_MIB = 1.048_576;

export const scaleSection: Section<ScaleResult> = {
  name: 'scale',
  title: 'Scale',
  bench: scale,
  targets: [
    target('all ready', 'below', 60, 's', ({ startUp }) => startUp.readySeconds),
    target('broadcast to all, p99', 'at most', 250, 'ms', ({ broadcast }) => broadcast.p99Ms),
    target('memory of a node', 'at most', 6, 'MB', ({ residentMib }) => residentMib.node * MB_IN_MIB),
    target('CPU of all nodes at rest', 'below', 0.5, 'cores', ({ idleCores }) => idleCores),
  ],
  body,
  readme: result => [
    'Clusters of nodes without Nest, in a few processes of one machine. Memory is what a node adds to its process:',
    table(result),
  ],
};

function target(
  figure: string,
  bound: Terms['bound'],
  limit: number,
  unit: Terms['unit'],
  of: (figures: ScaleFigures) => number,
): BenchTarget<ScaleResult> {
  const measure = ({ sizes }: ScaleResult) => {
    const figures = sizes.find(({ nodes }) => nodes === NODES);
    return figures === undefined ? NaN : of(figures);
  };
  return { item: 'Scale', conditions: `${numberText(NODES)} nodes`, figure, bound, limit, unit, measure };
}

function body(result: ScaleResult): string[] {
  const { processes, quietSeconds, broadcasts, sizes } = result;
  const emptyMib = sizes[0]?.residentMib.emptyProcess ?? NaN;
  const rows = sizes.map(({ nodes, broadcast, burst }) =>
    [nodes, broadcast.lost, broadcast.duplicates, burst.broadcasts, burst.perSecond, burst.lost, burst.duplicates].map(
      value => numberText(value),
    ),
  );
  const head = ['Nodes', 'Lost', 'Twice', 'Broadcasts in a row', 'At the slowest node, /s', 'Lost', 'Twice'];
  return [
    `The nodes share ${processes} processes, each of which takes ${numberText(emptyMib, 0)} MiB without nodes. CPU at rest is that of all nodes together over
${quietSeconds} s. Then ${broadcasts} broadcasts from nodes chosen at random, one at a time, to all others.`,
    table(result),
    'What was lost or came twice, of these and of broadcasts that one node sends as fast as it can:',
    markdownTable(head, rows),
  ];
}

function table({ sizes }: ScaleResult): string {
  const rows = sizes.map(({ nodes, startUp, residentMib, idleCores, broadcast }) => [
    numberText(nodes),
    `${numberText(startUp.readySeconds, 1)} s`,
    `${numberText(startUp.allKnowAllSeconds, 1)} s`,
    `${numberText(residentMib.node, 2)} MiB`,
    numberText(idleCores),
    `${numberText(broadcast.p50Ms, 1)} ms`,
    `${numberText(broadcast.p99Ms, 1)} ms`,
  ]);
  const head = ['nodes', 'all ready', 'all know all', 'memory of a node', 'cores at rest'];
  return markdownTable([...head, 'broadcast p50', 'broadcast p99'], rows);
}
