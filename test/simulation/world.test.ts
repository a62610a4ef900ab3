import sodium from 'sodium-native';
import { describe, expect, it } from 'vitest';
import type { Missing } from '../simulate/ground-truth.js';
import type { SimulationOptions } from '../simulate/options.js';
import { isSound } from '../simulate/result.js';
import type { SimulatedCluster } from '../simulate/simulated-cluster.js';
import { runSimulation, type SimulationHooks } from '../simulate/simulation.js';

const SMALL: Partial<SimulationOptions> = { nodes: 40, zones: 8, settleMs: 5_000, warmUp: 10, messages: 20 };

const run = (options: Partial<SimulationOptions> = {}, hooks: SimulationHooks = {}) =>
  runSimulation({ ...SMALL, ...options }, hooks);

/** All figures that do not depend on the machine. */
function reproducible(options: Partial<SimulationOptions>): Record<string, unknown> {
  const { wallSeconds: _wall, peakMemoryMiB: _memory, ...figures } = run(options);
  return figures;
}

/** Lets an engine swallow each broadcast, or tell it so often. */
function tellBroadcasts(simulated: SimulatedCluster, node: number, times: number): void {
  const { engine } = simulated.homies[node]!;
  const nextEvent = engine.nextEvent.bind(engine);
  const waiting: ReturnType<typeof nextEvent>[] = [];
  engine.nextEvent = () => {
    for (;;) {
      if (waiting.length > 0) return waiting.shift();
      const event = nextEvent();
      if (event?.type !== 'broadcast') return event;
      for (let i = 0; i < times; i++) waiting.push(event);
    }
  };
}

describe('a run', () => {
  it('is the same for the same seed, with losses and all, and another for another seed', () => {
    const options = { loss: 0.1, seed: 7 };
    const first = reproducible(options);
    expect(reproducible(options)).toEqual(first);
    expect(reproducible({ ...options, seed: 8 })['digest']).not.toBe(first['digest']);
  });

  it('delivers every message everywhere once, and never faster than the direct way allows', () => {
    const result = run({ loss: 0.1 });
    expect(isSound(result)).toBe(true);
    expect(result).toMatchObject({ delivered: 1, explainedMissing: {}, unready: 0, start: 'warm' });
    expect(result.copiesPerNode).toBeGreaterThanOrEqual(0.9);
    expect(result.copiesSentPerNode).toBeGreaterThan(result.copiesPerNode);
    expect(result.stretch.p50).toBeGreaterThan(0.95);
  });

  it('holds the invariants of the engines', () => {
    expect(isSound(run({ nodes: 16, checkEvery: 1, loss: 0.05 }))).toBe(true);
  });

  it('can begin with nodes that join through one seed', () => {
    const result = run({ nodes: 20, coldStart: true, settleMs: 1_000 });
    expect(result).toMatchObject({ delivered: 1, start: 'cold', unready: 0 });
  });

  it('of two nodes is the direct way itself', () => {
    const result = run({ nodes: 2, zones: 2, messages: 100 });
    expect(result.stretch.p50).toBeGreaterThan(0.98);
    expect(result.stretch.p50).toBeLessThan(1.02);
    expect(result).toMatchObject({ delivered: 1, copiesPerNode: 1, hops: { p50: 1, max: 1 } });
  });

  it('with the cipher replaced has the same sizes, says so, and puts the real one back', () => {
    const real = sodium.crypto_secretbox_easy;
    const [sealed, open] = [run(), run({ cipher: 'null' })];
    expect(sodium.crypto_secretbox_easy).toBe(real);
    expect(open).toMatchObject({ cipher: 'null', delivered: 1, drops: {} });
    expect(Math.abs(open.bytesPerNodePerMessage / sealed.bytesPerNodePerMessage - 1)).toBeLessThan(0.1);
  });
});

describe('every scenario', () => {
  it.each(['quiet', 'many-origins', 'large', 'growth'] as const)('%s is sound at 2 %% loss', scenario => {
    const result = run({ scenario, nodes: 30, origins: 10, warmUp: 3, messages: 6, loss: 0.02 });
    expect(isSound(result)).toBe(true);
    expect(result.delivered).toBe(1);
  });

  it('kill tells how far each broadcast came among those who live', () => {
    const { kill, ...result } = run({ scenario: 'kill', nodes: 60, killShare: 0.3, messages: 4 });
    expect(isSound(result)).toBe(true);
    expect(kill).toMatchObject({ killed: 18, survivors: 42 });
    expect(kill!.broadcasts.map(broadcast => broadcast.at)).toEqual([0, 5_000, 10_000, 15_000]);
    expect(kill!.broadcasts.at(-1)!.finally).toBe(1);
  });
});

describe('the ground truth', () => {
  it('explains what a node that is cut off does not get', () => {
    const result = run(
      {},
      { prepare: ({ homies, cluster }) => cluster.network.partition([homies[5]!.endpoint.address]) },
    );
    expect(result.unexplainedMissing).toBe(0);
    expect(result.delivered).toBeLessThan(1);
    const missing = Object.values(result.explainedMissing).reduce((sum, count) => sum + count, 0);
    // Warm-up, those that count, and the second after them.
    expect(missing).toBe(50);
  });

  it('has no explanation for a message that an engine swallows', () => {
    const missing: Missing[] = [];
    const result = run(
      {},
      { prepare: simulated => tellBroadcasts(simulated, 5, 0), onUnexplained: each => missing.push(each) },
    );
    expect(result.unexplainedMissing).toBe(50);
    expect(result.explainedMissing).toEqual({});
    expect(missing.every(each => each.node === 5)).toBe(true);
    expect(isSound(result)).toBe(false);
  });

  it('sees when a handler gets a message twice', () => {
    const result = run({}, { prepare: simulated => tellBroadcasts(simulated, 5, 2) });
    expect(result.duplicatesToHandlers).toBe(50);
    expect(isSound(result)).toBe(false);
  });
});
