import { type Plot, plotText } from '../../report/plot.js';
import { numberText, percentText } from '../../report/texts.js';
import { JITTER_SIGMA } from '../jitter.js';
import { GREAT_CIRCLE_KM_PER_MS, LOCAL_LATENCY_MS, REGIONS } from '../regions.js';
import { SIMULATION_DEFAULTS } from '../options.js';
import { RECEIVING_MICROSECONDS, SENDING_MICROSECONDS } from '../world.js';
import { FIRST_TIMEOUT_MS, NEXT_TIMEOUT_MS, OPTIMISATION_THRESHOLD } from '../baselines/plumtree.js';
import { type SimulationOutcome, type ReportSize, STRATEGY } from './runs.js';
import {
  baselineTable,
  growthTable,
  killTable,
  largeTable,
  latencyTable,
  targetTable,
  verdictTable,
} from './tables.js';
import type { Judgement } from './targets.js';

export interface Report {
  readonly size: ReportSize;
  readonly outcomes: readonly SimulationOutcome[];
  readonly judgements: readonly Judgement[];
  readonly plots: readonly Plot[];
  /** On what it was made, without dates and paths. */
  readonly environment: string;
}

/** The report as Markdown. */
export function writeDocument(report: Report): string {
  const { outcomes, judgements, plots } = report;
  const [latency, copies, growth] = plots.map(plotText);
  return `${sections(report, [
    ['Targets', targets(judgements), verdictTable(judgements), TARGETS_TEXT, targetTable(judgements)],
    ['What the design buys', BASELINES_TEXT, baselineTable(outcomes), latency!, copies!],
    ['Growth', GROWTH_TEXT, growthTable(outcomes), growth!],
    ['Large messages', LARGE_TEXT, largeTable(outcomes)],
    ['Sudden death', KILL_TEXT, killTable(outcomes)],
    ['All runs of small messages', ALL_TEXT, latencyTable(outcomes)],
    ['The world', WORLD_TEXT],
  ])}\n`;
}

function sections(report: Report, parts: readonly (readonly [string, ...string[]])[]): string {
  return [head(report), ...parts.map(([title, ...texts]) => [`## ${title}`, ...texts].join('\n\n'))].join('\n\n');
}

function head({ size, environment }: Report): string {
  const { nodes } = SIMULATION_DEFAULTS;
  const quick = `
> **This is the small version** (\`--quick\`): ${numberText(size.nodes)} nodes and few seeds. Its figures show that all runs; the
> targets are for 1,000 nodes.
`;
  return `# Simulation

Whole clusters of the real engines, encryption included, in a deterministic model of the world. All figures are in virtual
time: the same code and the same seed give the same run on any machine, which its digest proves. This document is made by

\`\`\`sh
npm run simulate:report
\`\`\`

and any single run by \`npm run simulate\` (${nodes} nodes if nothing else is said; see \`--help\`).
${size.isQuick ? quick : ''}
Made on ${environment}.

"p50" and "p99" are multiples of the same percentile of the direct delay: the same messages, sent by their origin straight to
each node, without loss and queues. "Copies" are those of a segment that arrive at a node, so 1 is the least. "Bytes" are all that a
node sends per message, UDP payload, heartbeats and requests included. The strategy is \`${STRATEGY}\` where no other is named.`;
}

function targets(judgements: readonly Judgement[]): string {
  const missed = judgements.filter(({ isMet }) => !isMet).length;
  return `${judgements.length - missed} of ${judgements.length} are met.`;
}

const TARGETS_TEXT = `Where there are several runs, the worst of them is measured and decides. "Faults" are messages that are missing
without a reason, and those that a handler got twice.`;

const BASELINES_TEXT = `The busy origin once more, with two other protocols on the same links of the same cluster, in the same world,
with frames of the same sizes. They pay nothing for heartbeats and membership. Of each figure the worst of the seeds.

- \`flood\`: each node passes on what it hears first to all its links. There is no repair: what is lost on all ways is missing.
- \`plumtree\`: one tree for all origins, as in "Epidemic Broadcast Trees" (Leitão, Pereira, Rodrigues, 2007). Eager links push,
  lazy ones announce, at once and not in batches; the sender of a duplicate is pruned; a message that was announced and has not
  come after ${FIRST_TIMEOUT_MS} ms is grafted from the first announcer, and from the next one each ${NEXT_TIMEOUT_MS} ms; a path that is ${OPTIMISATION_THRESHOLD} links
  shorter replaces the one in use. An announcer that did not answer is asked again after all others, where the paper, which has
  TCP below it, asks once. Without loss and with a second between two messages it comes to exactly one copy. Here the next
  messages are under way before the prunes of the first have arrived, and the timers are shorter than many round trips; longer
  ones help without loss, and hurt with it.`;

const GROWTH_TEXT = `One busy origin without loss, one seed. "State" is what the heap and the buffers hold for a node at the end: it
grows with the cluster because each node knows all others.`;

const LARGE_TEXT = `From one origin, after one message that does not count. "Direct to all" is the time that the uplink of
the origin (${numberText(SIMULATION_DEFAULTS.uplinkMbits)} Mbit/s) would need to send the message to each node itself, and the last of them to get it.`;

const KILL_TEXT = `The nodes die at once and without a word; the first broadcast is sent at the same moment, the next ones every 5 s.
Shares are of the survivors to which a path led at that time.`;

const ALL_TEXT = `One row for each seed. The digest is a hash of every datagram and every delivery of the run.`;

const WORLD_TEXT = `- **Places**: the nodes are spread evenly over ${REGIONS.length} cloud regions on all continents. One way takes ${LOCAL_LATENCY_MS} ms inside a
  region, and 1 ms more for every ${GREAT_CIRCLE_KM_PER_MS} km of great circle between two.
- **Jitter**: the latency of each datagram varies log-normally by ${percentText(JITTER_SIGMA)}, so that datagrams overtake each other.
- **Loss**: each datagram by itself, of all kinds alike, while the cluster forms as well.
- **Nodes**: one server each, which takes ${RECEIVING_MICROSECONDS} µs to receive and ${SENDING_MICROSECONDS} µs to send a datagram, one after the other; and an
  uplink of ${numberText(SIMULATION_DEFAULTS.uplinkMbits)} Mbit/s on which datagrams wait for each other.
- **Ground truth**: a message that a node does not have must be explained by a fact of the world (no path, refused by the origin,
  ...). One without an explanation, or handed to a handler twice, makes the run fail.`;
