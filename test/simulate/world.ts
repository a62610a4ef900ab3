import type { PathModel } from '../../lib/testing/path-model.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { drawJitter } from './jitter.js';
import { latencyMicroseconds, type Region } from './regions.js';

/** What it takes a node to receive one datagram, open it and act on it, microseconds: measured on the real thing. */
export const RECEIVING_MICROSECONDS = 15;

/** What it takes a node to seal and send one datagram, microseconds: measured on the real thing. */
export const SENDING_MICROSECONDS = 7;

/** Bytes of the IPv4 and UDP headers, which take their time on the uplink as well. */
export const HEADER_BYTES = 28;

export interface WorldOptions {
  readonly regions: readonly Region[];
  readonly nodes: number;
  /** Share of all datagrams that is lost, each by itself, 0 to 1. */
  readonly loss: number;
  /** Rate of each node's uplink, Mbit/s. */
  readonly uplinkMbits: number;
  readonly seed: number;
}

/**
 * The ways between the nodes: distance, jitter, loss, and at each node one server that sends and receives one datagram
 * at a time, and an uplink. Time is counted in microseconds here.
 */
export class World implements PathModel {
  private readonly random: SeededRandom;
  private readonly zones: number;
  /** Latency from zone to zone, microseconds, row by row. */
  private readonly latencies: Float64Array;
  /** When each node is done with all the datagrams that it has to send and receive. */
  private readonly busyUntil: Float64Array;
  private readonly uplinkBusyUntil: Float64Array;
  private readonly microsecondsPerByte: number;

  constructor(private readonly options: WorldOptions) {
    const { regions, nodes, uplinkMbits, seed } = options;
    this.random = new SeededRandom(seed);
    this.zones = regions.length;
    this.latencies = Float64Array.from(regions.flatMap(a => regions.map(b => latencyMicroseconds(a, b))));
    this.busyUntil = new Float64Array(nodes);
    this.uplinkBusyUntil = new Float64Array(nodes);
    this.microsecondsPerByte = 8 / uplinkMbits;
  }

  /** Nodes are spread evenly over the zones. */
  zoneOf(node: number): number {
    return node % this.zones;
  }

  arrival(from: number, to: number, bytes: number, now: number): number {
    const { busyUntil, uplinkBusyUntil, random } = this;
    const sealed = Math.max(busyUntil[from]!, Math.ceil(now * 1_000)) + SENDING_MICROSECONDS;
    busyUntil[from] = sealed;
    const departed = Math.max(uplinkBusyUntil[from]!, sealed) + this.serialisation(bytes);
    uplinkBusyUntil[from] = departed;
    // A datagram that is lost has cost its sender all the same.
    if (random.unit() < this.options.loss) return Infinity;
    const latency = this.latencyBetween(from, to) * drawJitter(random);
    return (Math.round(departed + latency) + RECEIVING_MICROSECONDS) / 1_000;
  }

  /** The time of receiving is in the arrival already: only a node that is busy takes longer. */
  received(host: number, _bytes: number, now: number): number {
    const { busyUntil } = this;
    const done = Math.round(now * 1_000);
    const isIdle = busyUntil[host]! <= done - RECEIVING_MICROSECONDS;
    busyUntil[host] = isIdle ? done : busyUntil[host]! + RECEIVING_MICROSECONDS;
    return isIdle ? now : busyUntil[host]! / 1_000;
  }

  /** Median one-way latency from node to node, microseconds. */
  latencyBetween(from: number, to: number): number {
    return this.latencies[(from % this.zones) * this.zones + (to % this.zones)]!;
  }

  /** How long a datagram with so many bytes of payload occupies the uplink, microseconds. */
  serialisation(bytes: number): number {
    return (bytes + HEADER_BYTES) * this.microsecondsPerByte;
  }
}
