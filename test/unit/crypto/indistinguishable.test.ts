import { describe, expect, it } from 'vitest';
import { Lab } from './handshake-lab.js';
import { finish, takeGoTeam, takeHello, takeOhai, takeOkBoss } from './insider.js';
import { sealText, sessionPair } from './session-pair.js';

const POSITIONS = 32;
const PER_KIND = 4_000;

/** Counts byte values at each of the first 32 positions. */
class Histogram {
  private readonly counts = Array.from({ length: POSITIONS }, () => new Uint32Array(256));
  total = 0;

  add(datagram: Uint8Array): void {
    this.total++;
    for (let i = 0; i < POSITIONS; i++) this.counts[i]![datagram[i]!]!++;
  }

  /** Chi-square of each position against the uniform distribution, 255 degrees of freedom. */
  get chiSquares(): number[] {
    const expected = this.total / 256;
    return this.counts.map(counts => counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0));
  }
}

/** As many of every message of a handshake as of data, all data with one text under one key. */
function collect(): Record<string, Histogram> {
  const kinds = {
    hello: new Histogram(),
    ohai: new Histogram(),
    okboss: new Histogram(),
    goteam: new Histogram(),
    data: new Histogram(),
    all: new Histogram(),
  };
  const put = (kind: keyof typeof kinds, datagram: Uint8Array) => {
    kinds[kind].add(datagram);
    kinds.all.add(datagram);
    return datagram;
  };
  for (let i = 0; i < PER_KIND / 50; i++) {
    const lab = new Lab(1000 + i);
    const responder = lab.node();
    for (let j = 0; j < 50; j++) {
      const stage = { initiator: lab.node(), responder };
      const okBoss = put('okboss', takeOkBoss(stage, put('ohai', takeOhai(stage, put('hello', takeHello(stage))))));
      finish(stage, put('goteam', takeGoTeam(stage, okBoss)));
    }
  }
  const { initiator } = sessionPair();
  for (let i = 0; i < PER_KIND; i++) put('data', sealText(initiator, 'the same text every time')!);
  return kinds;
}

describe('to somebody without the key', () => {
  const kinds = collect();

  it('there are 20,000 datagrams to look at', () => {
    expect(kinds.all!.total).toBe(5 * PER_KIND);
  });

  for (const kind of ['hello', 'ohai', 'okboss', 'goteam', 'data', 'all']) {
    it(`the bytes of ${kind} look random at every position`, () => {
      // Five standard deviations: a uniform byte leaves them once in a million positions, and there are 192 here.
      for (const chiSquare of kinds[kind]!.chiSquares) {
        expect(chiSquare).toBeGreaterThan(157);
        expect(chiSquare).toBeLessThan(385);
      }
    });
  }
});
