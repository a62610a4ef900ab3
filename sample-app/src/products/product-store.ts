import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Product, ProductChange } from './product.js';
import { STARTING_CATALOGUE } from './starting-catalogue.js';

/**
 * The database of this sample: a directory that all homies of the machine share, with a JSON file for each product.
 *
 * A change is written beside the file and renamed over it, which is atomic: readers see the old product or the new one,
 * never half of either. Of two changes at the same time the later rename wins, and the other is lost: this is no database.
 */
@Injectable()
export class ProductStore {
  private readonly directory = process.env.CATALOGUE_DIR ?? join(tmpdir(), 'gwyh-catalogue');

  async find(id: string): Promise<Product | undefined> {
    try {
      return JSON.parse(await readFile(this.file(id), 'utf8')) as Product;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return STARTING_CATALOGUE.get(id);
    }
  }

  async replace(id: string, { name, priceCents }: ProductChange): Promise<Product> {
    const product: Product = { id, name, priceCents, revision: randomUUID() };
    const draft = `${this.file(id)}.${product.revision}`;
    await mkdir(this.directory, { recursive: true });
    await writeFile(draft, JSON.stringify(product));
    await rename(draft, this.file(id));
    return product;
  }

  /** The id comes through ProductIdPipe, so that it cannot name a file elsewhere. */
  private file(id: string): string {
    return join(this.directory, `${id}.json`);
  }
}
