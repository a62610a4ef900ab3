import { beforeEach, describe, expect, it } from 'vitest';
import {
  HELP_SHARE,
  IndirectProbes,
  MAX_ASKERS,
  MAX_FAVOURS,
} from '../../../../lib/engine/membership/indirect-probes.js';
import { LATE_TIMER_MS, LocalHealth } from '../../../../lib/engine/membership/local-health.js';
import { nodeIdToBytes } from '../../../../lib/engine/node-id.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { Frame } from '../../../../lib/engine/wire/frame.js';
import { EngineLab, frameReader, framesTo, idOf } from '../engine-lab.js';

const SELF = 0x80;
/** At a detection time of three seconds. */
const HELP_MS = HELP_SHARE * 3_000;

let lab: EngineLab;
let health: LocalHealth;
let probes: IndirectProbes;
let asker: Peer;
let pinged: Peer[];
let dialled: string[];
/** Members whose address is known, and when others answered a Hello. */
let known: Set<string>;
let answered: Map<string, number>;
let testimonies: [helper: Peer, id: string, isReached: boolean][];

beforeEach(() => {
  lab = new EngineLab();
  health = new LocalHealth();
  pinged = [];
  dialled = [];
  known = new Set();
  answered = new Map();
  testimonies = [];
  probes = new IndirectProbes(lab.context, lab.peers, health, {
    ping: peer => pinged.push(peer),
    dial: id => {
      dialled.push(id);
      return known.has(id);
    },
    isAnswering: (id, since) => (answered.get(id) ?? -Infinity) > since,
    testified: (...testimony) => testimonies.push(testimony),
  });
  asker = lab.meet(1);
});

const bytesOf = (number: number) => nodeIdToBytes(idOf(number));
const refused = () => lab.context.counters.drops.probe_refused;

/** The peer asks us to reach the member. */
function request(from: Peer, number: number, now = 0): void {
  probes.onRequest(from, frameReader([Frame.probeRequest, bytesOf(number)]).reader, now);
  probes.check();
}

describe('a request to a helper', () => {
  it('names the member', () => {
    probes.ask(asker, idOf(9));
    expect(framesTo(asker)).toEqual([[Frame.probeRequest, bytesOf(9)]]);
  });
});

describe('a helper', () => {
  it('sends a heartbeat to a peer at once, and says when it was heard', () => {
    const peer = lab.meet(9);
    request(asker, 9);
    expect([pinged, peer.isAwaited, probes.size]).toEqual([[peer], true, 1]);
    expect(framesTo(asker)).toEqual([]);
    probes.reached(idOf(9));
    expect(framesTo(asker)).toEqual([[Frame.probeResult, bytesOf(9), 1]]);
    expect([peer.isAwaited, probes.size, lab.context.timers.size]).toEqual([false, 0, 0]);
  });

  it('says Hello to a member that is no peer, and says when the session is made', () => {
    known.add(idOf(9));
    request(asker, 9);
    expect([dialled, pinged]).toEqual([[idOf(9)], []]);
    lab.meet(9);
    probes.reached(idOf(9));
    expect(framesTo(asker)).toEqual([[Frame.probeResult, bytesOf(9), 1]]);
  });

  it('says that it failed when the time is over, before the asker stops waiting', () => {
    const peer = lab.meet(9);
    request(asker, 9);
    lab.advanceTo(HELP_MS - 1);
    expect(framesTo(asker)).toEqual([]);
    lab.advanceTo(HELP_MS);
    expect(framesTo(asker)).toEqual([[Frame.probeResult, bytesOf(9), 0]]);
    expect([peer.isAwaited, probes.size]).toEqual([false, 0]);
  });

  it('has reached a member that answered its Hello, though there is no session yet', () => {
    known.add(idOf(9));
    request(asker, 9);
    answered.set(idOf(9), 500);
    lab.advanceTo(HELP_MS);
    expect(framesTo(asker)).toEqual([[Frame.probeResult, bytesOf(9), 1]]);
  });

  it('has not reached a member that answered a Hello before it was asked for: it may have died since', () => {
    known.add(idOf(9));
    answered.set(idOf(9), 900);
    request(asker, 9, 1_000);
    lab.advanceTo(1_000 + HELP_MS);
    expect(framesTo(asker)).toEqual([[Frame.probeResult, bytesOf(9), 0]]);
  });

  it('says nothing when it did not run itself: it has not really tried', () => {
    const peer = lab.meet(9);
    request(asker, 9);
    const now = HELP_MS + LATE_TIMER_MS;
    health.woke(now, LATE_TIMER_MS);
    lab.context.timers.fireDue(now);
    expect(framesTo(asker)).toEqual([]);
    expect([peer.isAwaited, probes.size]).toEqual([false, 0]);
  });

  it('that is the member itself says so at once', () => {
    request(asker, SELF);
    expect(framesTo(asker)).toEqual([[Frame.probeResult, bytesOf(SELF), 1]]);
    expect(probes.size).toBe(0);
  });

  it('tries once for all who ask, and tells each of them once', () => {
    lab.meet(9);
    const other = lab.meet(2);
    request(asker, 9);
    request(other, 9, 100);
    request(asker, 9, 200);
    expect(pinged.length).toBe(1);
    probes.reached(idOf(9));
    for (const each of [asker, other]) expect(framesTo(each)).toEqual([[Frame.probeResult, bytesOf(9), 1]]);
  });

  it('does not answer somebody who has gone meanwhile', () => {
    lab.meet(9);
    request(asker, 9);
    lab.peers.remove(asker);
    const again = lab.meet(1);
    probes.reached(idOf(9));
    expect([framesTo(asker), framesTo(again)]).toEqual([[], []]);
  });

  it('goes on with a member whose session ended meanwhile', () => {
    const peer = lab.meet(9);
    request(asker, 9);
    lab.peers.remove(peer);
    probes.check();
    lab.advanceTo(HELP_MS);
    expect(framesTo(asker)).toEqual([[Frame.probeResult, bytesOf(9), 0]]);
  });

  it('refuses to look for a member that it does not know', () => {
    request(asker, 9);
    expect([probes.size, refused(), framesTo(asker)]).toEqual([0, 1, []]);
  });

  it('looks for a limited number of members at a time, and counts the others', () => {
    for (let number = 0x100; number < 0x100 + MAX_FAVOURS; number++) {
      known.add(idOf(number));
      request(asker, number);
    }
    known.add(idOf(9));
    request(asker, 9);
    expect([probes.size, refused()]).toEqual([MAX_FAVOURS, 1]);
    probes.reached(idOf(0x100));
    request(asker, 9);
    expect([probes.size, refused()]).toEqual([MAX_FAVOURS, 1]);
  });

  it('tells a limited number of those who ask for the same member', () => {
    lab.meet(9);
    const askers = Array.from({ length: MAX_ASKERS + 5 }, (_, i) => lab.meet(0x100 + i));
    for (const each of askers) request(each, 9);
    probes.reached(idOf(9));
    expect(askers.filter(each => framesTo(each).length === 1).length).toBe(MAX_ASKERS);
  });

  it('makes nothing of news that nobody waits for', () => {
    probes.reached(idOf(9));
    expect(framesTo(asker)).toEqual([]);
  });
});

describe('the answer of a helper', () => {
  it.each([
    [1, true],
    [0, false],
  ])('of %d tells the detector who said so of whom, and whether it was reached: %s', (value, isReached) => {
    const { reader } = frameReader([Frame.probeResult, bytesOf(9), value]);
    probes.onResult(asker, reader);
    expect(testimonies).toEqual([[asker, idOf(9), isReached]]);
    expect(reader.failed).toBe(false);
  });

  it.each([
    ['another number', [Frame.probeResult, bytesOf(9), 2]],
    ['no number', [Frame.probeResult, bytesOf(9), null]],
    ['a short id', [Frame.probeResult, bytesOf(9).subarray(1), 1]],
    ['an id as text', [Frame.probeResult, 'nine', 1]],
  ])('with %s is malformed, and tells nothing', (_, frame) => {
    const { reader } = frameReader(frame);
    probes.onResult(asker, reader);
    expect([testimonies, reader.failed]).toEqual([[], true]);
  });
});

describe('a malformed request', () => {
  it.each([
    ['a short id', bytesOf(9).subarray(1)],
    ['a long id', Uint8Array.of(...bytesOf(9), 0)],
    ['an id as text', 'nine'],
    ['nothing', null],
  ])('with %s leads to nothing', (_, id) => {
    const { reader } = frameReader([Frame.probeRequest, id]);
    probes.onRequest(asker, reader, 0);
    expect([reader.failed, probes.size, dialled]).toEqual([true, 0, []]);
  });
});
