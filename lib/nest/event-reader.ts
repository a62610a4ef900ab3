import { bigIntFromBytes, EventExtension, MAX_READ_DEPTH } from './event-extensions.js';
import { RecurringTexts } from './recurring-texts.js';

/** Up to this many bytes, building a string by hand beats the call into the runtime. Measured; nothing breaks at other values. */
const SHORT_STRING_BYTES = 24;

/**
 * Reads MessagePack that another process wrote. Unlike the decoder of `@msgpack/msgpack` it believes no announced length
 * (200 bytes announcing nested arrays of 2^25 elements end a process that allocates them up front), limits the depth,
 * keeps a byte order mark, and copies binaries, because the bytes it reads from belong to the transport.
 */
export class EventReader {
  private position = 0;
  /** Made for the rare types that need one. */
  private lazyView: DataView | undefined;

  private end: number;

  constructor(private bytes: Uint8Array) {
    this.end = bytes.length;
  }

  /** Reads other bytes from here on: what lies between two places in them. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    this.lazyView = undefined;
  }

  get atEnd(): boolean {
    return this.position === this.end;
  }

  /** The number of elements of the array that starts here. */
  arrayHeader(): number {
    const head = this.uint8();
    if (head >= 0x90 && head <= 0x9f) return head - 0x90;
    if (head === 0xdc) return this.uint16();
    if (head === 0xdd) return this.uint32();
    throw new RangeError('not an array');
  }

  /** Any value; a text that is likely to come again, such as a name, without making another string of it. */
  recurringValue(depth = 1): unknown {
    const head = this.position < this.end ? this.bytes[this.position]! : 0;
    if (head < 0xa0 || head >= 0xc0) return this.value(depth);
    this.position++;
    const start = this.advance(head - 0xa0);
    return recurring.find(this.bytes, start, this.position) ?? this.utf8(start);
  }

  value(depth = 1): unknown {
    const head = this.uint8();
    if (head < 0x80) return head;
    if (head < 0x90) return this.object(head - 0x80, depth);
    if (head < 0xa0) return this.array(head - 0x90, depth);
    if (head < 0xc0) return this.string(head - 0xa0);
    if (head >= 0xe0) return head - 0x100;
    return this.longForm(head, depth);
  }

  private longForm(head: number, depth: number): unknown {
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.binary(this.uint8());
      case 0xc5:
        return this.binary(this.uint16());
      case 0xc6:
        return this.binary(this.uint32());
      case 0xc7:
        return this.extension(this.uint8(), depth);
      case 0xc8:
        return this.extension(this.uint16(), depth);
      case 0xc9:
        return this.extension(this.uint32(), depth);
      case 0xca:
        return this.view.getFloat32(this.advance(4));
      case 0xcb:
        return this.view.getFloat64(this.advance(8));
      case 0xcc:
        return this.uint8();
      case 0xcd:
        return this.uint16();
      case 0xce:
        return this.uint32();
      case 0xcf:
        return numberIfExact(this.view.getBigUint64(this.advance(8)));
      case 0xd0:
        return this.view.getInt8(this.advance(1));
      case 0xd1:
        return this.view.getInt16(this.advance(2));
      case 0xd2:
        return this.view.getInt32(this.advance(4));
      case 0xd3:
        return numberIfExact(this.view.getBigInt64(this.advance(8)));
      case 0xd4:
        return this.extension(1, depth);
      case 0xd5:
        return this.extension(2, depth);
      case 0xd6:
        return this.extension(4, depth);
      case 0xd7:
        return this.extension(8, depth);
      case 0xd8:
        return this.extension(16, depth);
      case 0xd9:
        return this.string(this.uint8());
      case 0xda:
        return this.string(this.uint16());
      case 0xdb:
        return this.string(this.uint32());
      case 0xdc:
        return this.array(this.uint16(), depth);
      case 0xdd:
        return this.array(this.uint32(), depth);
      case 0xde:
        return this.object(this.uint16(), depth);
      case 0xdf:
        return this.object(this.uint32(), depth);
      default:
        throw new RangeError(`no MessagePack type starts with 0x${head.toString(16)}`);
    }
  }

  private array(length: number, depth: number): unknown[] {
    limitDepth(depth);
    const array: unknown[] = [];
    for (let i = 0; i < length; i++) array.push(this.value(depth + 1));
    return array;
  }

  private object(size: number, depth: number): Record<string, unknown> {
    limitDepth(depth);
    const object: Record<string, unknown> = {};
    for (let i = 0; i < size; i++) {
      const key = this.recurringValue(depth + 1);
      if (typeof key !== 'string' && typeof key !== 'number') throw new RangeError('a key that is not a string');
      if (key === '__proto__') throw new RangeError('a key __proto__');
      object[key] = this.value(depth + 1);
    }
    return object;
  }

  private string(length: number): string {
    const start = this.advance(length);
    if (length > SHORT_STRING_BYTES) return this.utf8(start);
    const { bytes } = this;
    const codes = CHARACTER_CODES[length]!;
    for (let i = 0; i < length; i++) {
      const byte = bytes[start + i]!;
      if (byte > 0x7f) return this.utf8(start);
      codes[i] = byte;
    }
    // One string; adding up characters would make as many.
    return String.fromCharCode.apply(undefined, codes);
  }

  private utf8(start: number): string {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, this.position - start).toString('utf8');
  }

  private binary(length: number): Uint8Array {
    const start = this.advance(length);
    return new Uint8Array(this.bytes.subarray(start, this.position));
  }

  private extension(length: number, depth: number): unknown {
    const type = this.view.getInt8(this.advance(1));
    if (type === EventExtension.Map || type === EventExtension.Set) return this.collection(type, length, depth);
    const body = this.bytes.subarray(this.advance(length), this.position);
    switch (type) {
      case EventExtension.Absent:
        return undefined;
      case EventExtension.BigInt:
        return bigIntFromBytes(body);
      case EventExtension.Buffer:
        return Buffer.from(body);
      case EventExtension.Timestamp:
        return timestamp(body);
      default:
        throw new RangeError(`extension type ${type} is unknown`);
    }
  }

  private collection(type: number, length: number, depth: number): Map<unknown, unknown> | Set<unknown> {
    limitDepth(depth);
    const end = this.position + length;
    const members = this.value(depth + 1);
    if (!Array.isArray(members) || this.position !== end) throw new RangeError('a Map or Set that is not an array');
    if (type === EventExtension.Set) return new Set(members);
    if (members.length % 2 !== 0) throw new RangeError('a Map with a key and no value');
    const map = new Map<unknown, unknown>();
    for (let i = 0; i < members.length; i += 2) map.set(members[i], members[i + 1]);
    return map;
  }

  private get view(): DataView {
    const { bytes } = this;
    return (this.lazyView ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  private uint8(): number {
    return this.bytes[this.advance(1)]!;
  }

  private uint16(): number {
    const start = this.advance(2);
    return (this.bytes[start]! << 8) | this.bytes[start + 1]!;
  }

  private uint32(): number {
    const high = this.uint16();
    return high * 0x1_0000 + this.uint16();
  }

  /** Steps over `length` bytes and returns where they start. */
  private advance(length: number): number {
    const start = this.position;
    if (length > this.end - start) throw new RangeError('the message ends too early');
    this.position = start + length;
    return start;
  }
}

const recurring = new RecurringTexts();

/** One list of each length. */
const CHARACTER_CODES = Array.from({ length: SHORT_STRING_BYTES + 1 }, (_, length) => Array.from({ length }, () => 0));

function limitDepth(depth: number): void {
  if (depth > MAX_READ_DEPTH) throw new RangeError('nested too deep');
}

/** Other writers may send integers that a number cannot hold. */
function numberIfExact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function timestamp(body: Uint8Array): Date {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  switch (body.length) {
    case 4:
      return new Date(view.getUint32(0) * 1000);
    case 8: {
      const packed = view.getBigUint64(0);
      return new Date(Number(packed & 0x3_ffff_ffffn) * 1000 + Number(packed >> 34n) / 1e6);
    }
    case 12:
      return new Date(Number(view.getBigInt64(4)) * 1000 + view.getUint32(0) / 1e6);
    default:
      throw new RangeError(`a timestamp of ${body.length} bytes`);
  }
}
