import { describe, expect, it } from 'vitest';
import type { MembershipOptions } from '../simulate/membership/options.js';
import { type MembershipHooks, runMembership } from '../simulate/membership/membership-simulation.js';
import type { MembershipResult } from '../simulate/membership/result.js';
import type { Stage } from '../simulate/membership/stage.js';

/** Small and short: these tests are about the simulator. */
const run = (options: Partial<MembershipOptions>, hooks: MembershipHooks = {}) =>
  runMembership({ nodes: 12, zones: 4, settleMs: 10_000, cipher: 'null', ...options }, hooks);

/** All figures that do not depend on the machine. */
function reproducible(options: Partial<MembershipOptions>): Partial<MembershipResult> {
  const { wallSeconds: _wall, peakMemoryMiB: _memory, memberBytes: _bytes, ...figures } = run(options);
  return figures;
}

/** Nothing gets to the last node, and nothing from it. */
function cutOff(stage: Stage): void {
  stage.simulated.cluster.network.partition([stage.homie(stage.nodes - 1).endpoint.address]);
}

/** An engine keeps to itself what it receives. */
function swallowBroadcasts(stage: Stage, node: number): void {
  const { engine } = stage.homie(node);
  const nextEvent = engine.nextEvent.bind(engine);
  engine.nextEvent = () => {
    let event = nextEvent();
    while (event?.type === 'broadcast') event = nextEvent();
    return event;
  };
}

/** Nothing dies or pauses here unless a test makes it so; longer than any engine waits before it tells of a death. */
const QUIET = { scenario: 'false-downs', disturbedMs: 60_000, pausedShare: 0 } as const;

describe('a run about members', () => {
  it.each([
    { scenario: 'detection', kills: 2 },
    { scenario: 'false-downs', disturbedMs: 60_000 },
  ] as const)('is the same for the same seed, and another for another seed: $scenario', options => {
    const first = reproducible({ ...options, loss: 0.1, seed: 7 });
    expect(reproducible({ ...options, loss: 0.1, seed: 7 })).toEqual(first);
    expect(reproducible({ ...options, loss: 0.1, seed: 8 }).digest).not.toBe(first.digest);
  });

  it('of a cluster in which nothing happens has nothing to complain of, and holds the invariants of the engines', () => {
    const result = run({ ...QUIET, checkEvery: 1 });
    expect(result).toMatchObject({ falseDowns: 0, trueDowns: 0, excusedDowns: 0, convergenceMs: 0, failures: [] });
  });

  it('fails when a member is told to be down that the scenario has not cut off', () => {
    const result = run(QUIET, { prepare: cutOff });
    expect(result.falseDowns).toBeGreaterThanOrEqual(11);
    expect(result.falselyDownMembers).toBeGreaterThan(0);
    expect(result.falseDownExamples.some(({ subject }) => subject === 11)).toBe(true);
    expect(result.failures.join()).toContain('told to be down');
  });

  it('excuses what is told of a member that the scenario has cut off, and still sees that it never came back', () => {
    const result = run(QUIET, {
      prepare: stage => {
        cutOff(stage);
        stage.witness.isExcused = (observer, subject) => observer === 11 || subject === 11;
      },
    });
    expect(result).toMatchObject({ falseDowns: 0, convergenceMs: null });
    expect(result.excusedDowns).toBeGreaterThanOrEqual(11);
    expect(result.failures).toEqual([expect.stringContaining('not all saw all')]);
  });
});

describe('detection', () => {
  it('measures every death at every survivor', () => {
    const { detection, detectionMs, ...result } = run({ scenario: 'detection', kills: 3 });
    expect(result).toMatchObject({ failures: [], trueDowns: 11 + 10 + 9 });
    expect(detection).toMatchObject({ kills: 3, isRestarting: false, rejoinMs: null, untold: 0 });
    expect(detection!.firstMs.p50).toBeGreaterThan(0);
    expect(detectionMs!.p50).toBeGreaterThanOrEqual(detection!.firstMs.p50);
    expect(detectionMs!.max).toBe(detection!.perSurvivorMs.max);
  });

  it('starts the nodes of a small cluster again', () => {
    const { detection, ...result } = run({ scenario: 'detection', nodes: 5, kills: 4 });
    expect(result).toMatchObject({ failures: [], trueDowns: 4 * 4 });
    expect(detection).toMatchObject({ kills: 4, isRestarting: true });
    expect(detection!.rejoinMs!.p50).toBeGreaterThan(0);
  });

  it('fails when a survivor does not tell of a death', () => {
    const result = run(
      { scenario: 'detection', kills: 1 },
      {
        prepare: stage => {
          const { engine } = stage.homie(3);
          engine.nextEvent = () => undefined;
        },
      },
    );
    expect(result.detection!.untold).toBe(result.detectionMs!.max === 120_000 ? 1 : 0);
    expect(result.failures.join()).toContain('did not tell of a death');
  });
});

describe('pauses', () => {
  it('happen about once a minute to each node that pauses', () => {
    const { disturbance } = run({ scenario: 'false-downs', disturbedMs: 120_000, pausedShare: 0.9 });
    // Eleven of 12 nodes, each about once a minute.
    expect(disturbance!.pauses).toBeGreaterThan(12);
    expect(disturbance!.pauses).toBeLessThan(48);
    expect(disturbance!.nodeHours).toBe(0.4);
  });
});

describe('one-way faults', () => {
  it('are a table that says who could be reached by whom, and what was told of them', () => {
    const { oneWay } = run({ scenario: 'one-way', nodes: 13, minutesMs: 30_000, settleMs: 5_000 });
    const shares = Object.fromEntries(oneWay!.map(({ name, reachedByShare }) => [name, reachedByShare]));
    expect(shares).toMatchObject({
      'a member does not reach a third of the others': 0.66667,
      'a member does not reach two thirds of the others': 0.33333,
      'two thirds of the others do not reach a member': 0.33333,
      'a member reaches nobody': 0,
      'two halves joined by one member': 0.5,
    });
    const mute = oneWay!.find(({ reachedByShare }) => reachedByShare === 0)!;
    expect(mute).toMatchObject({ mustStay: false, failures: [] });
    expect(mute.excusedDowns).toBeGreaterThan(0);
  });
});

describe('a partition', () => {
  it.each([
    ['halves', [6, 6], 72],
    ['thirds', [4, 4, 4], 96],
    ['zone', [3, 9], 54],
  ] as const)('into %s is noticed, heals, and broadcasts go everywhere then', (shape, sides, separatedPairs) => {
    const { partition, convergenceMs, excusedDowns } = run({ scenario: 'partition', shape });
    expect(partition).toMatchObject({ shape, minutes: 1, sides, separatedPairs, unhealedPairs: 0 });
    expect(partition!.unnoticedPairs).toBeLessThan(separatedPairs);
    expect(partition!.broadcasts).toMatchObject({ sent: 20, expected: 20 * 11, lost: 0, duplicates: 0 });
    expect(convergenceMs).toBeGreaterThan(0);
    expect(excusedDowns).toBeGreaterThan(0);
  });

  it('that does not heal fails', () => {
    const { partition, convergenceMs, failures } = run(
      { scenario: 'partition' },
      { prepare: ({ simulated }) => Object.assign(simulated.cluster.network, { heal: () => undefined }) },
    );
    expect(convergenceMs).toBeNull();
    expect(partition!.unhealedPairs).toBe(2 * 6 * 6);
    expect(failures.join()).toContain('did not see each other');
  });

  it('after which a broadcast is lost fails, and says where', () => {
    const { partition, failures } = run({ scenario: 'partition' }, { prepare: stage => swallowBroadcasts(stage, 4) });
    const { lost, lostWithoutPath, examples } = partition!.broadcasts;
    expect(lost).toBeGreaterThan(10);
    expect(lostWithoutPath).toBe(0);
    expect(examples.every(({ node, deliveries }) => node === 4 && deliveries === 10)).toBe(true);
    expect(failures.join()).toContain('did not reach');
  });
});

describe('idle', () => {
  it('counts what is sent, and of what it consists', () => {
    const result = run({ scenario: 'idle' });
    const { idle, idleBytesPerSecondPerNode: bytes, idlePacketsPerSecondPerNode: packets } = result;
    expect(result.failures).toEqual([]);
    expect(bytes).toBeGreaterThan(0);
    expect(idle!.bytesPerSecondWithHeaders).toBeCloseTo(bytes + 28 * packets, 1);
    const sum = Object.values(idle!.bytesPerSecondByFrame!).reduce((total, each) => total + each, 0);
    expect(Math.abs(sum / bytes - 1)).toBeLessThan(0.001);
    expect(idle!.bytesPerSecondByFrame!['heartbeat']).toBeGreaterThan(0);
  });

  it('cannot look into datagrams that are encrypted', () => {
    expect(run({ scenario: 'idle', nodes: 3, cipher: 'xsalsa20-poly1305' }).idle!.bytesPerSecondByFrame).toBeNull();
  });
});

describe('a mass start', () => {
  it('tells when each node was ready, and when it knew all others', () => {
    const { join, start, convergenceMs, failures } = run({ scenario: 'join', nodes: 20 });
    expect(failures).toEqual([]);
    expect(start).toBe('cold');
    expect(join).toMatchObject({
      seeds: 3,
      unready: 0,
      incomplete: 0,
      broadcasts: { sent: 10, expected: 190, lost: 0 },
    });
    expect(join!.readyMs.max).toBeGreaterThan(0);
    expect(join!.fullMs.max).toBe(convergenceMs);
  });
});

describe('a rolling restart', () => {
  it.each([false, true])('ends all lives and starts as many, while broadcasts go on (killed: %s)', isHard => {
    const result = run({ scenario: 'rolling', nodes: 8, isHard });
    expect(result.rolling).toMatchObject({ restarts: 8, atATime: 2, isHard, unready: 0 });
    expect(result.rolling!.broadcasts.sent).toBeGreaterThan(20);
    expect(result.rolling!.broadcasts.expected).toBeGreaterThan(100);
    expect(result.convergenceMs).not.toBeNull();
    expect(result.trueDowns > 0).toBe(isHard);
  });

  it('in which broadcasts do not reach nodes that were there fails', () => {
    const hooks: MembershipHooks = {
      prepare: stage => {
        for (let node = 0; node < stage.nodes; node++) swallowBroadcasts(stage, node);
      },
    };
    const { rolling, failures } = run({ scenario: 'rolling' }, hooks);
    expect(rolling!.broadcasts.examples.some(({ hadPath }) => hadPath)).toBe(true);
    expect(failures.join()).toContain('did not reach');
  });
});
