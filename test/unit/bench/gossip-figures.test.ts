import { describe, expect, it } from 'vitest';
import { gossipFigures, type GossipRun } from '../../bench/gossip/gossip-figures.js';

const SECOND_US = 1e6;

/** Ten messages of the first of three nodes in two processes: the second had nine of them after 3 s, the third ten after 2 s. */
const RUN: GossipRun = {
  begunUs: 5 * SECOND_US,
  cpuSeconds: 0.38,
  expected: [0, 10, 10],
  reports: [
    { received: [0, 9], lastAtUs: [0, 8 * SECOND_US], duplicates: 0, latenciesUs: [1_000, 2_000] },
    { received: [10], lastAtUs: [7 * SECOND_US], duplicates: 2, latenciesUs: [3_000, 90_000] },
  ],
};

describe('figures of broadcasts', () => {
  it('have the rate of the slowest receiver, without what it lost', () => {
    expect(gossipFigures(RUN).perSecond).toBe(3);
  });

  it('have a rate of 0 when a node received nothing', () => {
    const silent = { received: [0], lastAtUs: [0], duplicates: 0, latenciesUs: [] };
    expect(gossipFigures({ ...RUN, reports: [RUN.reports[0]!, silent] }).perSecond).toBe(0);
  });

  it('count the deliveries that did not happen, and those that happened again', () => {
    expect(gossipFigures(RUN)).toMatchObject({ lost: 1, duplicates: 2 });
  });

  it('have latencies of all receivers, in milliseconds', () => {
    expect(gossipFigures(RUN).latencyMs).toEqual({ p50: 2, p99: 90 });
  });

  it('have the processor time of a million deliveries', () => {
    expect(gossipFigures(RUN).cpuSecondsPerMillion).toBeCloseTo(20_000);
  });
});
