import { Injectable } from '@nestjs/common';
import type { Product } from './product.js';

type Loading = Promise<Product | undefined>;

/**
 * How long a product may be served without asking the store. Gossip is best effort: should an invalidation get lost for
 * good, this is how long the old product stays.
 */
const KEEP_MS = 5 * 60_000;

/** The products this homie has read. Every homie has its own. */
@Injectable()
export class ProductCache {
  private readonly entries = new Map<string, { readonly loading: Loading; readonly until: number }>();
  private hits = 0;
  private misses = 0;

  has(id: string): boolean {
    return (this.entries.get(id)?.until ?? 0) > performance.now();
  }

  /**
   * The product from here, or from `load`. What is kept is the promise, not its outcome: an invalidation that comes while
   * the store is still reading drops it, so that the reading, perhaps of the old product, is not kept.
   */
  get(id: string, load: () => Loading): Loading {
    const entry = this.entries.get(id);
    if (entry !== undefined && entry.until > performance.now()) {
      this.hits++;
      return entry.loading;
    }
    this.misses++;
    const loading = load();
    this.entries.set(id, { loading, until: performance.now() + KEEP_MS });
    const forget = () => {
      if (this.entries.get(id)?.loading === loading) this.entries.delete(id);
    };
    // Only products are kept. Otherwise requests for thousands of names that do not exist would fill the memory.
    loading.then(product => product ?? forget(), forget);
    return loading;
  }

  drop(id: string): void {
    this.entries.delete(id);
  }

  metrics(): Record<string, number> {
    return { cacheEntries: this.entries.size, cacheHits: this.hits, cacheMisses: this.misses };
  }
}
