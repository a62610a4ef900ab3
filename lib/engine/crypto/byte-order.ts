/** Little endian integers, as everywhere on the wire but in addresses. */

export function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value & 0xff;
  bytes[at + 1] = (value >>> 8) & 0xff;
  bytes[at + 2] = (value >>> 16) & 0xff;
  bytes[at + 3] = value >>> 24;
}

/** A 64-bit integer as a number: exact below 2^53, and above that still larger than any time that is accepted. */
export function readUint64(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at + 4) * 0x1_0000_0000 + readUint32(bytes, at);
}

/** Writes a whole number below 2^53; anything else is written as 0. */
export function writeUint64(bytes: Uint8Array, at: number, value: number): void {
  const whole = value >= 0 && value <= Number.MAX_SAFE_INTEGER ? Math.floor(value) : 0;
  writeUint32(bytes, at, whole % 0x1_0000_0000);
  writeUint32(bytes, at + 4, Math.floor(whole / 0x1_0000_0000));
}
