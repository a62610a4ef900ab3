import { addressPrefix } from './address-bytes.js';
import { TokenBucket } from './token-bucket.js';

/** Ohais a second in all: 1,000 cost 1 % of a core. A join storm larger than that waits for its resends. */
export const MAX_OHAIS_PER_SECOND = 1_000;

/**
 * Up to this rate nobody is limited by address, so that hundreds of nodes behind one address can start together. Above
 * it, one address can no longer use up everybody's share.
 */
export const UNRESTRICTED_OHAIS_PER_SECOND = MAX_OHAIS_PER_SECOND / 4;

/** What one IPv4 address or IPv6 /56 gets above that: enough for the resends of a hundred nodes behind it. */
export const PREFIX_OHAIS_PER_SECOND = 20;
export const PREFIX_BURST = 5;

/** Prefixes remembered. The oldest is forgotten, which gives it its burst again: the limit in all still holds. */
export const MAX_PREFIXES = 1_024;

export type OhaiLimit = 'rate_limited' | 'prefix_limited';

/** Decides whether another Hello is answered. Only Hellos that hold the pre-shared key come this far. */
export class OhaiLimits {
  private total: TokenBucket | undefined;
  private unrestricted: TokenBucket | undefined;
  private readonly prefixes = new Map<string, TokenBucket>();

  /** Undefined when the Ohai may be sent. */
  refuse(now: number, address: Uint8Array): OhaiLimit | undefined {
    this.total ??= new TokenBucket(MAX_OHAIS_PER_SECOND, MAX_OHAIS_PER_SECOND, now);
    this.unrestricted ??= new TokenBucket(UNRESTRICTED_OHAIS_PER_SECOND, UNRESTRICTED_OHAIS_PER_SECOND, now);
    if (!this.unrestricted.take(now) && !this.prefixBucket(now, address).take(now)) return 'prefix_limited';
    return this.total.take(now) ? undefined : 'rate_limited';
  }

  check(): void {
    if (this.prefixes.size > MAX_PREFIXES) throw new Error('too many prefixes remembered');
  }

  private prefixBucket(now: number, address: Uint8Array): TokenBucket {
    const prefix = addressPrefix(address);
    let bucket = this.prefixes.get(prefix);
    if (bucket === undefined) {
      if (this.prefixes.size >= MAX_PREFIXES) {
        for (const oldest of this.prefixes.keys()) {
          this.prefixes.delete(oldest);
          break;
        }
      }
      bucket = new TokenBucket(PREFIX_OHAIS_PER_SECOND, PREFIX_BURST, now);
      this.prefixes.set(prefix, bucket);
    }
    return bucket;
  }
}
