import { describe, expect, it } from 'vitest';
import { CACHE_MS } from '../../../lib/engine/broadcast/segment-cache.js';
import { DeliveryLog, makePayload, type Message } from '../../simulate/delivery-log.js';
import { findMissing } from '../../simulate/ground-truth.js';
import { type OverlaySnapshot, reachableFrom } from '../../simulate/overlay-history.js';

const NODES = 5;

/** An overlay with these links, both ways. */
function overlay(at: number, ...links: (readonly [number, number])[]): OverlaySnapshot {
  const targets: number[] = [];
  const offsets = new Int32Array(NODES + 1);
  for (let node = 0; node < NODES; node++) {
    for (const [a, b] of links) {
      if (a === node) targets.push(b);
      if (b === node) targets.push(a);
    }
    offsets[node + 1] = targets.length;
  }
  return { at, offsets, targets: Int32Array.from(targets) };
}

function messageAt(sentAt: number): Message {
  return { number: 0, origin: 0, payloadBytes: 10, isMeasured: true, sentAt, frames: [50] };
}

/** Why each node is without the message of node 0, which only these have got. */
function reasons(message: Message, delivered: number[], snapshots: OverlaySnapshot[]): Record<number, unknown> {
  const log = new DeliveryLog([message], NODES);
  for (const node of delivered) log.deliver(node, makePayload(0, 10), 1, 200);
  const missing = findMissing(log, snapshots, [0, 1, 2, 3, 4]);
  return Object.fromEntries(missing.map(({ node, reason }) => [node, reason ?? 'unexplained']));
}

describe('paths', () => {
  it('lead over any number of links', () => {
    expect([...reachableFrom(overlay(0, [0, 1], [1, 2], [3, 4]), 0)]).toEqual([1, 1, 1, 0, 0]);
  });
});

describe('a message that is missing', () => {
  it('is unexplained at a node to which a path led', () => {
    const overlays = [overlay(0, [0, 1], [1, 2], [2, 3])];
    expect(reasons(messageAt(100), [1, 2], overlays)).toEqual({ 3: 'unexplained', 4: 'no_path' });
  });

  it('is explained everywhere when its origin refused it, or was alone', () => {
    const overlays = [overlay(0, [1, 2], [2, 3], [3, 4]), overlay(200, [0, 1], [1, 2], [2, 3], [3, 4])];
    expect(reasons(messageAt(Infinity), [], overlays)[1]).toBe('refused');
    expect(reasons(messageAt(100), [], overlays)[1]).toBe('origin_alone');
  });

  it('is explained where a path came after it was sent', () => {
    const overlays = [overlay(0, [0, 1]), overlay(200, [1, 2])];
    expect(reasons(messageAt(100), [1], overlays)[2]).toBe('no_path_when_sent');
  });

  it('had no path where one came after the caches had forgotten it', () => {
    const overlays = [overlay(0, [0, 1]), overlay(101 + CACHE_MS, [1, 2])];
    expect(reasons(messageAt(100), [1], overlays)[2]).toBe('no_path');
  });

  it('cannot take links in the wrong order of time', () => {
    const overlays = [overlay(0, [0, 1]), overlay(200, [2, 3]), overlay(300, [1, 2])];
    expect(reasons(messageAt(100), [1], overlays)).toEqual({ 2: 'no_path_when_sent', 3: 'no_path', 4: 'no_path' });
  });

  it('is judged by the overlay at its time, not by an earlier one', () => {
    const overlays = [overlay(0, [0, 1], [1, 2]), overlay(90, [0, 1])];
    expect(reasons(messageAt(100), [1], overlays)[2]).toBe('no_path');
  });

  it('is never explained when nobody looked at the overlay before it was sent', () => {
    expect(reasons(messageAt(100), [], [overlay(200)])[1]).toBe('unexplained');
  });
});
