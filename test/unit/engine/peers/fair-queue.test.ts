import { describe, expect, it } from 'vitest';
import { FairQueue, LANE_QUANTUM_BYTES } from '../../../../lib/engine/peers/fair-queue.js';

/** A frame whose first byte tells its lane, and the second one its number there. */
function frame(lane: number, number: number, bytes = 100): Uint8Array {
  const frame = new Uint8Array(bytes);
  frame[0] = lane;
  frame[1] = number;
  return frame;
}

function take(queue: FairQueue): Uint8Array | undefined {
  const next = queue.peek();
  if (next !== undefined) queue.shift();
  return next;
}

function drain(queue: FairQueue): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let next = take(queue); next !== undefined; next = take(queue)) frames.push(next);
  return frames;
}

/** How many bytes came of each lane. */
function bytesByLane(frames: readonly Uint8Array[]): Record<number, number> {
  const bytes: Record<number, number> = {};
  for (const each of frames) bytes[each[0]!] = (bytes[each[0]!] ?? 0) + each.length;
  return bytes;
}

describe('a fair queue', () => {
  it('keeps the order of each lane', () => {
    const queue = new FairQueue();
    for (let i = 0; i < 50; i++) for (const lane of [3, 7]) queue.push(lane, frame(lane, i));
    const frames = drain(queue);
    for (const lane of [3, 7]) {
      expect(frames.filter(each => each[0] === lane).map(each => each[1])).toEqual([...Array(50).keys()]);
    }
  });

  it('lets a lane with little go within a turn, however much another one holds', () => {
    const queue = new FairQueue();
    for (let i = 0; i < 1_000; i++) queue.push(1, frame(1, i & 255, 1_000));
    for (let i = 0; i < 10; i++) take(queue);
    queue.push(2, frame(2, 0));
    const before = drain(queue).findIndex(each => each[0] === 2);
    expect(before).toBeLessThanOrEqual(2);
  });

  it('gives lanes that are never empty the same number of bytes, whatever the sizes of their frames', () => {
    const queue = new FairQueue();
    const sizes = [40, 300, 1_176];
    for (const [lane, size] of sizes.entries()) {
      for (let i = 0; i < 200_000 / size; i++) queue.push(lane, frame(lane, 0, size));
    }
    const frames: Uint8Array[] = [];
    let bytes = 0;
    while (bytes < 300_000) {
      const next = take(queue)!;
      frames.push(next);
      bytes += next.length;
    }
    for (const share of Object.values(bytesByLane(frames))) {
      expect(Math.abs(share - 100_000)).toBeLessThanOrEqual(2 * LANE_QUANTUM_BYTES);
    }
  });

  it('gives an idle lane no credit for the time in which it had nothing to send', () => {
    const queue = new FairQueue();
    for (let round = 0; round < 100; round++) {
      queue.push(1, frame(1, 0));
      drain(queue);
    }
    for (let i = 0; i < 100; i++) for (const lane of [1, 2]) queue.push(lane, frame(lane, i, 400));
    const shares = bytesByLane(Array.from({ length: 60 }, () => take(queue)!));
    expect(Math.abs(shares[1]! - shares[2]!)).toBeLessThanOrEqual(LANE_QUANTUM_BYTES);
  });

  it('counts what it holds', () => {
    const queue = new FairQueue();
    queue.push(1, frame(1, 0, 10));
    queue.push(1, frame(1, 1, 20));
    queue.push(2, frame(2, 0, 40));
    expect([queue.frames, queue.bytes, queue.bytesIn(1), queue.bytesIn(2), queue.bytesIn(3)]).toEqual([
      3, 70, 30, 40, 0,
    ]);
    drain(queue);
    expect([queue.frames, queue.bytes, queue.bytesIn(1)]).toEqual([0, 0, 0]);
  });
});

/** Three messages of two frames each. */
const messageOf = (each: Uint8Array) => each[1]! >> 1;

describe('dropping what nobody wants any more', () => {
  it('leaves the rest of the lane, in its order', () => {
    const queue = new FairQueue();
    for (let i = 0; i < 6; i++) queue.push(1, frame(1, i));
    queue.push(2, frame(2, 0));
    expect(queue.dropWhere(1, each => each[1]! % 2 === 0)).toBe(3);
    expect([queue.frames, queue.bytes, queue.bytesIn(1)]).toEqual([4, 400, 300]);
    expect(drain(queue).map(each => [each[0], each[1]])).toEqual([
      [1, 1],
      [1, 3],
      [1, 5],
      [2, 0],
    ]);
  });

  it('leaves the other lanes their turns when it empties one', () => {
    const queue = new FairQueue();
    for (const lane of [1, 2]) for (let i = 0; i < 3; i++) queue.push(lane, frame(lane, i));
    expect(queue.dropWhere(1, () => true)).toBe(3);
    expect(queue.dropWhere(3, () => true)).toBe(0);
    expect(drain(queue).map(each => each[0])).toEqual([2, 2, 2]);
  });
});

describe('dropping the oldest of a lane', () => {
  it('takes all frames of one message', () => {
    const queue = new FairQueue();
    for (let i = 0; i < 6; i++) queue.push(1, frame(1, i));
    expect(queue.dropOldest(1, messageOf)).toBe(2);
    expect(drain(queue).map(each => each[1])).toEqual([2, 3, 4, 5]);
  });

  it('takes what is left of a message that has begun to go out', () => {
    const queue = new FairQueue();
    for (let i = 0; i < 6; i++) queue.push(1, frame(1, i));
    take(queue);
    expect(queue.dropOldest(1, messageOf)).toBe(1);
    expect(queue.bytes).toBe(400);
  });

  it('leaves the other lanes their turns when it empties one', () => {
    const queue = new FairQueue();
    for (const lane of [1, 2, 3]) for (let i = 0; i < 2; i++) queue.push(lane, frame(lane, i));
    take(queue);
    expect(queue.dropOldest(1, messageOf)).toBe(1);
    expect(queue.dropOldest(2, messageOf)).toBe(2);
    expect(drain(queue).map(each => each[0])).toEqual([3, 3]);
    expect(queue.dropOldest(2, messageOf)).toBe(0);
  });
});
