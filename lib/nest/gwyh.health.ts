import type { NodeId } from '../engine/node-id.js';
import { formatEndpoint } from '../engine/endpoint.js';
import type { GwyhNode } from '../runtime/gwyh-node.js';
import type { GwyhServer } from './gwyh.server.js';

/** What {@link GwyhHealthIndicator} finds. */
export interface GwyhHealth {
  readonly status: 'up' | 'down';
  /** Why it is down. */
  readonly reason?: string;
  /** Whether at least one homie takes broadcasts from here and this one takes them from at least one. */
  readonly ready: boolean;
  readonly id: NodeId;
  readonly zone: string;
  /** `host:port`, while listening. */
  readonly address?: string;
  readonly members: number;
  readonly feeds: number;
  readonly subscribers: number;
}

export interface GwyhHealthOptions {
  /**
   * Whether a homie that nobody listens to is down. Default: false, because the first instance of a deployment has
   * nobody yet, and where readiness gates discovery it would never get anybody.
   */
  requireReady?: boolean;
}

/**
 * Tells whether this homie takes part. Fits a controller of `@nestjs/terminus`, which need not be installed:
 * `health.check([() => gwyh.isHealthy('gossip')])`.
 *
 * @publicApi
 */
export class GwyhHealthIndicator {
  constructor(
    private readonly node: GwyhNode,
    private readonly server: GwyhServer,
  ) {}

  /** Never throws. Down when no events are taken: the socket is not bound yet, or the application closes. */
  check({ requireReady = false }: GwyhHealthOptions = {}): GwyhHealth {
    const { node } = this;
    const reason = this.reasonDown(requireReady);
    return {
      status: reason === undefined ? 'up' : 'down',
      ...(reason !== undefined && { reason }),
      ...(this.server.isListening && { address: formatEndpoint(node.address) }),
      ready: node.isReady,
      id: node.id,
      zone: node.zone,
      members: node.members().length,
      feeds: node.feedCount,
      subscribers: node.subscriberCount,
    };
  }

  /** The result of {@link check} under `key`, as terminus wants it. Does not throw when down: terminus reads the status. */
  isHealthy<Key extends string>(key: Key, options?: GwyhHealthOptions): Record<Key, GwyhHealth> {
    return { [key]: this.check(options) } as Record<Key, GwyhHealth>;
  }

  private reasonDown(requireReady: boolean): string | undefined {
    if (!this.server.isListening) return 'takes no events: not listening yet, or closing';
    return requireReady && !this.node.isReady ? 'linked with no other homie' : undefined;
  }
}
