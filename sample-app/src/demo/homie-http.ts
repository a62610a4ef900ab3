import type { ClusterView } from '../cluster/cluster.controller.js';
import type { InvalidationReceived } from '../products/invalidation-log.js';
import type { Product, ProductChange, ProductView } from '../products/product.js';

/** Far longer than an answer takes, even where six processes share two busy cores. */
const ANSWER_MS = 5_000;

/** The HTTP interface of one homie. */
export class HomieHttp {
  constructor(
    private readonly name: string,
    private readonly url: string,
    private readonly interruption: AbortSignal,
  ) {}

  cluster(): Promise<ClusterView> {
    return this.request('GET', '/cluster');
  }

  product(id: string): Promise<ProductView> {
    return this.request('GET', `/products/${id}`);
  }

  change(id: string, change: ProductChange): Promise<Product> {
    return this.request('PUT', `/products/${id}`, change);
  }

  invalidations(revision: string): Promise<readonly InvalidationReceived[]> {
    return this.request('GET', `/invalidations?revision=${revision}`);
  }

  private async request<T>(method: string, path: string, body?: object): Promise<T> {
    const what = `${method} ${path}`;
    const response = await fetch(this.url + path, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      signal: AbortSignal.any([this.interruption, AbortSignal.timeout(ANSWER_MS)]),
    }).catch((error: Error) => {
      throw new Error(`Homie ${this.name} does not answer ${what}: ${causeOf(error)}`, { cause: error });
    });
    if (!response.ok) {
      throw new Error(`Homie ${this.name} answers ${what} with ${response.status}: ${await response.text()}`);
    }
    return (await response.json()) as T;
  }
}

/** What `fetch` reports is "fetch failed"; why is one level below. */
function causeOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}
