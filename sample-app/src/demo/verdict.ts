import { type Arrival, type ChangeOutcome, LOST_MS } from './product-change.js';

/** Whether the event arrived as it should: once, and from the homie that emitted it. */
export function arrivedOnce({ emitter }: ChangeOutcome, { received }: Arrival): boolean {
  return received.length === 1 && received[0]!.from === emitter.id;
}

/** Whether the homie served an older product from its cache before the event, and the new one after it. */
export function servesNewProduct({ product }: ChangeOutcome, { before, after }: Arrival): boolean {
  return (
    before.fromCache && before.product.revision !== product.revision && after.product.revision === product.revision
  );
}

/** Everything that went wrong, a line each. */
export function problemsOf(outcome: ChangeOutcome): string[] {
  const { emitter, product, ownAfter, echoes } = outcome;
  const problems = outcome.arrivals.flatMap(arrival => {
    const way = `${emitter.name} -> ${arrival.homie.name}: cache.invalidate of "${product.id}"`;
    return [...arrivalProblems(outcome, arrival), ...cacheProblems(outcome, arrival)].map(line => `${way} ${line}`);
  });
  if (echoes > 0) problems.push(`${emitter.name}: its own event came back to it ${echoes} times`);
  if (ownAfter.product.revision !== product.revision) {
    problems.push(`${emitter.name}: serves the old "${product.id}" after changing it`);
  }
  return problems;
}

/** The closing lines of a round. */
export function summarise(outcomes: readonly ChangeOutcome[]): string[] {
  const arrivals = outcomes.flatMap(outcome => outcome.arrivals.map(arrival => ({ outcome, arrival })));
  const once = arrivals.filter(({ outcome, arrival }) => arrivedOnce(outcome, arrival));
  const fresh = arrivals.filter(({ outcome, arrival }) => servesNewProduct(outcome, arrival));
  const times = once.map(({ arrival }) => arrival.received[0]!.afterMs).sort((a, b) => a - b);
  const lines = [
    `${once.length} of ${arrivals.length} events arrived exactly once.`,
    `${fresh.length} of ${arrivals.length} caches served the old product before the event and the new one after it.`,
  ];
  if (times.length === 0) return lines;
  const median = times[Math.floor(times.length / 2)]!;
  return [...lines, `From emit to handler: median ${median.toFixed(2)} ms, slowest ${times.at(-1)!.toFixed(2)} ms.`];
}

function arrivalProblems(outcome: ChangeOutcome, arrival: Arrival): string[] {
  if (arrivedOnce(outcome, arrival)) return [];
  const { received } = arrival;
  if (received.length === 0) return [`did not arrive within ${LOST_MS} ms`];
  if (received.length > 1) return [`arrived ${received.length} times`];
  return [`arrived in the name of another homie, ${received[0]!.from}`];
}

function cacheProblems(outcome: ChangeOutcome, arrival: Arrival): string[] {
  if (servesNewProduct(outcome, arrival)) return [];
  if (arrival.after.product.revision !== outcome.product.revision) return ['left the old product in the cache'];
  return ['proves nothing: the old product was not in the cache before'];
}
