import { beforeEach, describe, expect, it } from 'vitest';
import { formatEndpoint, type Endpoint } from '../../../../lib/engine/endpoint.js';
import { JOIN_RETRY_MS, REJOIN_MS, SEEDS_AT_ONCE, Seeds } from '../../../../lib/engine/membership/seeds.js';
import { EngineLab, endpointOf } from '../engine-lab.js';

let lab: EngineLab;
let seeds: Seeds;
let dialled: { to: string; at: number }[];

function startSeeds(overrides: ConstructorParameters<typeof EngineLab>[0] = {}): void {
  lab = new EngineLab(overrides);
  dialled = [];
  seeds = new Seeds(lab.context, lab.peers, (to, at) => {
    dialled.push({ to: formatEndpoint(to), at });
    return 'started';
  });
}

beforeEach(() => startSeeds());

const endpoints = (...numbers: number[]): Endpoint[] => numbers.map(endpointOf);
const names = (...numbers: number[]) => endpoints(...numbers).map(formatEndpoint);
const dialledNames = () => dialled.map(dial => dial.to);

describe('while the node knows nobody', () => {
  it('all seeds are dialled at once, and again every second', () => {
    seeds.set(endpoints(1, 2, 3), 0);
    lab.advanceTo(2 * JOIN_RETRY_MS);
    expect(dialledNames()).toEqual([...names(1, 2, 3), ...names(1, 2, 3), ...names(1, 2, 3)]);
    expect(new Set(dialled.map(dial => dial.at))).toEqual(new Set([0, JOIN_RETRY_MS, 2 * JOIN_RETRY_MS]));
  });

  it('a long list is dialled in parts, and over time the whole of it', () => {
    const many = endpoints(...Array.from({ length: 30 }, (_, i) => i + 1));
    seeds.set(many, 0);
    lab.advanceTo(0);
    expect(new Set(dialledNames()).size).toBe(SEEDS_AT_ONCE);
    lab.advanceTo(60_000);
    expect(new Set(dialledNames()).size).toBe(30);
  });

  it('our own address among them is passed over', () => {
    startSeeds({ bound: endpointOf(2) });
    seeds.set(endpoints(1, 2), 0);
    lab.advanceTo(JOIN_RETRY_MS);
    expect(new Set(dialledNames())).toEqual(new Set(names(1)));
  });

  it('a seed that turned out to be ourselves is passed over for a minute, and then tried again', () => {
    seeds.set(endpoints(1, 2), 0);
    seeds.isOurself(endpointOf(1), 0);
    lab.advanceTo(REJOIN_MS - 1);
    expect(new Set(dialledNames())).toEqual(new Set(names(2)));
    lab.advanceTo(REJOIN_MS + JOIN_RETRY_MS);
    expect(dialledNames()).toContain(names(1)[0]);
  });

  it('nobody is dialled when there are no seeds', () => {
    seeds.set([], 0);
    lab.advanceTo(60_000);
    expect(dialled).toEqual([]);
  });
});

describe('while the node has peers', () => {
  beforeEach(() => {
    lab.meet(1);
    seeds.set(endpoints(1, 2, 3), 0);
  });

  it('one seed that is no peer is dialled about once a minute, for ever', () => {
    lab.advanceTo(10 * REJOIN_MS);
    expect(dialled.length).toBeGreaterThanOrEqual(9);
    expect(dialled.length).toBeLessThanOrEqual(12);
    expect(new Set(dialledNames())).toEqual(new Set(names(2, 3)));
    const gaps = dialled.slice(1).map((dial, i) => dial.at - dialled[i]!.at);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0.9 * REJOIN_MS);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(1.1 * REJOIN_MS);
  });

  it('a new list is tried at once', () => {
    lab.advanceTo(1_000);
    dialled.length = 0;
    seeds.set(endpoints(9), 1_000);
    lab.advanceTo(1_000);
    expect(dialledNames()).toEqual(names(9));
  });

  it('all are dialled again when the last peer has gone', () => {
    lab.advanceTo(1_000);
    dialled.length = 0;
    lab.peers.remove(lab.peers.all().next().value!);
    seeds.rejoin(1_000);
    lab.advanceTo(1_000 + JOIN_RETRY_MS);
    expect(dialledNames()).toEqual(names(1, 2, 3));
  });
});
