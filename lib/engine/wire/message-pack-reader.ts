/**
 * Reads MessagePack values one after the other, in place. It never throws: a value of another type than asked for, or
 * one that ends beyond the buffer, sets `failed`, and everything read after that is empty. The caller checks once, at
 * the end of a frame. Binary comes out as a view of the datagram.
 */
export class MessagePackReader {
  private buffer: Uint8Array = EMPTY;
  private end = 0;
  position = 0;
  failed = false;

  reset(buffer: Uint8Array): void {
    this.buffer = buffer;
    this.position = 0;
    this.end = buffer.length;
    this.failed = false;
  }

  get isAtEnd(): boolean {
    return this.position >= this.end;
  }

  /** The number of elements of the array that starts here. */
  array(): number {
    const lead = this.byte();
    if ((lead & 0xf0) === 0x90) return lead & 0x0f;
    if (lead === 0xdc && this.has(2)) return this.uint16();
    return this.fail();
  }

  /** An integer from 0 to 2^53 - 1. */
  uint(): number {
    const lead = this.byte();
    if (lead < 0x80) return lead;
    if (lead === 0xcc && this.has(1)) return this.byte();
    if (lead === 0xcd && this.has(2)) return this.uint16();
    if (lead === 0xce && this.has(4)) return this.uint32();
    if (lead === 0xcf && this.has(8)) {
      const high = this.uint32();
      const low = this.uint32();
      if (high < 0x20_0000) return high * 0x1_0000_0000 + low;
    }
    return this.fail();
  }

  /** A view, valid as long as the datagram is. */
  bytes(): Uint8Array {
    const length = this.skipBytes();
    return length === 0 ? EMPTY : this.buffer.subarray(this.position - length, this.position);
  }

  /** Passes over binary. Returns its length: it ends at `position` then. */
  skipBytes(): number {
    const lead = this.byte();
    let length = -1;
    if (lead === 0xc4 && this.has(1)) length = this.byte();
    else if (lead === 0xc5 && this.has(2)) length = this.uint16();
    if (length < 0 || !this.has(length)) return this.fail();
    this.position += length;
    return length;
  }

  /** Passes over binary of just these bytes, if that is next; spares the view of what is known already. */
  passBytes(expected: Uint8Array): boolean {
    const { buffer, position } = this;
    const { length } = expected;
    if (this.end - position < 2 + length || buffer[position] !== 0xc4 || buffer[position + 1] !== length) return false;
    for (let i = 0; i < length; i++) if (buffer[position + 2 + i] !== expected[i]) return false;
    this.position = position + 2 + length;
    return true;
  }

  /** Binary of exactly this many bytes, as a view; empty when it is of another length. */
  bytesOf(length: number): Uint8Array {
    const value = this.bytes();
    if (value.length === length) return value;
    this.fail();
    return EMPTY;
  }

  /**
   * Text of at most `limit` bytes of UTF-8. Anything else than UTF-8 is refused: decoded with replacement characters it
   * would be another text, and longer when it is written again.
   */
  text(limit: number): string {
    const lead = this.byte();
    let length = -1;
    if ((lead & 0xe0) === 0xa0) length = lead & 0x1f;
    else if (lead === 0xd9 && this.has(1)) length = this.byte();
    if (length < 0 || length > limit || !this.has(length)) {
      this.fail();
      return '';
    }
    const start = this.position;
    this.position += length;
    try {
      return decoder.decode(this.buffer.subarray(start, this.position));
    } catch {
      this.fail();
      return '';
    }
  }

  /** Reads nil if it is next. */
  nil(): boolean {
    if (this.position >= this.end || this.buffer[this.position] !== 0xc0) return false;
    this.position++;
    return true;
  }

  /** Passes over one value of any type, so that a frame of a later version does not end the datagram. */
  skip(): void {
    let pending = 1;
    while (pending > 0 && !this.failed) {
      pending--;
      const lead = this.byte();
      if (lead < 0x80 || lead >= 0xe0) continue;
      if (lead < 0x90) pending += 2 * (lead & 0x0f);
      else if (lead < 0xa0) pending += lead & 0x0f;
      else if (lead < 0xc0) this.advance(lead & 0x1f);
      else pending += this.skipLong(lead);
      if (pending > this.end - this.position) this.fail();
    }
  }

  /** Passes over a value whose first byte is 0xc0 to 0xdf; returns how many values follow inside it. */
  private skipLong(lead: number): number {
    if (lead === 0xc0 || lead === 0xc2 || lead === 0xc3) return 0;
    const fixed = FIXED_SIZES[lead - 0xc0]!;
    if (fixed > 0) {
      this.advance(fixed);
      return 0;
    }
    const lengthBytes = LENGTH_SIZES[lead - 0xc0]!;
    if (lengthBytes === 0 || !this.has(lengthBytes)) return this.fail();
    const length = lengthBytes === 1 ? this.byte() : lengthBytes === 2 ? this.uint16() : this.uint32();
    if (lead >= 0xde) return 2 * length;
    if (lead >= 0xdc) return length;
    this.advance(lead >= 0xc7 && lead <= 0xc9 ? length + 1 : length);
    return 0;
  }

  /** Gives the rest of the buffer up: also for a caller that finds a value it cannot accept. */
  fail(): 0 {
    this.failed = true;
    this.position = this.end;
    return 0;
  }

  private byte(): number {
    if (this.position >= this.end) return this.fail();
    return this.buffer[this.position++]!;
  }

  private uint16(): number {
    const { buffer, position } = this;
    this.position += 2;
    return (buffer[position]! << 8) | buffer[position + 1]!;
  }

  private uint32(): number {
    const high = this.uint16();
    return high * 0x1_0000 + this.uint16();
  }

  private has(bytes: number): boolean {
    if (this.end - this.position >= bytes) return true;
    this.fail();
    return false;
  }

  private advance(bytes: number): void {
    if (this.has(bytes)) this.position += bytes;
  }
}

const EMPTY = new Uint8Array(0);
/** A byte order mark stays in the text, for the same reason. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes after the first byte for the types 0xc0 to 0xdf of a fixed size; 0 for the others (MessagePack specification, "Formats"). */
const FIXED_SIZES = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17, 0, 0, 0, 0, 0, 0, 0];

/** Bytes of the length field for the types 0xc0 to 0xdf of a variable size; 0 for the others. */
const LENGTH_SIZES = [0, 0, 0, 0, 1, 2, 4, 1, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4];
