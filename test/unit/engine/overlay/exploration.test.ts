import { beforeEach, describe, expect, it } from 'vitest';
import type { DialResult } from '../../../../lib/engine/crypto/handshakes.js';
import { MemberTable } from '../../../../lib/engine/membership/member-table.js';
import {
  Exploration,
  MAX_PROBES,
  MAX_UNUSED_PEERS,
  QUICK_PROBE_MS,
  QUICK_PROBES,
  REMEASURE_MS,
  SLOW_PROBE_MS,
} from '../../../../lib/engine/overlay/exploration.js';
import { Timer } from '../../../../lib/engine/timer-heap.js';
import { EngineLab, endpointOf, idOf } from '../engine-lab.js';

let lab: EngineLab;
let table: MemberTable;
let exploration: Exploration;
let isNearEnough: boolean;
let ticks: number;
let dialled: { at: number; number: number }[];
/** Whether dials are answered, after 50 ms. */
let answers: boolean;

beforeEach(() => {
  lab = new EngineLab();
  table = new MemberTable();
  isNearEnough = false;
  answers = true;
  ticks = 0;
  dialled = [];
  exploration = new Exploration(
    lab.context,
    lab.peers,
    table,
    (_to, at, id): DialResult => {
      dialled.push({ at, number: Number.parseInt(id.slice(0, 8), 16) });
      if (answers) lab.context.timers.set(new Timer(now => measure(id, now, 50)), at + 50);
      return 'started';
    },
    () => isNearEnough,
    () => ticks++,
  );
});

function know(from: number, to: number, zone = 'here'): void {
  for (let number = from; number <= to; number++) {
    table.merge({ id: idOf(number), incarnation: 1, state: 'up', endpoint: endpointOf(number), zone }, 0);
  }
}

function measure(id: string, now: number, roundTripMs: number): void {
  table.get(id)!.remember({ roundTripMs, measuredAt: now });
  exploration.measured(id);
}

const numbers = () => dialled.map(({ number }) => number);

describe('probes', () => {
  it('come quickly at first, then later and later, and one a minute for ever', () => {
    know(1, 900);
    exploration.feedsChosen(0);
    lab.advanceTo(QUICK_PROBES * QUICK_PROBE_MS);
    expect(Math.abs(dialled.length - QUICK_PROBES)).toBeLessThan(6);
    lab.advanceTo(3_600_000);
    dialled = [];
    lab.advanceTo(7_200_000);
    expect(Math.abs(dialled.length - 3_600_000 / SLOW_PROBE_MS)).toBeLessThan(10);
  });

  it('go to members that were never measured, each of them once', () => {
    know(1, 20);
    exploration.feedsChosen(0);
    lab.advanceTo(15_000);
    expect(numbers().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it('go to those of the own zone first, if that tells anything', () => {
    know(1, 40, 'there');
    know(41, 50, 'here');
    exploration.feedsChosen(0);
    lab.advanceTo(60_000);
    expect(Math.min(...numbers().slice(0, 10))).toBe(41);
  });

  it('are in no hurry while near feeds are near enough', () => {
    know(1, 100);
    isNearEnough = true;
    exploration.feedsChosen(0);
    lab.advanceTo(10 * SLOW_PROBE_MS);
    expect(dialled.length).toBeGreaterThanOrEqual(7);
    expect(dialled.length).toBeLessThanOrEqual(13);
    isNearEnough = false;
    dialled = [];
    exploration.feedsChosen(lab.context.timers.deadline());
    lab.advanceTo(10 * SLOW_PROBE_MS + 60_000);
    expect(dialled.length).toBeGreaterThan(30);
  });

  it('measure members again, but not soon', () => {
    know(1, 3);
    exploration.feedsChosen(0);
    lab.advanceTo(REMEASURE_MS);
    expect(dialled.length).toBe(3);
    lab.advanceTo(3 * REMEASURE_MS);
    expect(dialled.length).toBeGreaterThan(5);
  });

  it('are quick again when the cluster has doubled', () => {
    know(1, 100);
    exploration.feedsChosen(0);
    lab.advanceTo(3_600_000);
    know(101, 250);
    dialled = [];
    exploration.feedsChosen(3_600_000);
    lab.advanceTo(3_600_000 + QUICK_PROBES * QUICK_PROBE_MS);
    expect(dialled.length).toBeGreaterThan(QUICK_PROBES / 2);
  });

  it('never go to nobody, and look at the choice all the same', () => {
    exploration.feedsChosen(0);
    lab.advanceTo(60_000);
    expect(dialled).toEqual([]);
    expect(ticks).toBeGreaterThan(0);
  });
});

describe('the number of probes', () => {
  it('that wait for an answer is bounded', () => {
    answers = false;
    know(1, 100);
    exploration.feedsChosen(0);
    lab.advanceTo(10_000);
    expect(dialled.length).toBe(MAX_PROBES);
    lab.advanceTo(25_000);
    expect(dialled.length).toBeGreaterThan(MAX_PROBES);
  });

  it('is none while many sessions serve no link', () => {
    know(1, 100);
    for (let i = 1; i <= MAX_UNUSED_PEERS; i++) lab.meet(i);
    exploration.feedsChosen(0);
    lab.advanceTo(10_000);
    expect(dialled).toEqual([]);
    lab.peers.remove(lab.peers.get(idOf(1))!);
    lab.advanceTo(20_000);
    expect(dialled.length).toBeGreaterThan(0);
  });
});

describe('a probe that fails', () => {
  it('is known as one, once, and its member is left alone for a while', () => {
    answers = false;
    know(1, 1);
    exploration.feedsChosen(0);
    lab.advanceTo(5_000);
    expect(exploration.failed(idOf(1), 15_000)).toBe(true);
    expect(exploration.failed(idOf(1), 15_000)).toBe(false);
    lab.advanceTo(15_000 + REMEASURE_MS - 1);
    expect(dialled.length).toBe(1);
  });

  it('is none if the member was dialled for something else', () => {
    know(1, 1);
    expect(exploration.failed(idOf(1), 0)).toBe(false);
  });
});
