import type { GwyhNodeOptions } from 'nestjs-gwyh';
import type { Work } from '../processes/fleet.js';
import type { Views } from '../processes/views.js';

/** Processes that hold nodes, can be killed and stand still: real ones, or simulated. Times are monotonic, ms. */
export interface ClusterFleet {
  readonly views: Views;
  now(): number;
  pass(ms: number): Promise<void>;
  /** What some processes, by default all, have done so far; undefined where nothing takes any time. */
  work(places?: readonly number[]): Promise<Work | undefined>;
  /** Starts a process with nodes, in place of an earlier one of the same number. */
  start(place: number, nodes: readonly GwyhNodeOptions[]): Promise<unknown>;
  /** Ids of the nodes of some processes, by default of all. */
  ids(places?: readonly number[]): string[];
  /** Ends a process without a word. */
  kill(place: number): Promise<void>;
  /** Lets a process stand still for so long, its sockets open. */
  standStill(place: number, ms: number): Promise<void>;
  /** Waits until every node sees all others and nobody else. */
  allSeeAll(): Promise<void>;
  /** Waits for a condition, and fails with its name when it does not come true. */
  until(name: string, condition: () => boolean | Promise<boolean>): Promise<void>;
  /** From the first node of a process. */
  broadcast(place: number, text: string): Promise<unknown>;
  /** Texts that the nodes of some processes received, node by node. */
  received(places: readonly number[]): Promise<string[][]>;
  close(): Promise<void>;
}
