import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArrivalTimes } from '../../../../lib/engine/broadcast/arrival-times.js';
import { MAX_ORIGINS, OriginStream, OriginTable } from '../../../../lib/engine/broadcast/origin-stream.js';
import { Wish } from '../../../../lib/engine/broadcast/stream-link.js';
import { EngineLab } from '../engine-lab.js';

/** Ids of few different first 32 bits: nearly all of them collide. */
function idBytes(prefix: number, rest: number): Uint8Array {
  const bytes = new Uint8Array(16).fill(prefix, 0, 4);
  new DataView(bytes.buffer).setUint32(12, rest);
  return bytes;
}

const streamOf = (prefix: number, rest: number) => new OriginStream(idBytes(prefix, rest), 1, 1, 0);

describe('the table of origins', () => {
  it('tells ids apart that begin with the same 32 bits', () => {
    const table = new OriginTable();
    const streams = [0, 1, 2].map(rest => streamOf(0xff, rest));
    for (const stream of streams) table.add(stream);
    for (let rest = 0; rest < 3; rest++) expect(table.find(idBytes(0xff, rest))).toBe(streams[rest]);
    expect(table.find(idBytes(0xff, 3))).toBeUndefined();
    expect(table.find(idBytes(0, 0))).toBeUndefined();
  });

  it('agrees with a map of whole ids, whatever is added and removed', () => {
    const step = fc.record({ prefix: fc.nat(2), rest: fc.nat(4), isAdded: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const table = new OriginTable();
        const model = new Map<string, OriginStream>();
        for (const { prefix, rest, isAdded } of steps) {
          const key = `${prefix}/${rest}`;
          const known = model.get(key);
          expect(table.find(idBytes(prefix, rest))).toBe(known);
          if (isAdded && known === undefined) {
            const stream = streamOf(prefix, rest);
            table.add(stream);
            model.set(key, stream);
          } else if (!isAdded) {
            table.remove(known ?? streamOf(prefix, rest));
            model.delete(key);
          }
          expect(table.size).toBe(model.size);
          expect(new Set(table)).toEqual(new Set(model.values()));
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('can be emptied while it is walked through', () => {
    const table = new OriginTable();
    for (let i = 0; i < 30; i++) table.add(streamOf(i % 3, i));
    for (const stream of table) table.remove(stream);
    expect([table.size, [...table].length]).toEqual([0, 0]);
  });

  it('takes no more when it is full, and takes one again when one has gone', () => {
    const table = new OriginTable();
    let last = streamOf(0, 0);
    for (let i = 0; i < MAX_ORIGINS; i++) {
      last = streamOf(i & 255, i);
      expect(table.add(last)).toBe(true);
    }
    expect(table.add(streamOf(1, 2 ** 31))).toBe(false);
    expect(table.find(idBytes(1, 2 ** 31))).toBeUndefined();
    table.remove(last);
    expect(table.add(streamOf(1, 2 ** 31))).toBe(true);
  });
});

describe('a stream', () => {
  it('keeps its own copy of the id, since the datagram goes away', () => {
    const id = idBytes(1, 2);
    const stream = new OriginStream(id, 1, 1, 0);
    id.fill(0);
    expect(stream.idBytes).toEqual(idBytes(1, 2));
  });

  it('has one link for each peer, made when it is needed', () => {
    const lab = new EngineLab();
    const [a, b] = [lab.meet(1), lab.meet(2)];
    const stream = streamOf(1, 1);
    const link = stream.link(a);
    stream.link(b).provedToHold(7);
    link.provedToHold(5);
    expect(stream.link(a)).toBe(link);
    expect([...stream.links].map(([peer, { held }]) => [peer, held])).toEqual([
      [a, 5],
      [b, 7],
    ]);
  });

  it('knows its newest segment, who brought it and when; late ones only show that it lives', () => {
    const stream = streamOf(1, 1);
    const [a, b] = [new EngineLab().meet(1), new EngineLab().meet(2)];
    stream.arrived(5, a, 100);
    stream.arrived(3, b, 200);
    expect(stream).toMatchObject({ newest: 5, newestFrom: a, newestAt: 100, activeAt: 200 });
  });

  it('forgets its former life in a new one, and tells what of it never came', () => {
    const lab = new EngineLab();
    const stream = streamOf(1, 1);
    for (const sequence of [1, 2, 5, 9]) stream.window.add(sequence, 0);
    stream.arrived(9, undefined, 0);
    stream.link(lab.meet(1)).theirs = Wish.silent;
    stream.hasWishes = true;
    expect(stream.restart(2, 3, 50)).toBe(5);
    expect(stream).toMatchObject({ boot: 2, newest: 2, newestAt: 50, hasWishes: false });
    expect(stream.links.size).toBe(0);
    expect(stream.window).toMatchObject({ highest: 2, settled: 2, lost: 0 });
  });

  it('chooses its feeds anew in a new life, without regard to how long the former one was', () => {
    const stream = streamOf(1, 1);
    Object.assign(stream, { heat: 9, intervalMs: 50, timedAtChoice: 500, choices: 60, starved: 2, repairedShare: 0.5 });
    stream.arrivalTimes = new ArrivalTimes();
    stream.restart(2, 1, 0);
    const fresh = { heat: 0, intervalMs: Infinity, timedAtChoice: 0, choices: 0, starved: 0, repairedShare: 0 };
    expect(stream).toMatchObject({ ...fresh, arrivalTimes: undefined });
  });
});
