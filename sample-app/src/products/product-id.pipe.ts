import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';

/** Lets ids pass that are safe as the name of a file. */
@Injectable()
export class ProductIdPipe implements PipeTransform<string, string> {
  transform(id: string): string {
    if (/^[a-z0-9-]{1,40}$/.test(id)) return id;
    throw new BadRequestException('A product id has 1 to 40 of the characters a-z, 0-9 and "-"');
  }
}
