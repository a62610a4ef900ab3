/** A product, as the store keeps it. */
export interface Product {
  readonly id: string;
  readonly name: string;
  readonly priceCents: number;
  /** New with each change, so that anyone can tell which state of the product they hold. */
  readonly revision: string;
}

/** The body of `PUT /products/:id`. */
export type ProductChange = Pick<Product, 'name' | 'priceCents'>;

/** What `GET /products/:id` answers. */
export interface ProductView {
  readonly product: Product;
  /** Whether this homie already had the product, without asking the store. */
  readonly fromCache: boolean;
}
