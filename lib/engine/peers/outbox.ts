import { Fifo } from '../fifo.js';

/** Classes of frames, most urgent first. Control keeps the link alive, so nothing delays it. */
export const Priority = { control: 0, event: 1, bulk: 2, repair: 3 } as const;
export type Priority = (typeof Priority)[keyof typeof Priority];

/**
 * Most bytes that wait for one peer, unless larger messages than those of the default size (1 MiB) are allowed. Beyond
 * it frames are dropped and counted, because a peer that takes nothing must not use up the memory.
 */
export const OUTBOX_BYTES = 4 * 1024 * 1024;

/**
 * How much further control may go: it gets through when everything else is refused. It has a limit all the same, since a
 * peer can ask for more control frames than the network takes (pages of members, for each request).
 */
export const CONTROL_BYTES = 1024 * 1024;

/** What the segments of a message take up for each byte of it: an upper bound of the frame heads. */
const SEGMENTED_SHARE = 1.1;

/** Bytes that may wait for one peer: a message of the largest size, in segments, has to fit twice. */
export function outboxCapacity(maxMessageBytes: number): number {
  return Math.max(OUTBOX_BYTES, Math.ceil(2 * SEGMENTED_SHARE * maxMessageBytes));
}

/** The frames that wait for one peer. Frames are shared between the outboxes of all links: encoded once, never copied here. */
export class Outbox {
  private readonly queues = [
    new Fifo<Uint8Array>(),
    new Fifo<Uint8Array>(),
    new Fifo<Uint8Array>(),
    new Fifo<Uint8Array>(),
  ];
  bytes = 0;
  frames = 0;
  /** Class of the frame that `shift` returned last. */
  lastPriority: Priority = Priority.control;

  constructor(private readonly capacity: number) {}

  get isEmpty(): boolean {
    return this.frames === 0;
  }

  /** Whether a message of this size, cut into segments, can wait here. */
  hasRoomFor(messageBytes: number): boolean {
    return this.bytes + messageBytes * SEGMENTED_SHARE <= this.capacity;
  }

  /** Whether control frames wait already. */
  get hasControl(): boolean {
    return this.queues[Priority.control]!.length > 0;
  }

  /** Whether segments of large messages wait already. */
  get hasBulk(): boolean {
    return this.queues[Priority.bulk]!.length > 0;
  }

  /** How many repairs wait already. */
  get waitingRepairs(): number {
    return this.queues[Priority.repair]!.length;
  }

  /** False when the frame was refused because the outbox is full. */
  push(priority: Priority, frame: Uint8Array): boolean {
    const limit = priority === Priority.control ? this.capacity + CONTROL_BYTES : this.capacity;
    if (this.bytes + frame.length > limit) return false;
    this.queues[priority]!.push(frame);
    this.bytes += frame.length;
    this.frames++;
    return true;
  }

  /** The next frame of at most `room` bytes of the most urgent class; paced classes only when `paced` allows them. */
  shift(room: number, paced: boolean): Uint8Array | undefined {
    const classes = paced ? this.queues.length : Priority.bulk;
    for (let priority = 0; priority < classes; priority++) {
      const queue = this.queues[priority]!;
      const frame = queue.peek();
      if (frame === undefined) continue;
      if (frame.length > room) return undefined;
      queue.shift();
      this.bytes -= frame.length;
      this.frames--;
      this.lastPriority = priority as Priority;
      return frame;
    }
    return undefined;
  }

  clear(): void {
    for (const queue of this.queues) queue.clear();
    this.bytes = 0;
    this.frames = 0;
  }
}
