import type { Endpoint } from '../engine/endpoint.js';
import type { DatagramNetwork } from './datagram-network.js';
import { formatHostPort, type HostPort } from './host-port.js';
import type { GwyhLogger } from './logger.js';

/** How often names are resolved while the node knows nobody, and afterwards, ms: addresses behind a name change. */
const RESOLVE_MS = 5_000;
const RESOLVE_JOINED_MS = 60_000;

/** A seed that cannot be resolved is told of once in so long, ms. */
const WARN_MS = 60_000;

/** Turns the seeds' names into addresses, again and again. */
export class SeedResolver {
  private readonly resolved = new Map<string, readonly Endpoint[]>();
  private readonly warnedAt = new Map<string, number>();
  private cancelNext: () => void = () => undefined;
  private isStopped = false;

  constructor(
    private readonly network: DatagramNetwork,
    private readonly seeds: readonly HostPort[],
    private readonly logger: GwyhLogger,
    private readonly isJoined: () => boolean,
    private readonly onResolved: (endpoints: readonly Endpoint[]) => void,
  ) {}

  /** Resolves once and goes on by itself. */
  async start(): Promise<void> {
    await Promise.all(this.seeds.map(seed => this.resolve(seed)));
    if (this.isStopped) return;
    this.onResolved([...this.resolved.values()].flat());
    const delay = this.isJoined() ? RESOLVE_JOINED_MS : RESOLVE_MS;
    this.cancelNext = this.network.schedule(this.network.now() + delay, () => void this.start());
  }

  stop(): void {
    this.isStopped = true;
    this.cancelNext();
  }

  /** An address that was known stays in use when its name cannot be resolved for a while. */
  private async resolve(seed: HostPort): Promise<void> {
    const name = formatHostPort(seed);
    try {
      const addresses = await this.network.resolve(seed.host);
      this.resolved.set(
        name,
        addresses.map(address => ({ address, port: seed.port })),
      );
    } catch (error) {
      const now = this.network.now();
      if (now - (this.warnedAt.get(name) ?? -Infinity) < WARN_MS) return;
      this.warnedAt.set(name, now);
      const code = (error as { code?: string }).code ?? String(error);
      this.logger.warn(`Cannot resolve the peer "${name}" (${code}). It is tried again; check the option "peers".`);
    }
  }
}
