import { beforeEach, describe, expect, it } from 'vitest';
import { OriginStream } from '../../../../lib/engine/broadcast/origin-stream.js';
import { type StreamLink, Wish } from '../../../../lib/engine/broadcast/stream-link.js';
import { nodeIdToBytes } from '../../../../lib/engine/node-id.js';
import { EngineLab, idOf } from '../engine-lab.js';

let stream: OriginStream;
let link: StreamLink;

beforeEach(() => {
  stream = new OriginStream(nodeIdToBytes(idOf(0x77)), 1, 1, 0);
  link = stream.link(new EngineLab().meet(1));
});

describe('a link of a stream', () => {
  it('is a feed unless it was choked', () => {
    const are = Object.values(Wish).map(wish => Object.assign(link, { ours: wish }).isFeed);
    expect(are).toEqual([true, true, false, false]);
  });

  it('is independent when the peer choked us, and so hears the stream elsewhere', () => {
    const are = Object.values(Wish).map(wish => Object.assign(link, { theirs: wish }).isIndependent);
    expect(are).toEqual([false, false, true, true]);
  });

  it('is independent when the peer is the origin itself', () => {
    expect(stream.link(new EngineLab().meet(0x77)).isIndependent).toBe(true);
  });

  it('remembers the highest sequence that the peer proved to hold', () => {
    for (const sequence of [5, 9, 3]) link.provedToHold(sequence);
    expect(link.held).toBe(9);
  });

  it('notes the first copy of a timed segment, not later ones', () => {
    for (const at of [120, 100, 130]) link.time(3, at);
    expect(link.times![3]).toBe(100);
    expect(link.times![2]).toBeNaN();
  });

  it('smooths by how much a copy over it would have been earlier, and does not let late ones cancel that', () => {
    for (let i = 0; i < 50; i++) link.compared(-8);
    expect(link.leadMs).toBeCloseTo(8, 0);
    link.compared(1_000);
    expect(link.leadMs).toBeGreaterThan(6);
    expect(link.leadMs).toBeLessThan(8);
  });

  it('smooths how long after the first copy the peer had segments, from the first sample on', () => {
    expect(link.behindMs).toBeUndefined();
    link.compared(40);
    expect(link.behindMs).toBe(40);
    link.compared(-40);
    expect(link.behindMs).toBeGreaterThan(0);
    expect(link.behindMs).toBeLessThan(40);
  });

  it('counts what was compared, and knows how much it varies', () => {
    for (let i = 0; i < 60; i++) link.compared(20);
    expect(link).toMatchObject({ comparisons: 60, behindMs: 20, deviationMs: 0 });
    for (let i = 0; i < 60; i++) link.compared(i % 2 === 0 ? 10 : 30);
    expect(link.behindMs).toBeCloseTo(20, -1);
    expect(link.deviationMs).toBeCloseTo(10, -1);
  });

  it('forgets when the stream was quiet what was agreed and measured, not what the peer holds', () => {
    link.provedToHold(7);
    link.time(0, 1);
    link.compared(-5);
    Object.assign(link, { theirs: Wish.silent, ours: Wish.lazy, toldAt: 5, idleCopies: 3 });
    link.reset();
    const nothing = { theirs: Wish.unset, ours: Wish.unset, toldAt: -Infinity, idleCopies: 0 };
    expect(link).toMatchObject({ ...nothing, times: undefined, leadMs: 0, behindMs: undefined, held: 7 });
    expect(link).toMatchObject({ comparisons: 0, deviationMs: 0 });
  });
});
