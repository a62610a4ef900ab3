/**
 * MessagePack extension types of gwyh events. A decoder that does not know them still reads everything around them.
 * The numbers are part of the wire format: never reuse one.
 */
export const EventExtension = {
  /** Data that is not there, where something follows it in the event. Empty. */
  Absent: 0,
  /** An integer of any size, two's complement, big-endian, at least one byte. */
  BigInt: 1,
  /** A Node `Buffer`, so that it arrives as one. Plain MessagePack bin is a `Uint8Array`. */
  Buffer: 2,
  /** A MessagePack array of keys and values in turn. */
  Map: 3,
  /** A MessagePack array of members. */
  Set: 4,
  /** A `Date`; MessagePack's own timestamp type. */
  Timestamp: -1,
} as const;

/**
 * Containers inside each other that `emit()` accepts. Far above what data needs, and low enough that a cycle is found
 * at once.
 */
export const MAX_DEPTH = 100;

/** Maps and Sets inside each other that `emit()` accepts; each starts a new count to {@link MAX_DEPTH}. */
export const MAX_NESTED_COLLECTIONS = 4;

/** Containers inside each other that are read: all that can be emitted, and the stack stays shallow. */
export const MAX_READ_DEPTH = (MAX_NESTED_COLLECTIONS + 1) * (MAX_DEPTH + 1);

export function bigIntToBytes(value: bigint): Uint8Array {
  const magnitude = value < 0n ? ~value : value;
  // Always leaves at least one bit above the magnitude, for the sign.
  const length = (magnitude.toString(16).length >> 1) + 1;
  const digits = BigInt.asUintN(length * 8, value).toString(16);
  return Buffer.from(digits.padStart(length * 2, '0'), 'hex');
}

export function bigIntFromBytes(bytes: Uint8Array): bigint {
  if (bytes.length === 0) throw new RangeError('a bigint without bytes');
  const digits = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${digits}`));
}
