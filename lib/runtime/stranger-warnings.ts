import { type Endpoint, formatEndpoint, sameEndpoint } from '../engine/endpoint.js';
import { formatHostPort } from './host-port.js';
import type { NodeSettings } from './node-settings.js';

/** Each kind of warning is given at most once in so long, ms: they repeat as long as their cause does. */
const WARN_MS = 60_000;

/** How long a node looks for its peers before it says that nobody answers, ms. */
const SILENCE_MS = 15_000;

/**
 * How long the same stranger must go on to send what no key opens before it is said, ms: a node that was started again at
 * once gets what others still send to its former life, until they have met it.
 */
const FORMER_LIFE_MS = 5_000;

/** Another stranger is looked at when this one has been silent for so long, ms: a node redials once a minute. */
const FORGET_MS = 150_000;

/** Tells the operator why homies do not find each other. The peers themselves never say: they do not answer strangers. */
export class StrangerWarnings {
  private keyWarnedAt = -Infinity;
  /** Who sends what no key opens, since when, and when last. */
  private stranger: { endpoint: Endpoint; since: number; at: number } | undefined;
  private clockWarnedAt = -Infinity;
  private cancelNext: () => void = () => undefined;

  constructor(
    private readonly settings: NodeSettings,
    private readonly hasPeers: () => boolean,
  ) {
    if (!settings.isPeersDefault && settings.peers.length > 0) this.listenForSilence(SILENCE_MS);
  }

  /** Datagrams come from there that no key opens. */
  noKeyFits(endpoint: Endpoint): void {
    const now = this.settings.network.now();
    const { stranger } = this;
    if (stranger === undefined || now - stranger.at > FORGET_MS) this.stranger = { endpoint, since: now, at: now };
    else if (sameEndpoint(stranger.endpoint, endpoint)) stranger.at = now;
    else return;
    if (now - this.stranger!.since < FORMER_LIFE_MS || now - this.keyWarnedAt < WARN_MS) return;
    this.keyWarnedAt = now;
    this.settings.logger.warn(
      `Peers answer but no key fits: datagrams from ${formatEndpoint(endpoint)} open with none of our keys. ` +
        'Check that "keys" and "cluster" are the same everywhere.',
    );
  }

  /** A peer with the right key has a clock too far from ours. */
  clockSkew(endpoint: Endpoint, skewMs: number): void {
    const now = this.settings.network.now();
    if (now - this.clockWarnedAt < WARN_MS) return;
    this.clockWarnedAt = now;
    this.settings.logger.warn(
      `The clock of ${formatEndpoint(endpoint)} differs from ours by ${Math.round(skewMs / 1_000)} s, more than ` +
        `"timeLockMs" (${this.settings.timeLockMs} ms) allows. Set the clocks, or the option.`,
    );
  }

  stop(): void {
    this.cancelNext();
  }

  private listenForSilence(delay: number): void {
    const { network, peers, logger } = this.settings;
    this.cancelNext = network.schedule(network.now() + delay, () => {
      if (!this.hasPeers()) {
        logger.warn(
          `No peer answers (${peers.map(formatHostPort).join(', ')}): not started, not reachable, another key or ` +
            'cluster, or a clock that differs too much. Still trying.',
        );
      }
      this.listenForSilence(WARN_MS);
    });
  }
}
