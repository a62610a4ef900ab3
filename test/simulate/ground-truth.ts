import { CACHE_MS } from '../../lib/engine/broadcast/segment-cache.js';
import type { DeliveryLog, Message } from './delivery-log.js';
import { type OverlaySnapshot, reachableFrom, spread } from './overlay-history.js';

/**
 * Facts of the world that explain why a node does not have a message:
 * - `refused`: the origin's queues were full, and it said so.
 * - `origin_alone`: the origin had no link when it sent.
 * - `no_path`: no path led from the origin to the node until the caches had forgotten the message.
 * - `no_path_when_sent`: there was none when it was sent. A path that comes later carries what is sent from then on.
 * - `no_repair_in_this_protocol`: a baseline has lost it, and knows no way to get it again. Never said of the engines.
 */
export const REASONS = [
  'refused',
  'origin_alone',
  'no_path',
  'no_path_when_sent',
  'no_repair_in_this_protocol',
] as const;
export type Reason = (typeof REASONS)[number];

/** One message that one node does not have. */
export interface Missing {
  readonly message: number;
  readonly node: number;
  /** Undefined when nothing in the world explains it. */
  readonly reason: Reason | undefined;
}

/**
 * All that is missing at nodes that lived from the beginning to the end, and why.
 * @param snapshots of the overlay over the whole time, one not later than each sending.
 * @param survivors nodes that live at the end.
 */
export function findMissing(
  log: DeliveryLog,
  snapshots: readonly OverlaySnapshot[],
  survivors: readonly number[],
): Missing[] {
  const missing: Missing[] = [];
  for (const message of log.messages) {
    const nodes = survivors.filter(node => node !== message.origin && !log.has(message, node));
    if (nodes.length === 0) continue;
    const explain = explainerFor(message, snapshots);
    for (const node of nodes) missing.push({ message: message.number, node, reason: explain(node) });
  }
  return missing;
}

function explainerFor(message: Message, snapshots: readonly OverlaySnapshot[]): (node: number) => Reason | undefined {
  const { origin, sentAt } = message;
  if (sentAt === Infinity) return () => 'refused';
  const first = snapshots.findLastIndex(snapshot => snapshot.at <= sentAt);
  const overlay = snapshots[first];
  if (overlay === undefined) return () => undefined;
  if (overlay.offsets[origin] === overlay.offsets[origin + 1]) return () => 'origin_alone';
  const atOnce = reachableFrom(overlay, origin);
  // Whoever has the message passes it on over the links of later times, as long as the caches hold it.
  const inTime = atOnce.slice();
  for (let i = first + 1; i < snapshots.length && snapshots[i]!.at <= sentAt + CACHE_MS; i++) {
    spread(snapshots[i]!, inTime);
  }
  return node => {
    if (inTime[node] === 0) return 'no_path';
    return atOnce[node] === 0 ? 'no_path_when_sent' : undefined;
  };
}
