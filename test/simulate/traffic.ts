import type { VirtualHomie } from '../../lib/testing/virtual-cluster.js';

/** What all nodes together have sent and received up to an instant. */
export interface Traffic {
  readonly datagramsSent: number;
  readonly bytesSent: number;
  /** Copies of segments handed to links: of our own, passed on, and repeated. */
  readonly segmentsSent: number;
  readonly segmentsReceived: number;
  readonly segmentsRepaired: number;
}

export const NO_TRAFFIC: Traffic = {
  datagramsSent: 0,
  bytesSent: 0,
  segmentsSent: 0,
  segmentsReceived: 0,
  segmentsRepaired: 0,
};

export function trafficOf(homies: readonly VirtualHomie[]): Traffic {
  const sum = { ...NO_TRAFFIC };
  for (const { engine } of homies) {
    const { counters } = engine.context;
    sum.datagramsSent += counters.datagramsSent;
    sum.bytesSent += counters.bytesSent;
    sum.segmentsSent += counters.segmentsSent + counters.segmentsRepaired;
    sum.segmentsReceived += counters.segmentsReceived;
    sum.segmentsRepaired += counters.segmentsRepaired;
  }
  return sum;
}

export function trafficBetween(from: Traffic, to: Traffic): Traffic {
  return {
    datagramsSent: to.datagramsSent - from.datagramsSent,
    bytesSent: to.bytesSent - from.bytesSent,
    segmentsSent: to.segmentsSent - from.segmentsSent,
    segmentsReceived: to.segmentsReceived - from.segmentsReceived,
    segmentsRepaired: to.segmentsRepaired - from.segmentsRepaired,
  };
}

/** What the engines dropped, by reason, all nodes together; reasons that did not occur are left out. */
export function dropsOf(homies: readonly VirtualHomie[]): Record<string, number> {
  const drops: Record<string, number> = {};
  for (const { engine } of homies) {
    for (const [name, count] of Object.entries(engine.metrics())) {
      if (name.startsWith('drop.') && count > 0) drops[name.slice(5)] = (drops[name.slice(5)] ?? 0) + count;
    }
  }
  return drops;
}
