import type { EventMetadata } from './event-codec.js';

/**
 * Data to emit together with headers, or for some zones only. Handlers get the data, and the headers from their context.
 *
 * @publicApi
 */
export class GwyhRecord<TData = unknown> {
  /**
   * @param data what handlers receive
   * @param headers text that travels beside the data, for `GwyhContext.getHeaders()`
   * @param zones zones whose homies handle the event, at least one; all when left out
   */
  constructor(
    public readonly data: TData,
    public readonly headers?: EventMetadata,
    public readonly zones?: readonly string[],
  ) {}
}

/**
 * ```ts
 * client.emit('price.changed', new GwyhRecordBuilder(price).setHeaders({ tenant: 'a' }).setZones(['eu-west-1']).build());
 * ```
 *
 * @publicApi
 */
export class GwyhRecordBuilder<TData = unknown> {
  private headers?: EventMetadata;
  private zones?: readonly string[];

  constructor(private data?: TData) {}

  setData(data: TData): this {
    this.data = data;
    return this;
  }

  setHeaders(headers: EventMetadata): this {
    this.headers = headers;
    return this;
  }

  setZones(zones: readonly string[]): this {
    this.zones = zones;
    return this;
  }

  build(): GwyhRecord<TData | undefined> {
    return new GwyhRecord(this.data, this.headers, this.zones);
  }
}
