import { setTimeout as delay } from 'node:timers/promises';
import type { InvalidationReceived } from '../products/invalidation-log.js';
import type { Product, ProductView } from '../products/product.js';
import type { Homie } from './homie.js';
import { waitUntil } from './wait-until.js';

/** How long an event may take before it counts as lost. It takes a few milliseconds. */
export const LOST_MS = 5_000;

/**
 * How long the homies are left alone after a change. The event arrives within that time; asking them at once would keep
 * them busy with the question, and that would be measured as well.
 */
const QUIET_MS = 50;

/** What a change did at one of the homies that did not make it. */
export interface Arrival {
  readonly homie: Homie;
  /** One entry for each time the event arrived: there should be exactly one. */
  readonly received: readonly InvalidationReceived[];
  /** What it served just before the change, and after the event had arrived or was given up. */
  readonly before: ProductView;
  readonly after: ProductView;
}

/** One product changed at one homie, and what became of it everywhere. */
export interface ChangeOutcome {
  readonly emitter: Homie;
  readonly product: Product;
  readonly arrivals: readonly Arrival[];
  /** What the emitter itself served afterwards, and how often its own event came back to it: never, one hopes. */
  readonly ownAfter: ProductView;
  readonly echoes: number;
}

/** Changes a product at one homie and follows the event to all others. */
export async function changeProduct(
  emitter: Homie,
  homies: readonly Homie[],
  productId: string,
  signal: AbortSignal,
): Promise<ChangeOutcome> {
  const others = homies.filter(homie => homie !== emitter);
  // All of them, so that the emitter has something outdated to forget as well.
  const before = new Map(
    await Promise.all(homies.map(async homie => [homie, await readCached(homie, productId)] as const)),
  );

  const { name, priceCents } = before.get(emitter)!.product;
  const product = await emitter.http.change(productId, { name, priceCents: priceCents + 100 });
  await delay(QUIET_MS, undefined, { signal });

  const arrivals = await Promise.all(
    others.map(async (homie): Promise<Arrival> => {
      const look = async () => {
        const received = await homie.http.invalidations(product.revision);
        return received.length > 0 ? received : undefined;
      };
      const received = (await waitUntil(look, LOST_MS, signal)) ?? [];
      return { homie, received, before: before.get(homie)!, after: await homie.http.product(productId) };
    }),
  );
  const outcome = { emitter, product, arrivals, ownAfter: await emitter.http.product(productId), echoes: 0 };
  return countAgain(outcome);
}

/** The same outcome with the arrivals counted anew: a second copy of an event may come later than the first. */
export async function countAgain(outcome: ChangeOutcome): Promise<ChangeOutcome> {
  const count = (homie: Homie) => homie.http.invalidations(outcome.product.revision);
  const [echoes, ...received] = await Promise.all([outcome.emitter, ...outcome.arrivals.map(a => a.homie)].map(count));
  return {
    ...outcome,
    echoes: echoes!.length,
    arrivals: outcome.arrivals.map((arrival, i) => ({ ...arrival, received: received[i]! })),
  };
}

/** What a homie serves once it has the product in its cache. */
async function readCached(homie: Homie, productId: string): Promise<ProductView> {
  const view = await homie.http.product(productId);
  return view.fromCache ? view : homie.http.product(productId);
}
