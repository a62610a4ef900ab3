import { types } from 'node:util';
import { bigIntToBytes, EventExtension, MAX_DEPTH, MAX_NESTED_COLLECTIONS } from './event-extensions.js';
import { hasToJson, reasonUnsupported } from './event-problems.js';

/** Bytes of the buffer at first; it doubles as events need it. */
const INITIAL_BYTES = 4_096;

/** Beyond this many bytes the buffer is let go after the event, so that one large event does not cost memory for ever. */
const KEPT_BYTES = 1_048_576;

/** Events of fewer bytes have a view of their length that is made once. */
const VIEWS = 256;

/** Up to this many characters, writing ASCII by hand beats the call into the runtime. Measured; nothing breaks at other values. */
const SHORT_TEXT = 32;

/** Most bytes of a header: of a map, of a binary, or of an extension with its type. */
const MOST_HEADER_BYTES = 6;

/**
 * Writes events as MessagePack into a buffer that it keeps. Plain data, `toJSON()`, instances, binaries, dates, bigints,
 * Maps and Sets are written in one pass, and nothing is allocated for them but the keys of objects. Throws on what cannot
 * be sent; the caller explains.
 */
export class EventWriter {
  private bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  private view = new DataView(this.bytes.buffer);
  private views: (Uint8Array | undefined)[] = noViews();
  private position = 0;
  private collections = 0;
  private isBusy = false;

  /** The event; a view of the buffer, which the next event overwrites. @param metadata left out of the event when undefined. */
  event(pattern: string, data: unknown, metadata: unknown): Uint8Array {
    // A getter or a toJSON() of the data emits an event of its own.
    if (this.isBusy) return new EventWriter().event(pattern, data, metadata);
    this.isBusy = true;
    this.position = 0;
    this.collections = 0;
    try {
      this.array(metadata !== undefined ? 3 : data !== undefined ? 2 : 1);
      this.text(pattern);
      if (data !== undefined) this.value(data, 2);
      else if (metadata !== undefined) this.extension(EventExtension.Absent, 0);
      if (metadata !== undefined) this.value(metadata, 2);
      return this.written();
    } finally {
      this.isBusy = false;
      if (this.bytes.length > KEPT_BYTES) this.resize(INITIAL_BYTES, 0);
    }
  }

  /** A view of what was written; that of an event of the same length is used again. */
  private written(): Uint8Array {
    const { position } = this;
    if (position >= VIEWS) return new Uint8Array(this.bytes.buffer, 0, position);
    return (this.views[position] ??= new Uint8Array(this.bytes.buffer, 0, position));
  }

  private value(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'number':
        return this.number(value);
      case 'boolean':
        return this.byte(value ? 0xc3 : 0xc2);
      case 'undefined':
        return this.byte(0xc0);
      case 'bigint':
        return this.extended(EventExtension.BigInt, bigIntToBytes(value));
      case 'object':
        return value === null ? this.byte(0xc0) : this.object(value, depth);
      default:
        throw new TypeError(`is a ${typeof value}`);
    }
  }

  private object(value: object, depth: number): void {
    if (depth > MAX_DEPTH) throw new RangeError('nested too deep');
    if (Array.isArray(value)) {
      this.array(value.length);
      for (let i = 0; i < value.length; i++) this.value(value[i], depth + 1);
      return;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null && this.instance(value, depth)) return;
    if (hasToJson(value)) this.value(value.toJSON(), depth + 1);
    else this.properties(value as Record<string, unknown>, depth);
  }

  private properties(value: Record<string, unknown>, depth: number): void {
    this.reserve(MOST_HEADER_BYTES);
    const start = this.position++;
    let size = 0;
    // A list of the keys would be garbage.
    for (const key in value) {
      if (!Object.hasOwn(value, key)) continue;
      const property = value[key];
      if (property === undefined) continue;
      if (key === '__proto__') throw new TypeError(reasonUnsupported(value));
      this.text(key);
      this.value(property, depth + 1);
      size++;
    }
    if (size < 16) this.bytes[start] = 0x80 | size;
    else this.longMapHeader(start, size);
  }

  /** Most objects have few properties: those with more are moved to make room. */
  private longMapHeader(start: number, size: number): void {
    const more = size < 0x1_0000 ? 2 : 4;
    this.reserve(more);
    this.bytes.copyWithin(start + 1 + more, start + 1, this.position);
    this.position += more;
    this.bytes[start] = more === 2 ? 0xde : 0xdf;
    if (more === 2) this.view.setUint16(start + 1, size);
    else this.view.setUint32(start + 1, size);
  }

  /** Objects of a class. False when it is written like any other object. */
  private instance(value: object, depth: number): boolean {
    if (types.isUint8Array(value)) {
      if (Buffer.isBuffer(value)) this.extended(EventExtension.Buffer, value);
      else this.binary(value);
      return true;
    }
    const reason = reasonUnsupported(value);
    if (reason !== undefined) throw new TypeError(reason);
    if (types.isDate(value)) this.date(value.getTime());
    else if (types.isMap(value)) this.collection(EventExtension.Map, [...value].flat(1), depth);
    else if (types.isSet(value)) this.collection(EventExtension.Set, [...value], depth);
    else return false;
    return true;
  }

  /** The members begin a new count of the depth. */
  private collection(type: number, members: readonly unknown[], depth: number): void {
    if (this.collections === MAX_NESTED_COLLECTIONS) {
      throw new RangeError(`Maps and Sets inside each other, deeper than ${MAX_NESTED_COLLECTIONS}`);
    }
    if (depth > MAX_DEPTH) throw new RangeError('nested too deep');
    this.collections++;
    this.reserve(MOST_HEADER_BYTES);
    const start = this.position;
    const body = start + MOST_HEADER_BYTES;
    this.position = body;
    this.array(members.length);
    for (const member of members) this.value(member, 2);
    this.collections--;
    // The header is of the shortest form, which is known only now.
    const end = this.position;
    this.position = start;
    this.extension(type, end - body);
    this.bytes.copyWithin(this.position, body, end);
    this.position += end - body;
  }

  private text(text: string): void {
    const { length } = text;
    if (length < SHORT_TEXT) {
      this.reserve(1 + 3 * length);
      const start = this.position;
      const { bytes } = this;
      let at = start + 1;
      for (let i = 0; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code > 0x7f) return this.longText(text);
        bytes[at++] = code;
      }
      bytes[start] = 0xa0 | length;
      this.position = at;
      return;
    }
    this.longText(text);
  }

  private longText(text: string): void {
    const length = Buffer.byteLength(text);
    this.reserve(MOST_HEADER_BYTES + length);
    if (length < 32) this.byte(0xa0 | length);
    else this.lengthHeader(length, 0xd9, 0xda, 0xdb);
    this.bytes.write(text, this.position, length, 'utf8');
    this.position += length;
  }

  private binary(value: Uint8Array): void {
    this.reserve(MOST_HEADER_BYTES + value.length);
    this.lengthHeader(value.length, 0xc4, 0xc5, 0xc6);
    this.bytes.set(value, this.position);
    this.position += value.length;
  }

  private extended(type: number, body: Uint8Array): void {
    this.reserve(MOST_HEADER_BYTES + body.length);
    this.extension(type, body.length);
    this.bytes.set(body, this.position);
    this.position += body.length;
  }

  /** MessagePack's timestamp in its shortest form. */
  private date(ms: number): void {
    const seconds = Math.floor(ms / 1_000);
    const nanoseconds = (ms - seconds * 1_000) * 1e6;
    this.reserve(MOST_HEADER_BYTES + 12);
    if (seconds >= 0 && seconds < 2 ** 34) {
      const isShort = nanoseconds === 0 && seconds < 2 ** 32;
      this.extension(EventExtension.Timestamp, isShort ? 4 : 8);
      if (!isShort) this.uint32(nanoseconds * 4 + Math.floor(seconds / 2 ** 32));
      this.uint32(seconds);
      return;
    }
    this.extension(EventExtension.Timestamp, 12);
    this.uint32(nanoseconds);
    this.view.setBigInt64(this.position, BigInt(seconds));
    this.position += 8;
  }

  private number(value: number): void {
    this.reserve(9);
    if (!Number.isSafeInteger(value)) {
      this.byte(0xcb);
      this.view.setFloat64(this.position, value);
      this.position += 8;
    } else if (value >= 0) this.positive(value);
    else this.negative(value);
  }

  private positive(value: number): void {
    if (value < 0x80) return this.byte(value);
    if (value < 0x1_0000_0000) return this.lengthHeader(value, 0xcc, 0xcd, 0xce);
    this.byte(0xcf);
    this.uint32(Math.floor(value / 0x1_0000_0000));
    this.uint32(value >>> 0);
  }

  private negative(value: number): void {
    if (value >= -0x20) return this.byte(value & 0xff);
    if (value >= -0x80) {
      this.byte(0xd0);
      this.byte(value & 0xff);
    } else if (value >= -0x8000) {
      this.byte(0xd1);
      this.view.setInt16(this.position, value);
      this.position += 2;
    } else if (value >= -0x8000_0000) {
      this.byte(0xd2);
      this.view.setInt32(this.position, value);
      this.position += 4;
    } else {
      this.byte(0xd3);
      this.view.setBigInt64(this.position, BigInt(value));
      this.position += 8;
    }
  }

  private array(length: number): void {
    this.reserve(MOST_HEADER_BYTES);
    if (length < 16) this.byte(0x90 | length);
    else if (length < 0x1_0000) {
      this.byte(0xdc);
      this.view.setUint16(this.position, length);
      this.position += 2;
    } else {
      this.byte(0xdd);
      this.uint32(length);
    }
  }

  /** The head of an extension: a fixed size has a byte of its own, 1, 2, 4, 8 or 16. */
  private extension(type: number, length: number): void {
    this.reserve(MOST_HEADER_BYTES);
    const fixed = FIXED_EXTENSIONS.indexOf(length);
    if (fixed >= 0) this.byte(0xd4 + fixed);
    else this.lengthHeader(length, 0xc7, 0xc8, 0xc9);
    this.byte(type & 0xff);
  }

  /** A byte that says how long the number is that follows it, 1, 2 or 4 bytes. */
  private lengthHeader(length: number, one: number, two: number, four: number): void {
    if (length < 0x100) {
      this.byte(one);
      this.byte(length);
    } else if (length < 0x1_0000) {
      this.byte(two);
      this.view.setUint16(this.position, length);
      this.position += 2;
    } else {
      this.byte(four);
      this.uint32(length);
    }
  }

  private uint32(value: number): void {
    this.view.setUint32(this.position, value);
    this.position += 4;
  }

  private byte(value: number): void {
    if (this.position === this.bytes.length) this.resize(2 * this.bytes.length, this.position);
    this.bytes[this.position++] = value;
  }

  /** Makes room for so many bytes. */
  private reserve(bytes: number): void {
    const needed = this.position + bytes;
    if (needed > this.bytes.length) this.resize(Math.max(needed, 2 * this.bytes.length), this.position);
  }

  private resize(bytes: number, keep: number): void {
    const larger = Buffer.allocUnsafeSlow(bytes);
    larger.set(this.bytes.subarray(0, keep));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
    this.views = noViews();
  }
}

function noViews(): undefined[] {
  return Array.from({ length: VIEWS }, () => undefined);
}

const FIXED_EXTENSIONS = [1, 2, 4, 8, 16];
