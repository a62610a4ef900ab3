import { Fifo } from '../fifo.js';

/**
 * How many lanes a queue has. Origins are spread over them by a hash, so that their number needs no bound (stochastic fair
 * queueing, McKenney, 1990). Less: more origins share a lane with a busy one; more: memory.
 */
export const LANES = 32;

/** What a lane may send in its turn, bytes: not less than the longest frame, so that each turn sends something. */
export const LANE_QUANTUM_BYTES = 1_200;

/** The frames of the origins that share a lane. */
export class Lane {
  readonly frames = new Fifo<Uint8Array>();
  bytes = 0;
  /** What is left of its turn, bytes. */
  deficit = 0;
  number = 0;
}

/**
 * Frames of one class, in the order of their coming for each lane, and in turns for all of them, each as many bytes as the
 * others (deficit round robin, Shreedhar and Varghese, 1995): however much one origin sends, the next one waits for a turn.
 */
export class FairQueue {
  frames = 0;
  bytes = 0;
  /** Those with frames, the one whose turn it is first. */
  private readonly turns = new Fifo<Lane>();
  private readonly lanes: (Lane | undefined)[] = [];
  /** Kept for the next that is needed: a queue that is emptied again and again has one lane most of the time. */
  private spare: Lane | undefined;

  push(number: number, frame: Uint8Array): void {
    let lane = this.lanes[number];
    if (lane === undefined) lane = this.open(number);
    this.append(lane, frame);
  }

  /** The frame whose turn it is; undefined when there is none. */
  peek(): Uint8Array | undefined {
    for (;;) {
      const lane = this.turns.peek();
      if (lane === undefined) return undefined;
      const frame = lane.frames.peek()!;
      if (frame.length <= lane.deficit) return frame;
      this.turns.shift();
      this.turns.push(lane);
      this.turns.peek()!.deficit += LANE_QUANTUM_BYTES;
    }
  }

  /** Takes out what `peek` showed. */
  shift(): void {
    const lane = this.turns.peek()!;
    const { length } = this.take(lane);
    lane.deficit -= length;
    if (lane.frames.length > 0) return;
    this.turns.shift();
    this.close(lane);
    const next = this.turns.peek();
    if (next !== undefined) next.deficit += LANE_QUANTUM_BYTES;
  }

  /** The frame of this lane that waits longest. */
  firstIn(number: number): Uint8Array | undefined {
    return this.lanes[number]?.frames.peek();
  }

  /** The frame of this lane that came last. */
  lastIn(number: number): Uint8Array | undefined {
    return this.lanes[number]?.frames.peekLast();
  }

  /** Bytes that wait in this lane. */
  bytesIn(number: number): number {
    return this.lanes[number]?.bytes ?? 0;
  }

  /**
   * Drops frames of a lane from the oldest one on, as long as they belong together.
   * @param identify what the frames of one message have in common. Returns how many went.
   */
  dropOldest(number: number, identify: (frame: Uint8Array) => unknown): number {
    const lane = this.lanes[number];
    if (lane === undefined) return 0;
    const first = identify(lane.frames.peek()!);
    let dropped = 0;
    while (lane.frames.length > 0 && identify(lane.frames.peek()!) === first) {
      this.take(lane);
      dropped++;
    }
    if (lane.frames.length === 0) this.leave(lane);
    return dropped;
  }

  /** Drops the frames of a lane for which this holds, wherever they stand. Returns how many went. */
  dropWhere(number: number, isUnwanted: (frame: Uint8Array) => boolean): number {
    const lane = this.lanes[number];
    if (lane === undefined) return 0;
    const before = lane.frames.length;
    for (let i = before; i > 0; i--) {
      const frame = this.take(lane);
      if (!isUnwanted(frame)) this.append(lane, frame);
    }
    const left = lane.frames.length;
    if (left === 0) this.leave(lane);
    return before - left;
  }

  clear(): void {
    this.frames = 0;
    this.bytes = 0;
    this.turns.clear();
    this.lanes.length = 0;
  }

  private append(lane: Lane, frame: Uint8Array): void {
    lane.frames.push(frame);
    lane.bytes += frame.length;
    this.bytes += frame.length;
    this.frames++;
  }

  private take(lane: Lane): Uint8Array {
    const frame = lane.frames.shift()!;
    lane.bytes -= frame.length;
    this.bytes -= frame.length;
    this.frames--;
    return frame;
  }

  private open(number: number): Lane {
    const lane = this.spare ?? new Lane();
    this.spare = undefined;
    lane.number = number;
    lane.deficit = this.turns.length === 0 ? LANE_QUANTUM_BYTES : 0;
    this.lanes[number] = lane;
    this.turns.push(lane);
    return lane;
  }

  private close(lane: Lane): void {
    this.lanes[lane.number] = undefined;
    this.spare = lane;
  }

  /** An empty lane gives up its place among the turns, wherever that is. */
  private leave(lane: Lane): void {
    const wasFirst = this.turns.peek() === lane;
    for (let i = this.turns.length; i > 0; i--) {
      const other = this.turns.shift()!;
      if (other !== lane) this.turns.push(other);
    }
    this.close(lane);
    const next = this.turns.peek();
    if (wasFirst && next !== undefined) next.deficit += LANE_QUANTUM_BYTES;
  }
}
