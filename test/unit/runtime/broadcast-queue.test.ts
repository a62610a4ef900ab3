import { beforeEach, describe, expect, it } from 'vitest';
import type { BroadcastResult } from '../../../lib/engine/broadcast/dissemination.js';
import {
  ACCEPTED,
  BroadcastQueue,
  MOST_WAITING,
  MOST_WAITING_BYTES,
  STANDING_QUEUE,
  STANDING_QUEUE_MS,
  TURN_BROADCASTS,
  TURN_BYTES,
} from '../../../lib/runtime/broadcast-queue.js';
import { GwyhClosedError, GwyhMessageTooLargeError, GwyhQueueFullError } from '../../../lib/runtime/errors.js';

const MAX_MESSAGE_BYTES = 1_000_000;

let sent: Uint8Array[];
let answer: BroadcastResult;
let turnEnds: (() => void)[];
let now: number;
let queue: BroadcastQueue;

beforeEach(() => {
  sent = [];
  answer = 'accepted';
  turnEnds = [];
  now = 0;
  queue = new BroadcastQueue(
    payload => {
      if (answer === 'accepted') sent.push(payload.slice());
      return answer;
    },
    () => now,
    callback => void turnEnds.push(callback),
    MAX_MESSAGE_BYTES,
  );
});

const payload = (content: number, bytes = 1) => new Uint8Array(bytes).fill(content);

describe('a broadcast', () => {
  it('that waits keeps what it was, whatever becomes of the buffer, and of those that waited before', async () => {
    answer = 'queue_full';
    const buffer = payload(1, 100);
    const first = queue.broadcast(buffer, undefined);
    buffer.fill(2);
    answer = 'accepted';
    queue.retry();
    answer = 'queue_full';
    const second = queue.broadcast(buffer, undefined);
    const third = queue.broadcast(payload(3, 100), undefined);
    buffer.fill(4);
    answer = 'accepted';
    queue.retry();
    await Promise.all([first, second, third]);
    expect(sent).toEqual([payload(1, 100), payload(2, 100), payload(3, 100)]);
  });

  it('for which there is room goes at once', () => {
    expect(queue.broadcast(payload(1), undefined)).toBe(ACCEPTED);
    expect(sent).toEqual([payload(1)]);
  });

  it('that is too large is refused at once', async () => {
    answer = 'too_large';
    await expect(queue.broadcast(payload(1), undefined)).rejects.toThrow(GwyhMessageTooLargeError);
    expect(queue.length).toBe(0);
  });

  it('that is found to be too large when its turn comes is refused then, and holds up nobody', async () => {
    answer = 'queue_full';
    const first = queue.broadcast(payload(1), undefined);
    const second = queue.broadcast(payload(2), undefined);
    answer = 'too_large';
    queue.retry();
    await expect(first).rejects.toThrow(GwyhMessageTooLargeError);
    await expect(second).rejects.toThrow(GwyhMessageTooLargeError);
    expect([queue.length, queue.bytes]).toEqual([0, 0]);
  });

  it('that waits is what it was when it was called for, also from a Buffer that changes meanwhile', async () => {
    answer = 'queue_full';
    const buffer = Buffer.from([1, 2, 3]);
    const waiting = queue.broadcast(buffer, undefined);
    buffer.fill(9);
    answer = 'accepted';
    queue.retry();
    await waiting;
    expect(sent).toEqual([Uint8Array.of(1, 2, 3)]);
  });

  it('waits for room, behind those that came before', async () => {
    answer = 'queue_full';
    const done: number[] = [];
    const promises = [1, 2].map(async content => {
      await queue.broadcast(payload(content), undefined);
      done.push(content);
    });
    answer = 'accepted';
    promises.push(Promise.resolve(queue.broadcast(payload(3), undefined)).then(() => void done.push(3)));
    expect([queue.length, queue.bytes]).toEqual([3, 3]);
    queue.retry();
    await Promise.all(promises);
    expect(sent.map(each => each[0])).toEqual([1, 2, 3]);
    expect(done).toEqual([1, 2, 3]);
    expect([queue.length, queue.bytes]).toEqual([0, 0]);
  });

  it('may be changed as soon as it was handed over', () => {
    answer = 'queue_full';
    const bytes = payload(1);
    void queue.broadcast(bytes, undefined);
    bytes[0] = 9;
    answer = 'accepted';
    queue.retry();
    expect(sent).toEqual([payload(1)]);
  });
});

describe('the bounds of what waits', () => {
  beforeEach(() => {
    answer = 'queue_full';
  });

  it('are a number', async () => {
    for (let i = 0; i < MOST_WAITING; i++) void queue.broadcast(payload(1), undefined);
    await expect(queue.broadcast(payload(1), undefined)).rejects.toBeInstanceOf(GwyhQueueFullError);
    expect([queue.length, queue.refused]).toEqual([MOST_WAITING, 1]);
  });

  it('are bytes, though one message may always wait', async () => {
    void queue.broadcast(payload(1, 2 * MOST_WAITING_BYTES), undefined);
    await expect(queue.broadcast(payload(1), undefined)).rejects.toBeInstanceOf(GwyhQueueFullError);
    expect(queue.length).toBe(1);
  });

  it('are a time once many wait: a burst may, a load that does not end may not', async () => {
    const waiting = Array.from({ length: STANDING_QUEUE }, () => queue.broadcast(payload(1), undefined));
    now = STANDING_QUEUE_MS;
    waiting.push(queue.broadcast(payload(1), undefined));
    now++;
    await expect(queue.broadcast(payload(1), undefined)).rejects.toBeInstanceOf(GwyhQueueFullError);
    answer = 'accepted';
    queue.retry();
    await Promise.all(waiting);
    answer = 'queue_full';
    void queue.broadcast(payload(1), undefined);
    expect(queue.length).toBe(1);
  });

  it('are no time while few wait, however slow it goes', () => {
    for (let i = 0; i < STANDING_QUEUE; i++) {
      now += STANDING_QUEUE_MS;
      void queue.broadcast(payload(1), undefined);
    }
    expect([queue.length, queue.refused]).toEqual([STANDING_QUEUE, 0]);
  });
});

describe('a loop that awaits each broadcast', () => {
  it('lets the rest of the process run now and then', () => {
    const outcomes = Array.from({ length: 2 * TURN_BROADCASTS }, () => queue.broadcast(payload(1), undefined));
    expect(outcomes.filter(outcome => outcome !== ACCEPTED)).toHaveLength(2);
    expect(turnEnds).toHaveLength(2);
  });

  it('does so sooner when the messages are large', () => {
    expect(queue.broadcast(payload(1, TURN_BYTES), undefined)).not.toBe(ACCEPTED);
    expect(queue.broadcast(payload(1), undefined)).toBe(ACCEPTED);
  });
});

describe('closing', () => {
  it('rejects what waits', async () => {
    answer = 'queue_full';
    const waiting = queue.broadcast(payload(1), undefined);
    queue.close(new GwyhClosedError('closed'));
    await expect(waiting).rejects.toThrow('closed');
    expect([queue.length, queue.bytes]).toEqual([0, 0]);
  });
});
