import type { PathModel } from '../../../lib/testing/path-model.js';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';

/** What a datagram has on the wire besides its payload: Ethernet, IPv4 and UDP headers, bytes. */
export const WIRE_HEADER_BYTES = 42;

export interface AccessLinksOptions {
  /** Rate of each host in both directions, Mbit/s, by its number. */
  readonly mbits: readonly number[];
  /** How long a datagram may wait in the buffer of a link; those that would wait longer are lost. ms. */
  readonly bufferMs: number;
  /** From every host to every other, ms. */
  readonly latencyMs: number;
  /** Share of all datagrams that is lost on the way, each by itself. */
  readonly loss: number;
  readonly seed: number;
}

/** Hosts with a line of their own each, up and down, and buffers that overflow. */
export class AccessLinks implements PathModel {
  /** Datagrams lost to full buffers, and by chance. */
  readonly lost = { up: 0, down: 0, chance: 0 };
  private readonly random: SeededRandom;
  private readonly upBusyUntil: Float64Array;
  private readonly downBusyUntil: Float64Array;

  constructor(private readonly options: AccessLinksOptions) {
    const hosts = options.mbits.length;
    this.random = new SeededRandom(options.seed);
    this.upBusyUntil = new Float64Array(hosts);
    this.downBusyUntil = new Float64Array(hosts);
  }

  arrival(from: number, _to: number, bytes: number, now: number): number {
    const { latencyMs, loss } = this.options;
    const departed = this.cross(this.upBusyUntil, from, bytes, now);
    if (departed === Infinity) this.lost.up++;
    else if (this.random.unit() < loss) this.lost.chance++;
    else return departed + latencyMs;
    return Infinity;
  }

  received(host: number, bytes: number, now: number): number {
    const arrived = this.cross(this.downBusyUntil, host, bytes, now);
    if (arrived === Infinity) this.lost.down++;
    return arrived;
  }

  private cross(busyUntil: Float64Array, host: number, bytes: number, now: number): number {
    const { mbits, bufferMs } = this.options;
    const begins = Math.max(busyUntil[host]!, now);
    if (begins - now > bufferMs) return Infinity;
    busyUntil[host] = begins + ((bytes + WIRE_HEADER_BYTES) * 8) / (mbits[host]! * 1_000);
    return busyUntil[host];
  }
}
