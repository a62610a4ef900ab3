import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { README_MARK } from '../../bench/report/readme.js';
import { render } from '../../bench/report/render.js';
import { readSavedRun } from '../../bench/report/saved-run.js';
import { SECTIONS } from '../../bench/report/sections.js';
import { markedSection } from '../../report/marked-section.js';
import { formatted } from '../../report/write-files.js';

const ROOT = new URL('../../../', import.meta.url);
const pathOf = (file: string) => new URL(file, ROOT).pathname;

const AGAIN = 'npm run bench:report -- --from docs/benchmarks.json';

const { files, readme } = render(SECTIONS, readSavedRun(pathOf('docs/benchmarks.json')));

describe('the report of the benches that is kept', () => {
  it('is in the README as the saved results have it', () => {
    expect(markedSection(readFileSync(pathOf('README.md'), 'utf8'), README_MARK), `renew it: ${AGAIN}`).toBe(readme);
  });

  it.each(Object.keys(files))('has %s as the saved results have it', async name => {
    expect(readFileSync(pathOf(`docs/${name}`), 'utf8'), `renew it: ${AGAIN}`).toBe(
      await formatted(name, files[name]!),
    );
  });

  it('has no gaps', () => {
    for (const text of [readme, ...Object.values(files)]) expect(text).not.toMatch(/undefined|NaN|Infinity|\[object/);
  });
});
