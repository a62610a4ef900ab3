import { placeText, quickNames } from './document.js';
import { summaryText, judgeAll } from './judgement.js';
import type { SavedRun } from './saved-run.js';
import type { Section } from './section.js';

/** The marks of the section in the README. */
export const README_MARK = 'benchmarks';

/** What stands between the marks of the README: the same results in short. */
export function readmeSection(sections: readonly Section[], run: SavedRun): string {
  const measured = sections.filter(({ name }) => run[name] !== undefined);
  if (measured.length === 0) return 'Nothing was measured yet: `npm run bench:report`.\n';
  const missing = sections.filter(({ name }) => run[name] === undefined).map(({ name }) => name);
  const quick = quickNames(run);
  const parts = [
    quick.length === 0 ? '' : `**Figures for a look, too noisy to be cited: ${quick.join(', ')}.**`,
    ...environments(measured, run),
    ...measured.flatMap(({ name, readme }) => readme(run[name]!.result)),
    missing.length === 0 ? '' : `Not measured yet: ${missing.join(', ')}.`,
    `${summaryText(judgeAll(sections, run))} [docs/BENCHMARKS.md](docs/BENCHMARKS.md) has each of them, and all figures.`,
  ];
  return `${parts.filter(part => part !== '').join('\n\n')}\n`;
}

/** Where the results are from, in one line where all are from the same place. */
function environments(sections: readonly Section[], run: SavedRun): string[] {
  const names = new Map<string, string[]>();
  for (const { name } of sections) {
    const text = placeText(run[name]!.environment);
    names.set(text, [...(names.get(text) ?? []), name]);
  }
  if (names.size === 1) return [`Measured on ${[...names.keys()][0]!}.`];
  return [[...names].map(([text, of]) => `Measured on ${text}: ${of.join(', ')}.`).join('\n')];
}
