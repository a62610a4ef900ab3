import { expect } from 'vitest';
import type { HandshakeDrop } from '../../../lib/engine/crypto/handshakes.js';
import type { Endpoint } from '../../../lib/engine/endpoint.js';
import type { LabNode } from './handshake-lab.js';
import { hexOf } from './seeded-random.js';

/** Counters, scratch memory and cached values: everything else in an object is state. */
const NOT_STATE = new Set([
  'drops',
  'body',
  'address',
  'sentAt',
  'lastSkewMs',
  'soonest',
  'soonestIsStale',
  'undecryptableEventAt',
  'clockSkewEventAt',
  'lastCounter',
  'lab',
  'events',
]);

/** The whole state of a node as text, how much randomness it has drawn included. */
export function snapshot(node: LabNode): string {
  return describeValue([node.handshakes, node.sessions, node.draws], new Set());
}

function describeValue(value: unknown, above: Set<object>): string {
  if (typeof value === 'function') return 'function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Uint8Array) return hexOf(value);
  if (above.has(value)) return 'cycle';
  above.add(value);
  const describeAll = (values: Iterable<unknown>) => `[${Array.from(values, v => describeValue(v, above)).join()}]`;
  let text: string;
  if (value instanceof Map || value instanceof Set || Array.isArray(value) || ArrayBuffer.isView(value)) {
    text = describeAll(value as unknown as Iterable<unknown>);
  } else {
    const fields = Object.entries(value).filter(([name]) => !NOT_STATE.has(name));
    text = `{${fields.map(([name, field]) => `${name}:${describeValue(field, above)}`).join()}}`;
  }
  above.delete(value);
  return text;
}

/** Asserts that the node drops the datagram for this reason, answers nothing and stays as it is. */
export function expectDrop(node: LabNode, from: Endpoint, datagram: Uint8Array, reason: HandshakeDrop): void {
  expectDropAllowingChange(node, from, datagram, reason, true);
}

/** The same, where the drop is remembered on purpose. */
export function expectDropAllowingChange(
  node: LabNode,
  from: Endpoint,
  datagram: Uint8Array,
  reason: HandshakeDrop,
  unchanged = false,
): void {
  const before = unchanged ? snapshot(node) : '';
  const drops = { ...node.handshakes.drops };
  expect(node.handshakes.receive(node.lab.now, from, datagram)).toBe(reason);
  expect(node.handshakes.drops).toEqual({ ...drops, [reason]: drops[reason] + 1 });
  expect(node.handshakes.nextTransmit()).toBeUndefined();
  // The only events of a drop are the two warnings about strangers.
  for (let event = node.handshakes.nextEvent(); event !== undefined; event = node.handshakes.nextEvent()) {
    expect(event.type).toBe(reason);
    node.events.push({ ...event, at: node.lab.now });
  }
  if (unchanged) expect(snapshot(node) === before, 'state is unchanged').toBe(true);
}
