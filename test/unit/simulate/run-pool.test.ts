import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunCache } from '../../simulate/report/run-cache.js';
import { runAll } from '../../simulate/report/run-pool.js';

interface Run {
  readonly nodes: number;
  /** Exit code of the program; 1 is a run that failed, 2 one that has no result. */
  readonly status: number;
}

interface Result {
  readonly nodes: number;
}

/** In place of the simulator. */
const PROGRAM = `
const [nodes, status] = process.argv.slice(2).map(Number);
if (status < 2) process.stdout.write(JSON.stringify({ nodes }));
else process.stderr.write('out of luck');
process.exitCode = status;
`;

const argumentsOf = ({ nodes, status }: Run) => [String(nodes), String(status)];

let directory = '';
let done: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pool-'));
  writeFileSync(join(directory, 'program.mjs'), PROGRAM);
  done = [];
});
afterEach(() => rmSync(directory, { recursive: true }));

function run(runs: readonly Run[], largeRuns: 'first' | 'last' = 'first') {
  return runAll<Run, Result>(runs, {
    program: join(directory, 'program.mjs'),
    argumentsOf,
    cache: new RunCache(join(directory, 'results.jsonl'), 'code'),
    parallel: 1,
    largeRuns,
    onDone: ({ run: { nodes }, result }, _seconds, complaint) => {
      done.push(`${nodes} ${result === undefined ? complaint : 'done'}`);
    },
  });
}

const SMALL = { nodes: 10, status: 0 };
const LARGE = { nodes: 5_000, status: 0 };

describe('the pool of runs', () => {
  it('does large ones first or last, and returns all in their order', async () => {
    const outcomes = await run([SMALL, LARGE]);
    expect(outcomes.map(({ result }) => result?.nodes)).toEqual([10, 5_000]);
    expect(done).toEqual(['5000 done', '10 done']);
    rmSync(join(directory, 'results.jsonl'));
    done = [];
    await run([LARGE, SMALL], 'last');
    expect(done).toEqual(['10 done', '5000 done']);
  });

  it('does nothing twice, not even what failed', async () => {
    const runs = [SMALL, { nodes: 20, status: 1 }];
    const first = await run(runs);
    expect(first[1]!.result).toEqual({ nodes: 20 });
    done = [];
    expect(await run(runs)).toEqual(first);
    expect(done).toEqual([]);
  });

  it('tells of a run without a result, and does it again next time', async () => {
    const runs = [{ nodes: 30, status: 2 }];
    expect((await run(runs))[0]!.result).toBeUndefined();
    await run(runs);
    expect(done).toEqual(['30 out of luck', '30 out of luck']);
  });
});
