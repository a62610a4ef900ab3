/** Texts that are remembered, a power of two: names of patterns and of properties are few in any application. */
const SLOTS = 512;

/** Longest text that is remembered, bytes. Longer names are rare, and comparing them costs more than it saves. */
const LONGEST = 31;

/**
 * Strings by the bytes that they are written in, so that a name which comes with every event is made once. A table of a
 * fixed size without chains: a text takes the place of another one that falls into the same slot.
 */
export class RecurringTexts {
  private readonly texts: string[] = Array.from({ length: SLOTS }, () => '');

  /** The text of these bytes; undefined when they are not ASCII, or too many. */
  find(bytes: Uint8Array, start: number, end: number): string | undefined {
    if (end - start > LONGEST) return undefined;
    let hash = end - start;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      if (byte > 0x7f) return undefined;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    const slot = (hash ^ (hash >>> 9)) & (SLOTS - 1);
    const known = this.texts[slot]!;
    if (isWrittenAs(known, bytes, start, end)) return known;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
    this.texts[slot] = text;
    return text;
  }
}

function isWrittenAs(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}
