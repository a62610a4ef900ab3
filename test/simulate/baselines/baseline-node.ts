import type { Packet } from './packet.js';

/** One node of a baseline. Nodes are numbers. */
export interface BaselineNode {
  /** Sends a message of its own. */
  broadcast(message: number): void;
  receive(from: number, packet: Packet): void;
}

/** What a node of a baseline lives in. */
export interface Surroundings {
  /** The nodes it has links with. */
  readonly neighbours: readonly number[];
  /** Virtual time, ms. */
  now(): number;
  /** @param isRepair it is sent because somebody asked for it. */
  send(to: number, packet: Packet, isRepair?: boolean): void;
  /** Hands a message to the handler. */
  deliver(message: number, round: number): void;
  /** Returns what cancels it. */
  schedule(at: number, callback: () => void): () => void;
}
