import { Encoder, encodeDateToTimeSpec, encodeTimeSpecToTimestamp, ExtData } from '@msgpack/msgpack';
import type { ExtensionCodecType } from '@msgpack/msgpack';
import { types } from 'node:util';
import { bigIntToBytes, EventExtension, MAX_DEPTH, MAX_NESTED_COLLECTIONS } from './event-extensions.js';
import { hasToJson, reasonUnsupported } from './event-problems.js';

/** What stands for `undefined` data where metadata follows it. */
export const ABSENT = new ExtData(EventExtension.Absent, new Uint8Array());

/** The encoder keeps its buffer. Beyond this many bytes it is let go, so that one large event does not cost memory for ever. */
const KEPT_BUFFER_BYTES = 1_048_576;

const extensionCodec: ExtensionCodecType<undefined> = {
  /** Called for everything but null, booleans, numbers and strings. Null leaves it to the encoder. */
  tryToEncode(value: unknown): ExtData | null {
    if (typeof value === 'bigint') return new ExtData(EventExtension.BigInt, bigIntToBytes(value));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return encodeInstance(value);
    if (Object.hasOwn(value, '__proto__')) throw new TypeError(reasonUnsupported(value));
    return null;
  },
  decode: () => undefined,
};

// Sharing the encoder spares its buffer: a small event then takes about 1 µs.
let encoder = createEncoder();
let openCollections = 0;

function createEncoder(): Encoder {
  return new Encoder({ extensionCodec, ignoreUndefined: true, maxDepth: MAX_DEPTH });
}

/** MessagePack of `value`. Objects with a `toJSON()` are written as what it returns, other instances as their own properties. */
export function writeValue(value: unknown): Uint8Array {
  const bytes = encode(value);
  if (bytes.length > KEPT_BUFFER_BYTES) encoder = createEncoder();
  return bytes;
}

function encode(value: unknown): Uint8Array {
  try {
    return encoder.encode(value);
  } catch {
    // The encoder cannot swap one value for another, so that a toJSON() is only looked for where plain writing failed.
    return encoder.encode(applyToJson(value, new Set()));
  }
}

function encodeInstance(value: object): ExtData | null {
  if (value === ABSENT) return ABSENT;
  if (Buffer.isBuffer(value)) return new ExtData(EventExtension.Buffer, value);
  if (types.isUint8Array(value)) return null;
  const reason = reasonUnsupported(value);
  if (reason !== undefined) throw new TypeError(reason);
  if (types.isDate(value)) {
    return new ExtData(EventExtension.Timestamp, encodeTimeSpecToTimestamp(encodeDateToTimeSpec(value)));
  }
  if (types.isMap(value)) return new ExtData(EventExtension.Map, encodeMembers([...value].flat(1)));
  if (types.isSet(value)) return new ExtData(EventExtension.Set, encodeMembers([...value]));
  if (hasToJson(value)) throw new TypeError('has a toJSON()');
  return null;
}

/** The encoder is busy with the outer value, so that the members are written by a copy of it. */
function encodeMembers(members: unknown[]): Uint8Array {
  if (openCollections === MAX_NESTED_COLLECTIONS) {
    throw new RangeError(`Maps and Sets inside each other, deeper than ${MAX_NESTED_COLLECTIONS}`);
  }
  openCollections++;
  try {
    return encoder.encode(members);
  } finally {
    openCollections--;
  }
}

/** A copy of the data in which objects with a `toJSON()` are replaced by what it returns. */
function applyToJson(value: unknown, ancestors: Set<object>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value === ABSENT || types.isDate(value) || ArrayBuffer.isView(value)) return value;
  if (ancestors.has(value) || ancestors.size > MAX_DEPTH || reasonUnsupported(value) !== undefined) return value;
  ancestors.add(value);
  const copy = copyWith(value, child => applyToJson(child, ancestors));
  ancestors.delete(value);
  return copy;
}

function copyWith(value: object, convert: (child: unknown) => unknown): unknown {
  if (hasToJson(value)) return convert(value.toJSON());
  if (Array.isArray(value)) return value.map(convert);
  if (types.isMap(value)) return new Map([...value].map(([key, item]) => [convert(key), convert(item)]));
  if (types.isSet(value)) return new Set([...value].map(convert));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, convert(item)]));
}
