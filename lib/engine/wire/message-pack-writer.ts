/**
 * Writes MessagePack values one after the other. Only what frames are made of: arrays, unsigned integers, binary, text and
 * nil. Frames have fixed shapes, so writing them field by field needs no object tree. They are cut from slabs, one
 * allocation for dozens of frames, and never copied. Any MessagePack library reads the result.
 */
export class MessagePackWriter {
  private buffer: Uint8Array;
  /** Of the buffer, which takes longer to ask for than to make a view. */
  private memory: ArrayBuffer;
  private view: DataView;
  /** Where the frame that is being written begins. */
  private start = 0;
  private position = 0;

  /**
   * @param capacity bytes of the longest frame, which the callers keep to.
   * @param slabBytes bytes of a slab, which lives as long as any frame in it. Default: one frame.
   */
  constructor(
    private readonly capacity: number,
    private readonly slabBytes = capacity,
  ) {
    this.memory = new ArrayBuffer(slabBytes);
    this.buffer = new Uint8Array(this.memory);
    this.view = new DataView(this.memory);
  }

  /** Begins a frame. */
  reset(): void {
    if (this.buffer.length - this.start < this.capacity) {
      this.memory = new ArrayBuffer(this.slabBytes);
      this.buffer = new Uint8Array(this.memory);
      this.view = new DataView(this.memory);
      this.start = 0;
    }
    this.position = this.start;
  }

  /** What was written since `reset`, to keep. */
  take(): Uint8Array {
    const { start, position } = this;
    this.start = position;
    return new Uint8Array(this.memory, start, position - start);
  }

  array(length: number): void {
    if (length < 16) this.byte(0x90 | length);
    else {
      this.byte(0xdc);
      this.view.setUint16(this.position, length);
      this.position += 2;
    }
  }

  /** An integer from 0 to 2^53 - 1. */
  uint(value: number): void {
    if (value < 0x80) this.byte(value);
    else if (value < 0x100) {
      this.byte(0xcc);
      this.byte(value);
    } else if (value < 0x1_0000) {
      this.byte(0xcd);
      this.view.setUint16(this.position, value);
      this.position += 2;
    } else if (value < 0x1_0000_0000) {
      this.byte(0xce);
      this.view.setUint32(this.position, value);
      this.position += 4;
    } else {
      this.byte(0xcf);
      this.view.setUint32(this.position, Math.floor(value / 0x1_0000_0000));
      this.view.setUint32(this.position + 4, value >>> 0);
      this.position += 8;
    }
  }

  bytes(value: Uint8Array): void {
    if (value.length < 0x100) {
      this.byte(0xc4);
      this.byte(value.length);
    } else {
      this.byte(0xc5);
      this.view.setUint16(this.position, value.length);
      this.position += 2;
    }
    this.buffer.set(value, this.position);
    this.position += value.length;
  }

  /** Text of at most 255 bytes of UTF-8 (zones and the like). */
  text(value: string): void {
    const { written } = encoder.encodeInto(value, this.buffer.subarray(this.position + 2, this.position + 2 + 255));
    this.buffer[this.position] = 0xd9;
    this.buffer[this.position + 1] = written;
    this.position += 2 + written;
  }

  nil(): void {
    this.byte(0xc0);
  }

  private byte(value: number): void {
    this.buffer[this.position++] = value;
  }
}

const encoder = new TextEncoder();

/** Bytes that `MessagePackWriter.uint` needs for the value. */
export function uintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x100) return 2;
  if (value < 0x1_0000) return 3;
  return value < 0x1_0000_0000 ? 5 : 9;
}
