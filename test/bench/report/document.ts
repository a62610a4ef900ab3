import { plotText } from '../../report/plot.js';
import { boundText, valueText } from '../../report/terms.js';
import { markdownTable } from '../../report/texts.js';
import type { Environment } from '../environment.js';
import { summaryText, type Judgement, judgeAll, verdictText } from './judgement.js';
import { SAVED_RUN_FILE, type SavedResult, type SavedRun } from './saved-run.js';
import type { Section } from './section.js';

/** The report as Markdown. */
export function writeDocument(sections: readonly Section[], run: SavedRun): string {
  const judgements = judgeAll(sections, run);
  const parts = [
    HEAD,
    quickNote(run),
    '## Targets',
    summaryText(judgements),
    TARGETS_TEXT,
    targetTable(judgements),
    ...sections.flatMap(section => sectionText(section, run[section.name])),
  ];
  return `${parts.filter(part => part !== '').join('\n\n')}\n`;
}

const HEAD = `# Benchmarks

Real processes and sockets on loopback of one machine. This document is made by

\`\`\`sh
npm run bench:report
npm run bench:report -- --only transports
npm run bench:report -- --from docs/${SAVED_RUN_FILE}
\`\`\`

which measures all, only some beside the saved results of the others, or nothing. The results are in
[${SAVED_RUN_FILE}](${SAVED_RUN_FILE}). Where simulations fit better, as for large clusters far apart, see [SIMULATION.md](SIMULATION.md).`;

const TARGETS_TEXT = `"Best broker" is the best of Redis, NATS and MQTT in this figure, each by itself. A target is open when it was not
measured, or when what was measured does not decide it.`;

function quickNote(run: SavedRun): string {
  const names = quickNames(run);
  if (names.length === 0) return '';
  return `> **Figures for a look** (\`--quick\`), of a fraction of the work and too noisy to be cited: ${names.join(', ')}.`;
}

/** The benches of which the saved result is of a quick run. */
export function quickNames(run: SavedRun): string[] {
  return Object.entries(run)
    .filter(([, { isQuick }]) => isQuick)
    .map(([name]) => name);
}

function targetTable(judgements: readonly Judgement[]): string {
  const rows = judgements.map(judgement => {
    const { target, measured } = judgement;
    const { item, conditions, figure, unit } = target;
    return [item, conditions, figure, boundText(target), valueText(measured, unit), verdictText(judgement)];
  });
  return markdownTable(['Bench', 'Conditions', 'Figure', 'Target', 'Measured', ''], rows);
}

function sectionText(section: Section, saved: SavedResult | undefined): string[] {
  const { name, title, body, plots } = section;
  const quick = saved?.isQuick === true ? ' --quick' : '';
  const head = [`## ${title}`, `\`\`\`sh\nnpm run bench -- ${name}${quick}\n\`\`\``];
  if (saved === undefined) return [...head, `Not measured yet: \`npm run bench:report -- --only ${name}\`.`];
  const { environment, result } = saved;
  return [
    ...head,
    `On ${placeText(environment)}, ${environment.load}.`,
    ...body(result),
    ...(plots?.(result) ?? []).map(plotText),
  ];
}

/** When and on what, but for the load: that differs from bench to bench. */
export function placeText({ date, library, node, system, processor, memory }: Environment): string {
  return [date, library, node, system, processor, memory].join(', ');
}
