import type { Percentiles } from '../percentiles.js';
import type { DetectionReport } from './detection.js';
import type { DisturbanceReport } from './false-downs.js';
import type { IdleReport } from './idle.js';
import type { JoinReport } from './join.js';
import type { OneWayCase } from './one-way.js';
import type { MembershipOptions } from './options.js';
import type { PartitionReport } from './partition.js';
import type { RollingReport } from './rolling.js';
import type { FalseDown, Judgements } from './witness.js';

/** All figures of a run about members. What the scenario does not measure is null. */
export interface MembershipResult extends Omit<Judgements, 'falseDowns'> {
  readonly scenario: MembershipOptions['scenario'];
  readonly nodes: number;
  readonly zones: number;
  readonly loss: number;
  readonly seed: number;
  readonly strategy: MembershipOptions['strategy'];
  readonly subscriptions: number;
  readonly start: 'warm' | 'cold';
  readonly cipher: MembershipOptions['cipher'];
  readonly settleSeconds: number;
  /** Of each death: how long until every survivor had told of it, ms. */
  readonly detectionMs: Percentiles | null;
  /** `down` about a member that runs, and that the scenario has not cut off from the cluster. */
  readonly falseDowns: number;
  /** The longest from a change of the world until all that ran saw all that ran, and nobody else, ms. */
  readonly convergenceMs: number | null;
  /** Sent without any messages, UDP payload. */
  readonly idleBytesPerSecondPerNode: number;
  readonly idlePacketsPerSecondPerNode: number;
  /** What the heap holds for one member in the table of one engine, bytes. */
  readonly memberBytes: number;
  /** The first of the false downs. */
  readonly falseDownExamples: readonly FalseDown[];
  readonly detection?: DetectionReport;
  readonly disturbance?: DisturbanceReport;
  readonly oneWay?: readonly OneWayCase[];
  readonly partition?: PartitionReport;
  readonly idle?: IdleReport;
  readonly join?: JoinReport;
  readonly rolling?: RollingReport;
  /** In the whole run, all nodes together. */
  readonly datagramsSent: number;
  /** What the engines dropped in the whole run, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** What must always hold and did not; empty when all is well. */
  readonly failures: readonly string[];
  readonly virtualSeconds: number;
  readonly wallSeconds: number;
  /** Largest size of the process, MiB. */
  readonly peakMemoryMiB: number;
  /** Hash of every datagram, every event about a member and every delivery. */
  readonly digest: string;
}
