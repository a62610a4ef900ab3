import { Module } from '@nestjs/common';
import { InvalidationLog } from './invalidation-log.js';
import { InvalidationsController } from './invalidations.controller.js';
import { ProductCache } from './product-cache.js';
import { ProductStore } from './product-store.js';
import { ProductsController } from './products.controller.js';
import { ProductsService } from './products.service.js';

@Module({
  controllers: [ProductsController, InvalidationsController],
  providers: [ProductsService, ProductStore, ProductCache, InvalidationLog],
  exports: [ProductCache],
})
export class ProductsModule {}
