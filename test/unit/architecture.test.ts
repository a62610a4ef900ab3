import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const LIB = fileURLToPath(new URL('../../lib', import.meta.url));

/** What each floor may import of the other floors, and which packages. Arrows point down only. */
const ALLOWED: Record<string, { floors: string[]; packages: RegExp }> = {
  engine: { floors: ['engine'], packages: /^sodium-native$/ },
  runtime: { floors: ['runtime', 'engine'], packages: /^(sodium-native|node:.*)$/ },
  testing: { floors: ['testing', 'runtime', 'engine'], packages: /^$/ },
  nest: { floors: ['nest', 'runtime', 'engine'], packages: /^(@nestjs\/.*|rxjs|node:util)$/ },
};

/** What would make the engine depend on when and where it runs. */
const IMPURE =
  /\b(Date\.now|performance\.now|Math\.random|setTimeout|setInterval|setImmediate|process\.|EventEmitter)\b|\basync\s|\bawait\s/;

const files = readdirSync(LIB, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts') && !file.endsWith('.d.ts'))
  .map(file => ({ file, source: readFileSync(join(LIB, file), 'utf8') }));

function importsOf(source: string): string[] {
  return [...source.matchAll(/(?:^|\n)(?:import|export)[^;]*?from '([^']+)'/g)].map(match => match[1]!);
}

describe.each(Object.keys(ALLOWED))('lib/%s', floor => {
  const { floors, packages } = ALLOWED[floor]!;
  const own = files.filter(({ file }) => file.startsWith(`${floor}/`));

  it('imports only from its own floor and those below', () => {
    expect(own.length).toBeGreaterThan(2);
    for (const { file, source } of own) {
      for (const path of importsOf(source)) {
        const target = path.startsWith('.') ? normalize(join(dirname(file), path)).split('/')[0]! : path;
        const isAllowed = path.startsWith('.') ? floors.includes(target) : packages.test(path);
        expect(`${file} imports ${path}: ${isAllowed}`).toBe(`${file} imports ${path}: true`);
      }
    }
  });
});

it('the engine reads no clock, no randomness and no process, and waits for nothing', () => {
  for (const { file, source } of files.filter(entry => entry.file.startsWith('engine/'))) {
    const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    expect([file, IMPURE.exec(code)?.[0]]).toEqual([file, undefined]);
  }
});

it('no file is longer than 350 lines', () => {
  const long = files.filter(({ source }) => source.split('\n').length > 350).map(({ file }) => file);
  expect(long).toEqual([]);
});
