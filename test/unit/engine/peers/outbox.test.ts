import { beforeEach, describe, expect, it } from 'vitest';
import { CONTROL_BYTES, Outbox, OUTBOX_BYTES, outboxCapacity, Priority } from '../../../../lib/engine/peers/outbox.js';

let outbox: Outbox;

beforeEach(() => {
  outbox = new Outbox(OUTBOX_BYTES);
});

const frame = (content: number, length = 1) => new Uint8Array(length).fill(content);

/** The first byte of each frame that comes out. */
function taken(room = Infinity, isDataDue = true): number[] {
  const contents: number[] = [];
  for (let next = outbox.shift(room, isDataDue); next !== undefined; next = outbox.shift(room, isDataDue)) {
    contents.push(next[0]!);
  }
  return contents;
}

describe('the order of an outbox', () => {
  it('is by urgency: control, events, segments of large messages, repairs', () => {
    outbox.push(Priority.repair, frame(4, 10));
    outbox.push(Priority.bulk, frame(3));
    outbox.push(Priority.event, frame(2));
    outbox.push(Priority.control, frame(1));
    expect(taken()).toEqual([1, 2, 3, 4]);
  });

  it('is that of their coming within a class', () => {
    for (const content of [1, 2, 3]) outbox.push(Priority.event, frame(content));
    expect(taken()).toEqual([1, 2, 3]);
  });

  it('keeps everything but control back while no data is due', () => {
    for (const priority of [Priority.repair, Priority.bulk, Priority.event, Priority.control]) {
      outbox.push(priority, frame(priority, priority === Priority.repair ? 10 : 1));
    }
    expect(taken(Infinity, false)).toEqual([Priority.control]);
    expect(outbox.hasData).toBe(true);
    expect(taken()).toEqual([Priority.event, Priority.bulk, Priority.repair]);
    expect(outbox.hasData).toBe(false);
  });

  it('has repairs take turns with what is more urgent, byte for byte, while both wait', () => {
    for (let i = 0; i < 4; i++) {
      outbox.push(Priority.bulk, frame(Priority.bulk, 10));
      outbox.push(Priority.repair, frame(Priority.repair, 20));
    }
    const [bulk, repair] = [Priority.bulk, Priority.repair];
    expect(taken()).toEqual([bulk, bulk, repair, bulk, bulk, repair, repair, repair]);
  });

  it('does not let a small frame overtake an urgent one that needs another datagram', () => {
    outbox.push(Priority.control, frame(1, 100));
    outbox.push(Priority.event, frame(2, 10));
    expect(taken(50)).toEqual([]);
    expect(taken(100)).toEqual([1, 2]);
  });

  it('tells the class of what was taken last', () => {
    outbox.push(Priority.bulk, frame(1));
    outbox.shift(Infinity, true);
    expect(outbox.lastPriority).toBe(Priority.bulk);
  });
});

describe('the bounds of an outbox', () => {
  const quarter = new Uint8Array(OUTBOX_BYTES / 4);

  beforeEach(() => {
    for (let i = 0; i < 4; i++) outbox.push(Priority.bulk, quarter);
  });

  it('refuse everything but control when it is full', () => {
    for (const priority of [Priority.event, Priority.bulk, Priority.repair]) {
      expect(outbox.push(priority, frame(1))).toBe(false);
    }
    expect(outbox.push(Priority.control, frame(1))).toBe(true);
    expect(outbox).toMatchObject({ bytes: OUTBOX_BYTES + 1, frames: 5 });
  });

  it('refuse control as well in the end', () => {
    expect(outbox.push(Priority.control, new Uint8Array(CONTROL_BYTES))).toBe(true);
    expect(outbox.push(Priority.control, frame(1))).toBe(false);
  });

  it('let something in again when something has gone out', () => {
    outbox.shift(Infinity, true);
    expect(outbox.push(Priority.event, quarter)).toBe(true);
    expect(outbox.push(Priority.event, frame(1))).toBe(false);
  });

  it('are those of nothing after it was cleared', () => {
    outbox.clear();
    expect(outbox).toMatchObject({ bytes: 0, frames: 0, isEmpty: true });
    expect(taken()).toEqual([]);
  });
});

describe('the capacity of an outbox', () => {
  it('is enough for a message of the largest size twice, and for the default size more than that', () => {
    for (const maxMessageBytes of [1_024, 1_048_576, 4_194_304, 67_108_864]) {
      const large = new Outbox(outboxCapacity(maxMessageBytes));
      large.push(Priority.bulk, new Uint8Array(maxMessageBytes * 1.1));
      expect(large.hasRoomFor(maxMessageBytes)).toBe(true);
    }
    expect(outboxCapacity(1_048_576)).toBe(OUTBOX_BYTES);
  });
});

describe('what an outbox tells', () => {
  it('has room for a message only with the frames around its segments', () => {
    expect(outbox.hasRoomFor(OUTBOX_BYTES / 1.1 - 1)).toBe(true);
    expect(outbox.hasRoomFor(OUTBOX_BYTES)).toBe(false);
  });

  it('knows how many repairs are waiting', () => {
    outbox.push(Priority.bulk, frame(1));
    expect(outbox.waitingRepairs).toBe(0);
    outbox.push(Priority.repair, frame(1));
    outbox.push(Priority.repair, frame(1));
    expect(outbox.waitingRepairs).toBe(2);
  });
});
