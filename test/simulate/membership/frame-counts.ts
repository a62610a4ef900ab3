import { DATA_OVERHEAD } from '../../../lib/engine/crypto/data-header.js';
import { Frame } from '../../../lib/engine/wire/frame.js';
import { MessagePackReader } from '../../../lib/engine/wire/message-pack-reader.js';

const NAMES = new Map<number, string>(Object.entries(Frame).map(([name, type]) => [type, name]));

/** What datagrams consist of. Only for runs with the null cipher, which leaves the frames readable. */
export class FrameCounts {
  /** Bytes by kind of frame; heads of datagrams are `datagramHeads`, and what holds no frames is `handshakes`. */
  readonly bytes = new Map<string, number>();
  private readonly reader = new MessagePackReader();

  add(datagram: Uint8Array): void {
    const frames = this.framesOf(datagram);
    if (frames === undefined) return this.count('handshakes', datagram.length);
    this.count('datagramHeads', DATA_OVERHEAD);
    for (const [type, bytes] of frames) this.count(NAMES.get(type)!, bytes);
  }

  /** Type and size of each frame; undefined when these are no frames. */
  private framesOf(datagram: Uint8Array): [type: number, bytes: number][] | undefined {
    if (datagram.length <= DATA_OVERHEAD) return undefined;
    const { reader } = this;
    reader.reset(datagram.subarray(DATA_OVERHEAD));
    const frames: [number, number][] = [];
    while (!reader.isAtEnd) {
      const start = reader.position;
      const length = reader.array();
      const type = reader.uint();
      for (let i = 1; i < length; i++) reader.skip();
      if (reader.failed || !NAMES.has(type)) return undefined;
      frames.push([type, reader.position - start]);
    }
    return frames;
  }

  private count(name: string, bytes: number): void {
    this.bytes.set(name, (this.bytes.get(name) ?? 0) + bytes);
  }
}
