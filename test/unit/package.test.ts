import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { exports: entries } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
  exports: Record<string, string | Record<string, string>>;
};
const files = Object.entries(entries).flatMap(([entry, target]) =>
  Object.values(typeof target === 'string' ? { target } : target).map(file => ({ entry, file })),
);

/** What a process has loaded when it has imported an entry: whether anything of Nest is among it. */
function loadsNest(entry: string): boolean {
  const program = `require(${JSON.stringify(entry)}); console.log(Object.keys(require.cache).some(file => /@nestjs/.test(file)))`;
  return execFileSync(process.execPath, ['-e', program], { cwd: ROOT, encoding: 'utf8' }).trim() === 'true';
}

describe('the package', () => {
  it.each(files)('has what its entry $entry names: $file', ({ file }) => {
    expect(existsSync(`${ROOT}${file}`)).toBe(true);
  });

  it('has an entry that loads nothing of Nest', () => {
    expect(loadsNest('nestjs-gwyh')).toBe(true);
    expect(loadsNest('nestjs-gwyh/node')).toBe(false);
  });
});
