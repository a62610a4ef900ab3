import { Controller, Get, Query } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { GwyhContext } from 'nestjs-gwyh';
import { CACHE_INVALIDATE, type CacheInvalidation, EMITTED_AT } from './cache-invalidation.js';
import { InvalidationLog, type InvalidationReceived } from './invalidation-log.js';
import { ProductCache } from './product-cache.js';

/** What other homies tell this one. */
@Controller('invalidations')
export class InvalidationsController {
  constructor(
    private readonly cache: ProductCache,
    private readonly log: InvalidationLog,
  ) {}

  // With <string>, because Nest 12 otherwise takes the decorator for one of handlers without a context.
  @EventPattern<string>(CACHE_INVALIDATE)
  invalidate(@Payload() { productId, revision }: CacheInvalidation, @Ctx() context: GwyhContext): void {
    const now = process.hrtime.bigint();
    this.cache.drop(productId);
    this.log.add({
      productId,
      revision,
      from: context.getOrigin().id,
      hops: context.getHops(),
      afterMs: Number(now - BigInt(context.getHeaders()[EMITTED_AT] ?? now)) / 1e6,
    });
  }

  @Get()
  received(@Query('revision') revision?: string): readonly InvalidationReceived[] {
    return revision === undefined ? this.log.all() : this.log.ofRevision(revision);
  }
}
