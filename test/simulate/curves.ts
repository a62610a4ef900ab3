import type { Carrier } from './carrier.js';
import type { DeliveryLog } from './delivery-log.js';
import { atShare } from './percentiles.js';
import type { Traffic } from './traffic.js';

/** Curves of a run, for plots. */
export interface Curves {
  /** Latency in ms that 0 %, 1 %, ... 100 % of the deliveries do not exceed. */
  readonly latencyMs: readonly number[];
  /** The same of the direct way. */
  readonly directMs: readonly number[];
  /** Copies of a segment that arrived for each delivery, in each half second from the first message on, warm-up included. */
  readonly copiesByHalfSecond: readonly number[];
}

/** Width of a sample of the copies, ms. */
export const HALF_SECOND_MS = 500;

/** How many of the sorted samples: 101 quantiles in ms, to a microsecond. */
export function quantiles(sorted: Float64Array): number[] {
  return Array.from({ length: 101 }, (_, percent) => Math.round(1_000 * atShare(sorted, percent / 100)) / 1_000);
}

/** Counts the copies in each half second. */
export class CopiesCurve {
  readonly copies: number[] = [];
  /** When the next sample is due, virtual ms; Infinity when there are no more. */
  nextAt: number;
  private traffic: Traffic;
  private delivered = 0;

  /** Samples from `startedAt` until `endsAt`. */
  constructor(
    private readonly carrier: Carrier,
    private readonly log: DeliveryLog,
    startedAt: number,
    private readonly endsAt: number,
  ) {
    this.nextAt = startedAt + HALF_SECOND_MS;
    this.traffic = carrier.traffic();
  }

  /** To be called at each `nextAt`, and at any other time. */
  sample(): void {
    if (this.carrier.now < this.nextAt) return;
    const traffic = this.carrier.traffic();
    const { delivered } = this.log;
    const segments = this.log.messages[0]!.frames.length;
    const deliveries = (delivered - this.delivered) * segments;
    const copies = traffic.segmentsReceived - this.traffic.segmentsReceived;
    this.copies.push(deliveries === 0 ? 0 : Math.round((1_000 * copies) / deliveries) / 1_000);
    this.traffic = traffic;
    this.delivered = delivered;
    this.nextAt += HALF_SECOND_MS;
    if (this.nextAt > this.endsAt) this.nextAt = Infinity;
  }
}
