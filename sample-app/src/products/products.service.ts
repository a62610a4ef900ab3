import { Injectable, NotFoundException } from '@nestjs/common';
import { GwyhClientProxy, GwyhRecordBuilder } from 'nestjs-gwyh';
import { lastValueFrom } from 'rxjs';
import { CACHE_INVALIDATE, type CacheInvalidation, EMITTED_AT } from './cache-invalidation.js';
import { ProductCache } from './product-cache.js';
import { ProductStore } from './product-store.js';
import type { Product, ProductChange, ProductView } from './product.js';

/** Reads products through the cache, and tells the other homies of changes. */
@Injectable()
export class ProductsService {
  constructor(
    private readonly store: ProductStore,
    private readonly cache: ProductCache,
    private readonly gossip: GwyhClientProxy,
  ) {}

  async find(id: string): Promise<ProductView> {
    const fromCache = this.cache.has(id);
    const product = await this.cache.get(id, () => this.store.find(id));
    if (product === undefined) throw new NotFoundException(`There is no product "${id}"`);
    return { product, fromCache };
  }

  /** When the emit fails the request does too, although the product is stored: whoever repeats it does no harm. */
  async change(id: string, change: ProductChange): Promise<Product> {
    const product = await this.store.replace(id, change);
    // An event does not come back to the homie that emits it.
    this.cache.drop(id);
    await this.tellOthers({ productId: id, revision: product.revision });
    return product;
  }

  private async tellOthers(invalidation: CacheInvalidation): Promise<void> {
    const record = new GwyhRecordBuilder(invalidation)
      .setHeaders({ [EMITTED_AT]: String(process.hrtime.bigint()) })
      .build();
    // Awaited for the sake of its errors and of back-pressure; that nobody answers is the nature of gossip.
    await lastValueFrom(this.gossip.emit(CACHE_INVALIDATE, record));
  }
}
