import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DemoRun } from './fixtures/demo-run.js';

const NAMES = ['ash', 'birch', 'cedar', 'elm', 'fir', 'oak'];

/** Six processes start; where an event is lost, each change waits for it. */
const TIMEOUT = 180_000;

/** Something of the table, long before the round is over. */
const FIRST_CHANGE = '\nash: chair';

describe('the demo, one round', { timeout: TIMEOUT }, () => {
  it('reaches everyone from everyone, exactly once', async () => {
    const run = new DemoRun(['--once']);
    expect(await run.ended).toEqual({ code: 0, signal: null });

    expect(run.homies.map(({ name }) => name)).toEqual(NAMES);
    expect(new Set(run.homies.map(({ zone }) => zone)).size).toBe(3);
    expect(run.changes.map(({ emitter }) => emitter)).toEqual(NAMES);
    for (const { emitter, cells, served } of run.changes) {
      expect(cells.indexOf('-')).toBe(NAMES.indexOf(emitter));
      expect(cells.filter(cell => /^\d+\.\d\d$/.test(cell))).toHaveLength(5);
      expect(served).toBe('5 of 5');
    }
    expect(run.output).toContain('30 of 30 events arrived exactly once.');
    expect(run.output).toContain('30 of 30 caches served the old product before the event and the new one after it.');
    expect(run.output).toMatch(/\nOK\n$/);
    expect(run.errors).toBe('');
    expect(run.remains).toEqual([]);
  });

  it('fails when an event does not arrive, and names it', async () => {
    const wires = mkdtempSync(join(tmpdir(), 'gwyh-wires-'));
    onTestFinished(() => rmSync(wires, { recursive: true }));
    const cutWire = new URL('fixtures/cut-wire.mjs', import.meta.url).href;
    const run = new DemoRun(['--once'], { NODE_OPTIONS: `--import=${cutWire}`, CUT_WIRE_DIRECTORY: wires });
    await run.shows('Ready after');
    writeFileSync(join(wires, String(run.pidOf('oak'))), '');

    expect(await run.ended).toEqual({ code: 1, signal: null });
    // By the time of the last change the wire is cut for sure: it reaches nobody, nobody forgets the old product.
    expect(run.changes.at(-1)).toEqual({
      emitter: 'oak',
      cells: [...NAMES.slice(0, 5).map(() => 'lost'), '-'],
      served: '0 of 5',
    });
    expect(run.output).toContain('PROBLEM  oak -> ash: cache.invalidate of "table" did not arrive within 5000 ms');
    expect(run.output).toContain('PROBLEM  oak -> ash: cache.invalidate of "table" left the old product in the cache');
    expect(run.output).toMatch(/\nFAILED\n$/);
    expect(run.remains).toEqual([]);
  });

  it('fails when a homie dies, and names it', async () => {
    const run = new DemoRun(['--once']);
    await run.shows(FIRST_CHANGE);
    process.kill(run.pidOf('oak'), 'SIGKILL');
    expect(await run.ended).toEqual({ code: 1, signal: null });
    expect(run.errors).toContain('Homie oak died (SIGKILL).');
    expect(run.errors).toMatch(/\nFAILED\n$/);
    expect(run.remains).toEqual([]);
  });

  it('fails when it is ended before there is a verdict', async () => {
    const run = new DemoRun(['--once']);
    await run.shows('homie   zone');
    run.kill('SIGTERM');
    expect(await run.ended).toEqual({ code: 128 + 15, signal: null });
    expect(run.errors).toContain('Ended by SIGTERM before the round was complete.');
    expect(run.remains).toEqual([]);
  });
});

describe('the demo, endless', { timeout: TIMEOUT }, () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('goes on until %s and leaves nothing behind', async signal => {
    const run = new DemoRun([]);
    await run.shows(FIRST_CHANGE);
    run.kill(signal);
    expect(await run.ended).toEqual({ code: 0, signal: null });
    expect(run.output).toMatch(/\nBye\.\n$/);
    expect(run.remains).toEqual([]);
  });

  it('takes its homies along when it is killed', async () => {
    const run = new DemoRun([]);
    await run.shows('Ready after');
    run.kill('SIGKILL');
    await run.ended;
    await expect.poll(() => run.remains.filter(rest => rest.startsWith('homie')), { timeout: 30_000 }).toEqual([]);
  });
});

describe('the command line of the demo', () => {
  it.each(['--onec', '--once=yes', 'once'])('refuses %s', async flag => {
    const run = new DemoRun([flag]);
    expect(await run.ended).toEqual({ code: 2, signal: null });
    expect(run.errors).toContain(`Unknown flag "${flag}". There are --once and --help.`);
    expect(run.remains).toEqual([]);
  });

  it('explains itself', async () => {
    const run = new DemoRun(['--help']);
    expect(await run.ended).toEqual({ code: 0, signal: null });
    expect(run.output).toContain('--once');
    expect(run.remains).toEqual([]);
  });
});
