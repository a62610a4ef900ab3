/** Ways to move messages from one process to another: ours, and what is left of it without all that makes it gossip. */
export const CARRIERS = ['gwyh', 'sealed', 'raw'] as const;
export type CarrierName = (typeof CARRIERS)[number];

/** One end that sends. */
export interface Sender {
  /** Where the receiver finds it, or where it sends to. */
  readonly port: number;
  /** Resolves when the receiver can be reached. */
  ready(): Promise<void>;
  /** Resolves when the next message may be sent. The payload is not changed afterwards. */
  send(payload: Uint8Array): Promise<void> | undefined;
}

/** What the receiving end does with each message, or each part of one: it counts the bytes. */
export type Received = (bytes: number) => void;

/** Largest datagram of the raw pairs, bytes: as much as UDP carries, in round numbers. */
export const LARGEST_DATAGRAM = 61_440;
