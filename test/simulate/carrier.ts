import type { Message } from './delivery-log.js';
import type { Traffic } from './traffic.js';

/** Who carries the messages of a run: the real engines, or a baseline on the same overlay. */
export interface Carrier {
  /** Virtual time, ms. */
  readonly now: number;
  advanceTo(at: number): void;
  /** Sends a message and says when and in which frames, unless its origin refuses it. */
  send(message: Message): void;
  /** What all nodes together have sent and received up to now. */
  traffic(): Traffic;
  /** What the nodes dropped up to now, by reason. */
  drops(): Record<string, number>;
}
