import { describe, expect, it } from 'vitest';
import { leastUseful, REVIEW_SAMPLES } from '../../../../lib/engine/overlay/feed-review.js';
import { Timeliness } from '../../../../lib/engine/peers/timeliness.js';

/** A feed whose copies come so late. */
function feed(behindMs: number, samples = REVIEW_SAMPLES): { timeliness: Timeliness } {
  const timeliness = new Timeliness();
  for (let i = 0; i < samples; i++) timeliness.sample(behindMs);
  return { timeliness };
}

describe('the least useful feed', () => {
  it('is the far one that is much later than all others', () => {
    const far = [feed(190), feed(90)];
    expect(leastUseful(far, [feed(5), feed(10), ...far])).toBe(far[0]);
  });

  it('is none while they are all about as late', () => {
    const far = [feed(50), feed(40)];
    expect(leastUseful(far, [feed(30), feed(35), ...far])).toBeUndefined();
  });

  it('is none for some milliseconds', () => {
    const far = [feed(40), feed(1)];
    expect(leastUseful(far, [feed(1), feed(0), ...far])).toBeUndefined();
  });

  it('is none that may not be replaced, and nobody has to go in its place', () => {
    const far = [feed(60), feed(20)];
    expect(leastUseful(far, [feed(5), feed(100), ...far])).toBeUndefined();
  });

  it('is none that was hardly compared', () => {
    const far = [feed(90, REVIEW_SAMPLES - 1), feed(12)];
    expect(leastUseful(far, [feed(5), feed(10), ...far])).toBeUndefined();
  });

  it('is none when there are hardly any others to compare with', () => {
    const far = [feed(90)];
    expect(leastUseful(far, [feed(5), ...far])).toBeUndefined();
  });
});
