import { writeDocument } from './document.js';
import { readmeSection } from './readme.js';
import { SAVED_RUN_FILE, type SavedRun } from './saved-run.js';
import type { Section } from './section.js';

/** Everything that is made of saved results. */
export interface Rendered {
  /** Files by their names, in one directory. */
  readonly files: Readonly<Record<string, string>>;
  readonly readme: string;
}

/** The same results give the same texts. */
export function render(sections: readonly Section[], run: SavedRun): Rendered {
  const plots = sections.flatMap(({ name, plots }) => {
    const saved = run[name];
    return saved === undefined ? [] : (plots?.(saved.result) ?? []);
  });
  return {
    files: {
      [SAVED_RUN_FILE]: JSON.stringify(run),
      'BENCHMARKS.md': writeDocument(sections, run),
      ...Object.fromEntries(plots.map(({ file, svg }) => [file, svg])),
    },
    readme: readmeSection(sections, run),
  };
}
