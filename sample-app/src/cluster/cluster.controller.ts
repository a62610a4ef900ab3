import { Controller, Get } from '@nestjs/common';
import {
  GwyhClientProxy,
  type GwyhHealth,
  GwyhHealthIndicator,
  GwyhNode,
  GwyhServer,
  type MemberInfo,
} from 'nestjs-gwyh';
import { ProductCache } from '../products/product-cache.js';

/** What `GET /cluster` answers. */
export interface ClusterView {
  readonly self: GwyhHealth;
  /** The other homies this one knows. */
  readonly members: readonly MemberInfo[];
  readonly counters: Record<string, number>;
}

/** Who takes part, as seen from here, and what has happened so far. */
@Controller('cluster')
export class ClusterController {
  constructor(
    private readonly node: GwyhNode,
    private readonly server: GwyhServer,
    private readonly client: GwyhClientProxy,
    private readonly health: GwyhHealthIndicator,
    private readonly cache: ProductCache,
  ) {}

  @Get()
  show(): ClusterView {
    return {
      self: this.health.check(),
      members: this.node.members(),
      counters: {
        ...this.cache.metrics(),
        ...this.client.metrics(),
        ...this.server.metrics(),
        ...this.node.metrics(),
      },
    };
  }
}
