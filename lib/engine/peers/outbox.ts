import { Fifo } from '../fifo.js';
import { isOfStream, messageOfSegment, segmentOf, type StreamIdentity } from '../wire/segment-frame.js';
import { FairQueue, LANES } from './fair-queue.js';

/**
 * Classes of frames, most urgent first. Control keeps the link alive, so nothing delays it. All others are data: they wait
 * for the rate of the link.
 */
export const Priority = { control: 0, event: 1, bulk: 2, repair: 3, digest: 4 } as const;
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

/**
 * Of the data that is sent, repairs get at least this share while they wait: a link that loses 30 % and is full of new segments has
 * to repeat as much, or none of its messages is ever whole. More, and repairs crowd out new segments, which makes more of them.
 */
export const REPAIR_SHARE = 1 / 2;

/** What the segments of a message take up for each byte of it: an upper bound of the frame heads. */
export const SEGMENTED_SHARE = 1.1;

/** Bytes that may wait for one peer: a message of the largest size, in segments, has to fit twice. */
export function outboxCapacity(maxMessageBytes: number): number {
  return Math.max(OUTBOX_BYTES, Math.ceil(2 * SEGMENTED_SHARE * maxMessageBytes));
}

/** The frames that wait for one peer. Frames are shared between the outboxes of all links: encoded once, never copied here. */
export class Outbox {
  bytes = 0;
  frames = 0;
  /** Class of the frame that `shift` returned last. */
  lastPriority: Priority = Priority.control;
  private readonly control = new Fifo<Uint8Array>();
  /** By class less one. */
  private readonly data = [new FairQueue(), new FairQueue(), new FairQueue(), new FairQueue()];
  /** What repairs may send before newer segments, bytes. */
  private repairCredit = 0;

  constructor(private readonly capacity: number) {}

  get isEmpty(): boolean {
    return this.frames === 0;
  }

  /** Whether a message of this size, cut into segments, can wait here. */
  hasRoomFor(messageBytes: number): boolean {
    return this.bytes + messageBytes * SEGMENTED_SHARE <= this.capacity;
  }

  /** Whether anything but control waits. */
  get hasData(): boolean {
    return this.frames > this.control.length;
  }

  /** Whether control frames wait already. */
  get hasControl(): boolean {
    return this.control.length > 0;
  }

  /** Whether segments of large messages wait already. */
  get hasBulk(): boolean {
    return this.queueOf(Priority.bulk).frames > 0;
  }

  /** Whether these are what goes next. */
  get isBulkNext(): boolean {
    return this.hasBulk && !this.hasControl && this.queueOf(Priority.event).frames === 0;
  }

  /** How many repairs wait already. */
  get waitingRepairs(): number {
    return this.queueOf(Priority.repair).frames;
  }

  /** The segment of a longer message that waits longest of this lane, and the one that came last. */
  firstBulkIn(lane: number): Uint8Array | undefined {
    return this.queueOf(Priority.bulk).firstIn(lane);
  }

  lastBulkIn(lane: number): Uint8Array | undefined {
    return this.queueOf(Priority.bulk).lastIn(lane);
  }

  /** False when the frame was refused because the outbox is full. @param lane that of its origin. */
  push(priority: Priority, frame: Uint8Array, lane = 0): boolean {
    const isControl = priority === Priority.control;
    const limit = isControl ? this.capacity + CONTROL_BYTES : this.capacity;
    if (this.bytes + frame.length > limit) return false;
    if (isControl) this.control.push(frame);
    else this.queueOf(priority).push(lane, frame);
    this.bytes += frame.length;
    this.frames++;
    return true;
  }

  /**
   * Drops the oldest message, or what is left of it, of the lane in which most waits: so one busy origin makes room for the
   * others. Returns how many frames went; 0 when there is nothing to drop.
   */
  dropOldest(): number {
    const lane = this.busiestLane();
    for (let priority = Priority.repair; priority >= Priority.event; priority--) {
      const queue = this.queueOf(priority as Priority);
      const before = queue.bytes;
      const dropped = queue.dropOldest(lane, messageOfSegment);
      if (dropped === 0) continue;
      this.bytes -= before - queue.bytes;
      this.frames -= dropped;
      return dropped;
    }
    return 0;
  }

  /** Takes back the segments of a stream that wait, but for repairs, which were asked for. Returns how many. @param lane its lane. */
  retract(stream: StreamIdentity, lane: number): number {
    const isIts = (frame: Uint8Array) => isOfStream(segmentOf(frame)!, stream);
    let retracted = 0;
    for (const priority of [Priority.event, Priority.bulk]) {
      const queue = this.queueOf(priority);
      const before = queue.bytes;
      retracted += queue.dropWhere(lane, isIts);
      this.bytes -= before - queue.bytes;
    }
    this.frames -= retracted;
    return retracted;
  }

  /** The next frame of at most `room` bytes of the most urgent class; anything but control only if `isDataDue`. */
  shift(room: number, isDataDue: boolean): Uint8Array | undefined {
    const urgent = this.control.peek();
    if (urgent !== undefined) {
      if (urgent.length > room) return undefined;
      this.control.shift();
      return this.taken(urgent, Priority.control);
    }
    const priority = isDataDue && this.hasData ? this.nextClass() : undefined;
    if (priority === undefined) return undefined;
    const queue = this.queueOf(priority);
    const frame = queue.peek()!;
    if (frame.length > room) return undefined;
    queue.shift();
    if (priority === Priority.repair) this.repairCredit = Math.max(0, this.repairCredit - frame.length);
    else if (this.waitingRepairs > 0) this.repairCredit += (REPAIR_SHARE / (1 - REPAIR_SHARE)) * frame.length;
    return this.taken(frame, priority);
  }

  clear(): void {
    this.control.clear();
    for (const queue of this.data) queue.clear();
    this.bytes = 0;
    this.frames = 0;
  }

  private queueOf(priority: Priority): FairQueue {
    return this.data[priority - 1]!;
  }

  private nextClass(): Priority | undefined {
    const repair = this.queueOf(Priority.repair).peek();
    if (repair !== undefined && repair.length <= this.repairCredit) return Priority.repair;
    for (let priority: number = Priority.event; priority <= Priority.digest; priority++) {
      if (this.data[priority - 1]!.frames > 0) return priority as Priority;
    }
    return undefined;
  }

  private taken(frame: Uint8Array, priority: Priority): Uint8Array {
    this.bytes -= frame.length;
    this.frames--;
    this.lastPriority = priority;
    return frame;
  }

  private busiestLane(): number {
    let busiest = 0;
    let most = -1;
    for (let lane = 0; lane < LANES; lane++) {
      let bytes = 0;
      for (let priority = Priority.event; priority <= Priority.repair; priority++) {
        bytes += this.queueOf(priority as Priority).bytesIn(lane);
      }
      if (bytes <= most) continue;
      busiest = lane;
      most = bytes;
    }
    return busiest;
  }
}
