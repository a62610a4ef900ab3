import { targetTable, verdictTable } from '../../report/tables.js';
import type { Judgement } from '../../report/targets.js';
import { numberText } from '../../../report/texts.js';
import { MOST_CHECKED_NODE_HOURS, MOST_CHECKED_NODES, type MembershipOutcome, type TargetsSize } from './runs.js';
import { detectionTable, falseDownsTable, idleTable, oneWayTable, partitionTable, startTable } from './tables.js';

export interface MembershipReport {
  readonly size: TargetsSize;
  readonly outcomes: readonly MembershipOutcome[];
  readonly judgements: readonly Judgement[];
  /** On what it was made, without dates and paths. */
  readonly environment: string;
}

/** The report as Markdown. */
export function writeDocument(report: MembershipReport): string {
  const { outcomes, judgements } = report;
  const met = judgements.filter(({ isMet }) => isMet).length;
  const parts = [
    [
      'Targets',
      `${met} of ${judgements.length} are met.`,
      verdictTable(judgements),
      TARGETS_TEXT,
      targetTable(judgements),
    ],
    ['Detection', DETECTION_TEXT, detectionTable(outcomes)],
    ['False downs', FALSE_DOWNS_TEXT, falseDownsTable(outcomes)],
    ['One-way faults', ONE_WAY_TEXT, oneWayTable(outcomes)],
    ['Partitions', PARTITION_TEXT, partitionTable(outcomes)],
    ['Idle cost', IDLE_TEXT, idleTable(outcomes)],
    ['Mass start and rolling restart', START_TEXT, startTable(outcomes)],
  ] as const;
  return `${[head(report), ...parts.map(([title, ...texts]) => [`## ${title}`, ...texts].join('\n\n'))].join('\n\n')}\n`;
}

function head({ size, environment }: MembershipReport): string {
  const most = Math.max(...size.detectionNodes);
  const quick = `
> **This is the small version** (\`--quick\`): at most ${numberText(most)} nodes that die, and few seeds. Its figures show that all
> runs; the targets are for the full one.
`;
  return `# Membership

How fast deaths are known, and whether anybody is told to be dead who is not: whole clusters of the real engines in the
deterministic model of the world that [SIMULATION.md](SIMULATION.md) describes. All times are virtual. This document is made by

\`\`\`sh
npm run simulate:membership
\`\`\`

and any single run by \`npm run simulate -- --scenario detection --nodes 100 --loss 0.1\` (see \`--help\`).
${size.isQuick ? quick : ''}
Made on ${environment}. Of several seeds the worst is shown, and the sum where things are counted.`;
}

const TARGETS_TEXT = `Where there are several runs, the worst of them is measured and decides. A _false down_ is an event \`down\` about a
member that runs, that the scenario has not cut off from the observer, and that at least a third of the cluster can reach. "Other
faults" are deaths or returns that were not told everywhere, broadcasts that were lost or came twice, and tables that say
something else than the events did.

The invariants of every engine are asserted after each of its inputs in runs of at most ${numberText(MOST_CHECKED_NODES)} nodes and
${numberText(MOST_CHECKED_NODE_HOURS)} node hours. In larger and longer ones they are after every so many inputs as an eighth of its members: a walk over all
of them each time would take several times as long as the run. A run in which one does not hold ends there and has no result.`;

const DETECTION_TEXT = `Nodes die one after the other, without a word. "In doubt" is the time until no survivor takes the node for up any
more: it is suspect, and nobody chooses it. "All" is the time until the last survivor has told its application that it is down.
That is later on purpose: a node that stands still for 4 s looks the same as a dead one for 4 s, and must not be called dead.
In small clusters each node is started again before the next one dies.`;

const FALSE_DOWNS_TEXT = `Nothing dies. The share of the nodes under "Paused" stop about once a minute for 1 to 4 s, in which they neither receive nor send
nor look at a timer. Loss is on every way.`;

const ONE_WAY_TEXT = `Each fault in a cluster of its own. "Reached by" is the share of the others that can exchange datagrams with a member
directly, both ways; of all members concerned and all seconds the least. From a third on, nobody may be told to be down.`;

const PARTITION_TEXT = `The cluster is cut into parts that do not reach each other, and put together again; then 20 broadcasts from random
nodes must arrive everywhere.`;

const IDLE_TEXT = `What a node sends without any messages, UDP payload, two minutes and more after the start. "What the bytes are" is
by node and second; with the null cipher, which has the sizes of the real one.`;

const START_TEXT = `All nodes started at once with three seeds; and all nodes restarted five at a time on their addresses, while random nodes
broadcast five times a second. A broadcast has to reach every node that was ready when it was sent and ran for 5 s more.`;
