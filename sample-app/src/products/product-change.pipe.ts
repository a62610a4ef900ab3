import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';
import type { ProductChange } from './product.js';

/** Makes sure that the body of a request is a change of a product, and nothing more. */
@Injectable()
export class ProductChangePipe implements PipeTransform<unknown, ProductChange> {
  transform(body: unknown): ProductChange {
    const { name, priceCents } = (body ?? {}) as Partial<Record<keyof ProductChange, unknown>>;
    if (typeof name !== 'string' || name === '' || name.length > 200) {
      throw new BadRequestException('"name" is a text of 1 to 200 characters');
    }
    if (typeof priceCents !== 'number' || !Number.isSafeInteger(priceCents) || priceCents < 0) {
      throw new BadRequestException('"priceCents" is a whole number, 0 or more');
    }
    return { name, priceCents };
  }
}
