import { describe, expect, it } from 'vitest';
import { Arrivals } from '../../bench/gossip/arrivals.js';
import { decodeProbe, encodeProbe, PROBE_BYTES } from '../../bench/gossip/probe.js';

const probe = (run: number, sequence: number, sentAtUs = 0) => encodeProbe({ run, sequence, sentAtUs });

describe('a probe', () => {
  it('says the same after it was encoded', () => {
    const said = { run: 7, sequence: 4_000_000_000, sentAtUs: 123_456_789_012.25 };
    expect(decodeProbe(encodeProbe(said))).toEqual(said);
  });

  it('is as long as a small event', () => {
    expect(probe(1, 2)).toHaveLength(PROBE_BYTES);
  });

  it('is read from a view of other memory', () => {
    const memory = new Uint8Array(PROBE_BYTES + 3);
    memory.set(probe(1, 2), 3);
    expect(decodeProbe(memory.subarray(3))).toMatchObject({ run: 1, sequence: 2 });
  });
});

describe('the arrivals of a run', () => {
  it('are counted and timed node by node', () => {
    const arrivals = new Arrivals(2);
    arrivals.begin(1, 3);
    arrivals.add(0, probe(1, 0, 100), 150);
    arrivals.add(1, probe(1, 2, 200), 290);
    arrivals.add(1, probe(1, 0, 100), 310);
    expect(arrivals.report()).toEqual({
      received: [1, 2],
      lastAtUs: [150, 310],
      duplicates: 0,
      latenciesUs: [50, 90, 210],
    });
  });

  it('count a message that comes again as a duplicate, and only as that', () => {
    const arrivals = new Arrivals(2);
    arrivals.begin(1, 3);
    for (const atUs of [150, 160]) arrivals.add(1, probe(1, 2, 100), atUs);
    arrivals.add(0, probe(1, 2, 100), 170);
    expect(arrivals.count).toBe(2);
    expect(arrivals.report()).toMatchObject({ received: [1, 1], lastAtUs: [170, 150], duplicates: 1 });
  });

  it('leave out what comes late from the run before', () => {
    const arrivals = new Arrivals(1);
    arrivals.begin(1, 1);
    arrivals.begin(2, 1);
    arrivals.add(0, probe(1, 0), 100);
    expect(arrivals.count).toBe(0);
  });

  it('begin anew with each run', () => {
    const arrivals = new Arrivals(1);
    arrivals.begin(1, 1);
    arrivals.add(0, probe(1, 0, 100), 150);
    arrivals.begin(2, 1);
    arrivals.add(0, probe(2, 0, 200), 230);
    expect(arrivals.report()).toEqual({ received: [1], lastAtUs: [230], duplicates: 0, latenciesUs: [30] });
  });
});
