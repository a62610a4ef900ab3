import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { transpile } from '../transpile.js';
import type { ClusterComparison } from './main.js';
import type { ClusterResult } from './kill-and-pause.js';

const TEST = fileURLToPath(new URL('..', import.meta.url));
/** Not where `npm run test:cluster` compiles to: both may run at once. */
const OUTPUT = join(TEST, '../dist/test');
const NODES = 12;
/** Heartbeats that find the dead within two or three seconds, so that the test is short; on a busy machine it takes them longer. */
const ARGS = ['--nodes', String(NODES), '--heartbeat', '400,5', '--quiet', '0.5', '--pause', '7', '--json'];

/** A short version of `npm run test:cluster`. */
describe('twelve nodes in three processes', () => {
  let result: ClusterResult;
  let simulated: ClusterComparison;

  beforeAll(async () => {
    for (const folder of ['cluster', 'processes']) {
      for (const file of readdirSync(join(TEST, folder)).filter(name => /(?<!\.test)\.ts$/.test(name))) {
        transpile(join(TEST, folder, file), join(OUTPUT, folder, file.replace(/ts$/, 'js')));
      }
    }
    // It fails where not all nodes come to see all.
    const { stdout } = await promisify(execFile)(process.execPath, [join(OUTPUT, 'cluster/main.js'), ...ARGS]);
    const comparison = JSON.parse(stdout) as ClusterComparison;
    result = comparison.real[0]!;
    simulated = comparison;
    // Figures only: on a busy machine a process may stand still for longer than these heartbeats wait.
    const { falseDowns, detectionMs, healMs } = result;
    console.log(`false downs ${falseDowns}, detection ${detectionMs!.p50} ms, healed after a pause in ${healMs} ms`);
  }, 300_000);

  it('see all others after the start, after a kill and a restart, and after a pause', () => {
    expect(result.nodes).toBe(NODES);
  });

  it('tell of each node of a process that is killed, and not before it can be known', () => {
    expect(result.detectionMs!.p50).toBeGreaterThan(400);
  });

  it.each(['noWaiting', 'oneProcessorEach'] as const)(
    'are known to be dead in the simulation %s, too, and nobody else is',
    kind => {
      const [result] = simulated[kind];
      expect(result).toMatchObject({ nodes: NODES, falseDowns: 0, pausedTakenForDead: NODES / 3 });
      // Down within twice the detection time, which is 2 s here, and its beginning: the last word of the dead was a heartbeat ago.
      expect(result!.detectionMs!.p50).toBeGreaterThan(2_000);
      expect(result!.detectionMs!.max).toBeLessThan(4_400);
    },
  );

  it('take those for dead that stand still for longer than they are waited for', () => {
    expect(result.pausedTakenForDead).toBe(NODES / 3);
  });
});
