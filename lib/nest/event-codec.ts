import { findProblem } from './event-problems.js';
import { EventReader } from './event-reader.js';
import { EventWriter } from './event-writer.js';
import { GwyhEncodeError } from './gwyh.errors.js';

/** Text that travels beside the data: record headers, trace ids. */
export type EventMetadata = Readonly<Record<string, string>>;

/** An event as it travels: a MessagePack array `[pattern]`, `[pattern, data]` or `[pattern, data, metadata]`. */
export interface GossipEvent {
  readonly pattern: string;
  readonly data: unknown;
  readonly metadata?: EventMetadata | undefined;
}

// Both keep what they would else make for each event. Reading calls nobody back who could emit or read another event.
const writer = new EventWriter();
const reader = new EventReader(new Uint8Array());

/**
 * The payload of an event, to be used or copied before the next one is encoded: it lies in a buffer that all share. Throws
 * a {@link GwyhEncodeError} that names the pattern and the path to what cannot be sent.
 */
export function encodeEvent(pattern: string, data: unknown, metadata?: EventMetadata): Uint8Array {
  if (metadata !== undefined && !isMetadata(metadata)) {
    throw new GwyhEncodeError(pattern, 'headers and metadata are text: an object with nothing but strings in it');
  }
  try {
    return writer.event(pattern, data, metadata);
  } catch (error) {
    throw new GwyhEncodeError(pattern, explain(error, data), { cause: error });
  }
}

/**
 * The event in a payload, or undefined when `isWanted` says no to its pattern, which spares reading the data.
 * Throws on anything that is not an event. The result shares no memory with the payload.
 */
export function decodeEvent(payload: Uint8Array, isWanted?: (pattern: string) => boolean): GossipEvent | undefined {
  reader.reset(payload);
  const length = reader.arrayHeader();
  const pattern = length > 0 ? reader.recurringValue() : undefined;
  if (typeof pattern !== 'string') throw new RangeError('an event without a pattern');
  if (isWanted !== undefined && !isWanted(pattern)) return undefined;
  const data = length > 1 ? reader.value() : undefined;
  const metadata = length > 2 ? reader.value() : undefined;
  if (length > 3 || !reader.atEnd) throw new RangeError('more than an event');
  if (metadata === undefined) return { pattern, data };
  if (!isMetadata(metadata)) throw new RangeError('metadata that is not text');
  return { pattern, data, metadata };
}

function isMetadata(value: unknown): value is EventMetadata {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(text => typeof text === 'string');
}

function explain(error: unknown, data: unknown): string {
  const thrown = error instanceof Error ? error.message : String(error);
  try {
    return findProblem(data) ?? thrown;
  } catch {
    // A getter or a toJSON() that throws: the first error was its own.
    return thrown;
  }
}
