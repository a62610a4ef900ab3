import { Body, Controller, Get, Param, Put } from '@nestjs/common';
import { ProductChangePipe } from './product-change.pipe.js';
import { ProductIdPipe } from './product-id.pipe.js';
import type { Product, ProductChange, ProductView } from './product.js';
import { ProductsService } from './products.service.js';

/** The catalogue over HTTP: any homie answers for all of them. */
@Controller('products')
export class ProductsController {
  constructor(private readonly products: ProductsService) {}

  @Get(':id')
  find(@Param('id', ProductIdPipe) id: string): Promise<ProductView> {
    return this.products.find(id);
  }

  @Put(':id')
  change(@Param('id', ProductIdPipe) id: string, @Body(ProductChangePipe) change: ProductChange): Promise<Product> {
    return this.products.change(id, change);
  }
}
