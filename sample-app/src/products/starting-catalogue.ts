import type { Product } from './product.js';

/** What the store holds before anyone changed anything. */
export const STARTING_CATALOGUE: ReadonlyMap<string, Product> = new Map(
  [
    { id: 'chair', name: 'Chair', priceCents: 4_900 },
    { id: 'desk', name: 'Desk', priceCents: 19_900 },
    { id: 'lamp', name: 'Lamp', priceCents: 3_900 },
    { id: 'shelf', name: 'Shelf', priceCents: 8_900 },
    { id: 'stool', name: 'Stool', priceCents: 2_900 },
    { id: 'table', name: 'Table', priceCents: 14_900 },
  ].map(product => [product.id, { ...product, revision: 'first' }]),
);
