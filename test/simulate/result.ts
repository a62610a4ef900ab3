import type { Baseline } from './baselines/baseline.js';
import type { Curves } from './curves.js';
import type { Percentiles } from './percentiles.js';
import type { SimulationOptions } from './options.js';

/** A broadcast after the death of many. */
export interface KillBroadcast {
  /** Virtual time after the death, ms. */
  readonly at: number;
  readonly origin: number;
  /** Survivors to which a path led from the origin at that time, without the origin. */
  readonly reachable: number;
  /** Share of these that had it within 2 s, and at the end. */
  readonly withinTwoSeconds: number;
  readonly finally: number;
}

export interface KillReport {
  readonly share: number;
  readonly killed: number;
  readonly survivors: number;
  readonly broadcasts: readonly KillBroadcast[];
}

/** All figures of a run. Those per message are of the messages that count, without warm-up and cool-down. */
export interface SimulationResult {
  /** Who carried the messages: the engines of this package, or a baseline. */
  readonly protocol: 'gwyh' | Baseline;
  readonly scenario: SimulationOptions['scenario'];
  readonly nodes: number;
  readonly zones: number;
  readonly loss: number;
  readonly seed: number;
  readonly strategy: SimulationOptions['strategy'];
  readonly subscriptions: number;
  readonly start: 'warm' | 'cold';
  readonly cipher: SimulationOptions['cipher'];
  readonly uplinkMbits: number;
  readonly settleSeconds: number;
  readonly messages: number;
  readonly warmUpMessages: number;
  readonly payloadBytes: number;
  /** Share of the pairs of message and node that were delivered; what the world made impossible counts as well. */
  readonly delivered: number;
  /** Messages that a handler got more than once, of all messages. */
  readonly duplicatesToHandlers: number;
  /** Pairs of message and node without delivery and without a reason, of all messages. */
  readonly unexplainedMissing: number;
  readonly explainedMissing: Readonly<Record<string, number>>;
  readonly latencyMs: Percentiles;
  /** The same messages, sent by their origin straight to each node: no loss, no queues. */
  readonly directMs: Percentiles;
  /** Percentiles of the one by those of the other. */
  readonly stretch: Readonly<Record<'p50' | 'p99', number>>;
  /** Of each message and node: its latency by what the direct way would have taken. */
  readonly pairStretch: Readonly<Record<'p50' | 'p99', number>>;
  /** For `large`: how long the uplink of the origin would be busy with sending a message to all nodes itself, ms. */
  readonly directFanOutMs?: number;
  /** Copies of a segment that arrive at a node. */
  readonly copiesPerNode: number;
  readonly warmUpCopiesPerNode: number;
  /** Copies of a segment that are sent for a node: those that are lost, and repairs, included. */
  readonly copiesSentPerNode: number;
  /** All that was sent in the time of the messages that count, UDP payload, by nodes and messages. */
  readonly bytesPerNodePerMessage: number;
  /** The same by the bytes of the message, for `large`. */
  readonly overheadPerMessageByte?: number;
  /** Share of these bytes that is not segment frames: datagram heads, heartbeats, digests, requests. */
  readonly controlShare: number;
  readonly datagramsPerNodePerMessage: number;
  readonly links: Readonly<Record<'mean' | 'max', number>>;
  readonly hops: Readonly<Record<'p50' | 'max', number>>;
  /** Segments that were sent again because somebody asked for them. */
  readonly repairs: number;
  /** What the engines dropped in the whole run, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** Nodes without a feed or a subscriber when the first message was sent. */
  readonly unready: number;
  readonly kill?: KillReport;
  /** For `growth`: what the heap and the buffers hold for one node at the end, bytes. */
  readonly stateBytesPerNode?: number;
  readonly virtualSeconds: number;
  readonly wallSeconds: number;
  /** Largest size of the process, MiB. */
  readonly peakMemoryMiB: number;
  /** Hash of every datagram and every delivery. */
  readonly digest: string;
  /** With `--curves` only. */
  readonly curves?: Curves;
}

/** Whether all that was promised was kept. */
export function isSound(result: SimulationResult): boolean {
  return result.unexplainedMissing === 0 && result.duplicatesToHandlers === 0;
}
