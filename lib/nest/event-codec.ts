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
/** How many elements the event has that is being read. */
let elements = 0;

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
 * Begins to read an event, which lies between two places in the bytes, and returns its pattern. What nobody wants is not read
 * further; else `readData` and `readMetadata` follow, in this order. All three throw on anything that is not an event. What
 * they return shares no memory with the bytes.
 */
export function readPattern(bytes: Uint8Array, start: number, end: number): string {
  reader.reset(bytes, start, end);
  elements = reader.arrayHeader();
  const pattern = elements > 0 ? reader.recurringValue() : undefined;
  if (typeof pattern !== 'string') throw new RangeError('an event without a pattern');
  return pattern;
}

export function readData(): unknown {
  return elements > 1 ? reader.value() : undefined;
}

export function readMetadata(): EventMetadata | undefined {
  const metadata = elements > 2 ? reader.value() : undefined;
  if (elements > 3 || !reader.atEnd) throw new RangeError('more than an event');
  if (metadata !== undefined && !isMetadata(metadata)) throw new RangeError('metadata that is not text');
  return metadata;
}

/** The whole event in a payload. */
export function decodeEvent(payload: Uint8Array): GossipEvent {
  const pattern = readPattern(payload, 0, payload.length);
  const data = readData();
  const metadata = readMetadata();
  return metadata === undefined ? { pattern, data } : { pattern, data, metadata };
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
