import type { SeededRandom } from '../../lib/testing/seeded-random.js';
import type { VirtualHomie } from '../../lib/testing/virtual-cluster.js';
import type { DeliveryLog } from './delivery-log.js';
import type { SimulationOptions } from './options.js';
import { type OverlaySnapshot, reachableFrom } from './overlay-history.js';
import { rounded } from './percentiles.js';
import type { KillReport } from './result.js';

/** By then a broadcast should be everywhere, ms. */
const TIMELY_MS = 2_000;

/** Kills this share of the nodes at once, without a word. */
export function killSome(homies: readonly VirtualHomie[], share: number, random: SeededRandom): void {
  const left = [...homies];
  const victims = Math.min(Math.round(share * homies.length), homies.length - 2);
  for (let i = 0; i < victims; i++) left.splice(random.below(left.length), 1)[0]!.kill();
}

/** How far each broadcast came among the survivors to which a path led when it was sent. */
export function reportKill(
  log: DeliveryLog,
  snapshots: readonly OverlaySnapshot[],
  survivors: readonly number[],
  options: SimulationOptions,
  killedAt: number,
): KillReport {
  const broadcasts = log.messages
    .filter(message => message.sentAt !== Infinity)
    .map(message => {
      const overlay = snapshots.findLast(snapshot => snapshot.at <= message.sentAt)!;
      const isReached = reachableFrom(overlay, message.origin);
      const reachable = survivors.filter(node => node !== message.origin && isReached[node] === 1);
      const timely = reachable.filter(node => log.latency(message, node) <= TIMELY_MS);
      const served = reachable.filter(node => log.has(message, node));
      const shareOf = (count: number) => rounded(reachable.length === 0 ? 1 : count / reachable.length);
      return {
        at: message.sentAt - killedAt,
        origin: message.origin,
        reachable: reachable.length,
        withinTwoSeconds: shareOf(timely.length),
        finally: shareOf(served.length),
      };
    });
  return {
    share: options.killShare,
    killed: options.nodes - survivors.length,
    survivors: survivors.length,
    broadcasts,
  };
}
