/** One message of a run. */
export interface Message {
  readonly number: number;
  readonly origin: number;
  readonly payloadBytes: number;
  /** Warm-up and cool-down are delivered and checked like all others, but do not count in the figures. */
  readonly isMeasured: boolean;
  /** Virtual time of its sending, ms; Infinity while it is not sent, or was refused. */
  sentAt: number;
  /** Sizes of its segment frames, bytes. */
  frames: readonly number[];
}

/** Which node got which message when, and over how many hops. */
export class DeliveryLog {
  /** Time of arrival by message and node, ms; NaN while it has not arrived. */
  private readonly times: Float64Array;
  private readonly hopCounts: Uint8Array;
  /** Messages that a handler got more than once. */
  duplicates = 0;
  /** Pairs of message and node that are delivered. */
  delivered = 0;

  constructor(
    readonly messages: readonly Message[],
    readonly nodes: number,
  ) {
    this.times = new Float64Array(messages.length * nodes).fill(NaN);
    this.hopCounts = new Uint8Array(messages.length * nodes);
  }

  /** What a handler of this node gets. Throws when it is not what was sent. */
  deliver(node: number, payload: Uint8Array, hops: number, now: number): number {
    const number = numberIn(payload);
    const message = this.messages[number];
    if (message === undefined || !isPayload(payload, number, message.payloadBytes)) {
      throw new Error(`node ${node} got a message that nobody sent`);
    }
    const position = number * this.nodes + node;
    if (!Number.isNaN(this.times[position]!)) this.duplicates++;
    else {
      this.times[position] = now;
      this.hopCounts[position] = hops;
      this.delivered++;
    }
    return number;
  }

  has(message: Message, node: number): boolean {
    return !Number.isNaN(this.times[message.number * this.nodes + node]!);
  }

  /** How long the node waited for the message, ms; NaN when it has not arrived. */
  latency(message: Message, node: number): number {
    return this.times[message.number * this.nodes + node]! - message.sentAt;
  }

  hops(message: Message, node: number): number {
    return this.hopCounts[message.number * this.nodes + node]!;
  }
}

/** Bytes at the beginning of a payload that hold the number of the message. */
export const SMALLEST_PAYLOAD_BYTES = 4;

/** A payload that tells its message, and differs everywhere, so that a segment in the wrong place is seen. */
export function makePayload(number: number, bytes: number): Uint8Array {
  const payload = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) payload[i] = byteAt(i, number);
  new DataView(payload.buffer).setUint32(0, number, true);
  return payload;
}

/** Bytes that are looked at in one payload: all of a small one, a sample of a large one. */
const CHECKED_BYTES = 256;

function isPayload(payload: Uint8Array, number: number, bytes: number): boolean {
  if (payload.length !== bytes) return false;
  const step = Math.max(1, Math.floor(bytes / CHECKED_BYTES));
  for (let i = SMALLEST_PAYLOAD_BYTES; i < bytes; i += step) if (payload[i] !== byteAt(i, number)) return false;
  return true;
}

function byteAt(position: number, number: number): number {
  return (position * 31 + (position >> 8) * 7 + (position >> 16) + number) & 255;
}

function numberIn(payload: Uint8Array): number {
  if (payload.length < SMALLEST_PAYLOAD_BYTES) return -1;
  return (payload[0]! | (payload[1]! << 8) | (payload[2]! << 16) | (payload[3]! << 24)) >>> 0;
}
