import { describe, expect, it } from 'vitest';
import { writeAddress } from '../../../lib/engine/crypto/address-bytes.js';
import { AnsweredHellos, MAX_ANSWERED_HELLOS } from '../../../lib/engine/crypto/answered-hellos.js';
import { CookieEpochs, type CookieEpoch } from '../../../lib/engine/crypto/cookie.js';
import { MAX_PREFIXES, OhaiLimits } from '../../../lib/engine/crypto/ohai-limits.js';
import { MAX_RECENT_COOKIES, RecentCookies } from '../../../lib/engine/crypto/recent-cookies.js';
import { MAX_RECENT_DIALS, RecentDials } from '../../../lib/engine/crypto/recent-dials.js';
import { TokenBucket } from '../../../lib/engine/crypto/token-bucket.js';
import { randomUnit } from '../../../lib/engine/random.js';
import { hexOf, seededRandom } from './seeded-random.js';
import { sessionPair } from './session-pair.js';

const secretOf = (epoch: CookieEpoch) => hexOf(epoch.ephemeral.secretKey);

describe('cookie epochs', () => {
  it('last 60 s', () => {
    const epochs = new CookieEpochs(seededRandom(1));
    const first = epochs.issue(1000);
    expect(epochs.issue(60_999)).toBe(first);
    expect(epochs.issue(61_000)).not.toBe(first);
  });

  it('are found for 15 s more, then zeroed', () => {
    const epochs = new CookieEpochs(seededRandom(1));
    const first = epochs.issue(0);
    epochs.issue(60_000);
    expect(epochs.find(74_999, first.number)).toBe(first);
    expect(secretOf(first)).not.toMatch(/^0+$/);
    expect(epochs.find(75_000, first.number)).toBeUndefined();
    expect(secretOf(first)).toMatch(/^0+$/);
    expect(hexOf(first.cookieKey)).toMatch(/^0+$/);
  });

  it('are zeroed by the timeout when nobody says Hello', () => {
    const epochs = new CookieEpochs(seededRandom(1));
    const first = epochs.issue(0);
    expect(epochs.deadline()).toBe(75_000);
    epochs.timeout(75_000);
    expect(secretOf(first)).toMatch(/^0+$/);
    expect(epochs.deadline()).toBe(Infinity);
  });

  it('are not made before they are needed', () => {
    const epochs = new CookieEpochs(seededRandom(1));
    expect(epochs.find(0, 0)).toBeUndefined();
    expect(epochs.deadline()).toBe(Infinity);
  });

  it('have keys of their own, and numbers that count up', () => {
    const epochs = new CookieEpochs(seededRandom(1));
    const made = Array.from({ length: 300 }, (_, i) => {
      const epoch = epochs.issue(i * 60_000);
      return { number: epoch.number, secret: secretOf(epoch), cookie: hexOf(epoch.cookieKey) };
    });
    expect(new Set(made.map(epoch => epoch.secret)).size).toBe(300);
    expect(new Set(made.map(epoch => epoch.cookie)).size).toBe(300);
    for (let i = 1; i < made.length; i++) expect(made[i]!.number).toBe((made[i - 1]!.number + 1) % 256);
  });

  it('never have two live epochs of one number', () => {
    const epochs = new CookieEpochs(seededRandom(1));
    const first = epochs.issue(0);
    const second = epochs.issue(70_000);
    expect(epochs.find(70_000, first.number)).toBe(first);
    expect(epochs.find(70_000, second.number)).toBe(second);
  });
});

const addressOf = (address: string) => {
  const bytes = new Uint8Array(18);
  writeAddress({ address, port: 1 }, bytes);
  return bytes;
};

describe('the limit on Ohais', () => {
  const one = addressOf('127.0.0.1');
  const host = (n: number) => addressOf(`10.${n >>> 16}.${(n >>> 8) & 255}.${n & 255}`);

  it('lets 255 nodes behind one address start at once', () => {
    const limits = new OhaiLimits();
    const verdicts = Array.from({ length: 256 }, () => limits.refuse(0, one));
    expect(verdicts.filter(verdict => verdict === undefined)).toHaveLength(255);
    expect(verdicts[255]).toBe('prefix_limited');
  });

  it('leaves an address 20 a second above 250 a second in all', () => {
    const limits = new OhaiLimits();
    let allowed = 0;
    // A thousand a second from everybody, a tenth of them from one.
    const random = seededRandom(20);
    for (let ms = 0; ms < 10_000; ms++) {
      if (randomUnit(random) > 0.1) limits.refuse(ms, host(ms));
      else if (limits.refuse(ms, one) === undefined) allowed++;
    }
    // Its own 20 a second, and its tenth of the 250 a second that are free for all.
    expect(allowed).toBeGreaterThan(350);
    expect(allowed).toBeLessThan(550);
  });

  it('does not limit an address below 250 a second', () => {
    const limits = new OhaiLimits();
    for (let ms = 0; ms < 5000; ms += 5) expect(limits.refuse(ms, one)).toBeUndefined();
  });

  it('leaves room for others when one address floods', () => {
    const limits = new OhaiLimits();
    let refused = 0;
    for (let ms = 0; ms < 5000; ms++) {
      for (let i = 0; i < 5; i++) limits.refuse(ms, one);
      if (ms % 20 === 0 && limits.refuse(ms, host(ms)) !== undefined) refused++;
    }
    expect(refused).toBe(0);
  });

  it('is a thousand in a second for all together', () => {
    const limits = new OhaiLimits();
    let allowed = 0;
    for (let i = 0; i < 3000; i++) if (limits.refuse(0, host(i)) === undefined) allowed++;
    expect(allowed).toBe(1000);
    expect(limits.refuse(0, host(9999))).toBe('rate_limited');
    expect(limits.refuse(1, host(9998))).toBeUndefined();
  });

  it('remembers a bounded number of prefixes', () => {
    const limits = new OhaiLimits();
    for (let i = 0; i < MAX_PREFIXES * 3; i++) limits.refuse(0, host(i));
    expect(() => limits.check()).not.toThrow();
  });
});

describe('a token bucket', () => {
  it('allows its burst, then its rate', () => {
    const bucket = new TokenBucket(10, 3, 0);
    expect([0, 0, 0, 0, 99, 100, 150, 200].map(now => bucket.take(now))).toEqual([
      true,
      true,
      true,
      false,
      false,
      true,
      false,
      true,
    ]);
  });

  it('never saves up more than its burst', () => {
    const bucket = new TokenBucket(10, 3, 0);
    const at = 1e9;
    expect([at, at, at, at].map(now => bucket.take(now))).toEqual([true, true, true, false]);
  });

  it('is not filled by a clock that stands or goes back', () => {
    const bucket = new TokenBucket(10, 1, 1000);
    expect([1000, 1000, 500, 1000].map(now => bucket.take(now))).toEqual([true, false, false, false]);
  });
});

const nonce = (n: number) => {
  const bytes = new Uint8Array(24);
  new DataView(bytes.buffer).setUint32(0, n, true);
  return bytes;
};

describe('answered Hellos', () => {
  it('are remembered up to 4,096, the oldest forgotten first', () => {
    const answered = new AnsweredHellos();
    for (let n = 0; n < MAX_ANSWERED_HELLOS + 10; n++) answered.add(nonce(n));
    expect(() => answered.check()).not.toThrow();
    expect([9, 10, MAX_ANSWERED_HELLOS + 9].map(n => answered.has(nonce(n)))).toEqual([false, true, true]);
  });
});

const cookie = (n: number) => {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, n, true);
  return bytes;
};

describe('recent cookies', () => {
  const { responder: session } = sessionPair();
  const goTeam = new Uint8Array(100);

  it('are remembered for 12 s', () => {
    const recent = new RecentCookies();
    recent.add(0, cookie(1), session, goTeam);
    expect(recent.find(11_999, cookie(1))?.goTeam).toBe(goTeam);
    expect(recent.find(12_000, cookie(1))).toBeUndefined();
  });

  it('are remembered up to 1,024, the oldest forgotten first', () => {
    const recent = new RecentCookies();
    for (let n = 0; n < MAX_RECENT_COOKIES + 10; n++) recent.add(n, cookie(n), session, goTeam);
    expect(() => recent.check()).not.toThrow();
    expect([9, 10].map(n => recent.find(1100, cookie(n)) !== undefined)).toEqual([false, true]);
  });
});

describe('recent dials', () => {
  it('are refused for 5 s', () => {
    const dials = new RecentDials();
    dials.add(0, 'a');
    expect(dials.refuse(4999, 'a')).toBe('too_soon');
    expect(dials.refuse(4999, 'b')).toBeUndefined();
    expect(dials.refuse(5000, 'a')).toBeUndefined();
  });

  it('are remembered up to 4,096, and then no other is allowed', () => {
    const dials = new RecentDials();
    for (let n = 0; n < MAX_RECENT_DIALS; n++) dials.add(0, `${n}`);
    expect(dials.refuse(0, 'x')).toBe('full');
    expect(dials.refuse(5000, 'x')).toBeUndefined();
    expect(() => dials.check()).not.toThrow();
  });
});
