import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { transpile } from '../transpile.js';
import type { Figure } from './limit.js';

const TEST = fileURLToPath(new URL('..', import.meta.url));
/** Not where `npm run test:load` compiles to: both may run at once. */
const OUTPUT = join(TEST, '../dist/test');
const LOOPS = ['--processes', '3', '--awaited', '2', '--unawaited', '1'];
const LARGE = ['--large-processes', '3', '--senders', '2', '--large-bytes', '2000000'];

/** A short version of `npm run test:load`, without its limits on time and memory. */
describe('processes that emit as fast as they can', () => {
  let figures: Figure[];

  beforeAll(() => {
    const sources = ['load', 'processes'].flatMap(folder =>
      readdirSync(join(TEST, folder))
        .filter(name => /(?<!\.test)\.ts$/.test(name))
        .map(name => join(folder, name)),
    );
    for (const source of [...sources, 'simulate/load/gauges.ts']) {
      transpile(join(TEST, source), join(OUTPUT, source.replace(/ts$/, 'js')));
    }
    const args = [join(OUTPUT, 'load/main.js'), '--only', 'loops,large', ...LOOPS, ...LARGE, '--json'];
    // A status of 1 says that a limit was missed, which on a busy machine may be one of time.
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 200_000 });
    if (stdout === '') throw new Error(stderr);
    figures = JSON.parse(stdout) as Figure[];
  }, 240_000);

  const valueOf = (name: string) => figures.find(figure => figure.name === name)!.value;

  it('lose nothing when they await each emit', () => {
    expect(valueOf('awaited: deliveries')).toBeGreaterThan(100);
    expect(valueOf('awaited: not handled')).toBe(0);
    expect(valueOf('awaited: handled twice')).toBe(0);
  });

  it('are refused what is too much when they await none, and lose nothing that no counter knows', () => {
    expect(valueOf('unawaited: accepted')).toBeGreaterThan(100);
    expect(valueOf('unawaited: failed otherwise')).toBe(0);
    expect(valueOf('unawaited: not handled and not counted')).toBe(0);
  });

  it('get large messages from several of them at once as they were sent', () => {
    expect(valueOf('large: processes that got anything but all of them')).toBe(0);
  });
});
