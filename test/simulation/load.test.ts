import { describe, expect, it } from 'vitest';
import { runSlowLinks } from '../simulate/load/slow-links.js';
import { runSoak } from '../simulate/load/soak.js';
import { replaceCipher } from '../simulate/null-cipher.js';

/** Short versions of `npm run simulate:load`. The cipher is replaced: it changes nothing but the wall time. */
function withoutCipher<T>(run: () => T): T {
  const restore = replaceCipher();
  try {
    return run();
  } finally {
    restore();
  }
}

describe('an origin that offers ten times what the slowest line takes', () => {
  const result = withoutCipher(() => runSlowLinks({ nodes: 12, seconds: 2 }));
  const [slow, ...others] = result.classes;

  it('reaches fast nodes with all it sends', () => {
    for (const { worstDelivered } of others) expect(worstDelivered).toBe(1);
  });

  it('reaches the slow ones late, or not at all, and they know of all they miss', () => {
    // What is offered just fits those in between.
    const fast = others.filter(({ nodes, fromMbits }) => nodes > 0 && fromMbits >= 40);
    expect(fast).not.toEqual([]);
    expect(slow!.latencyMs.p50).toBeGreaterThan(3 * Math.max(...fast.map(({ latencyMs }) => latencyMs.p50)));
    expect(result.uncounted).toBe(0);
  });

  it('makes nobody take a slow node for dead', () => {
    expect(result.falseDowns).toBe(0);
  });
});

describe('minutes in which anything happens', () => {
  const result = withoutCipher(() => runSoak({ nodes: 6, hours: 0.05, checkEvery: 100 }));

  it('leave a cluster that is whole, and no message was handled twice', () => {
    expect(result.isWhole).toBe(true);
    expect(result.duplicates).toBe(0);
    expect(result.deliveries).toBeGreaterThan(1_000);
  });

  it('leave nothing behind in the nodes', () => {
    expect(result.left).toEqual([]);
  });
});
