import type { Endpoint } from '../../../lib/engine/endpoint.js';
import type { LabNode } from './handshake-lab.js';
import { hexOf } from './seeded-random.js';

/** Counters, scratch memory, cached values, and what a dial will say of itself if it fails. All else is state. */
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
  'failure',
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

/**
 * Why the node drops the datagram; with a complaint behind it where a drop is more than a drop: when something was
 * answered, counted otherwise, or changed.
 */
export function dropOf(node: LabNode, from: Endpoint, datagram: Uint8Array): string {
  const before = snapshot(node);
  const drops = { ...node.handshakes.drops };
  const reason = node.handshakes.receive(node.lab.now, from, datagram);
  if (reason === undefined) return 'not dropped';
  drops[reason]++;
  if (JSON.stringify(node.handshakes.drops) !== JSON.stringify(drops)) return `${reason}, but miscounted`;
  if (node.handshakes.nextTransmit() !== undefined) return `${reason}, but answered`;
  for (let event = node.handshakes.nextEvent(); event !== undefined; event = node.handshakes.nextEvent()) {
    // The only events of a drop are the two warnings about strangers.
    if (event.type !== reason) return `${reason}, but with the event ${event.type}`;
    node.events.push({ ...event, at: node.lab.now });
  }
  return snapshot(node) === before ? reason : `${reason}, but with a change of state`;
}
