import { beforeEach, expect, it } from 'vitest';
import { DeliveryLog, makePayload, type Message } from '../../simulate/delivery-log.js';

let log: DeliveryLog;
let messages: Message[];

beforeEach(() => {
  messages = [200, 70_000].map((payloadBytes, number) => {
    return { number, origin: 0, payloadBytes, isMeasured: true, sentAt: 100, frames: [1] };
  });
  log = new DeliveryLog(messages, 3);
});

it('a delivery is entered with its latency and hops', () => {
  expect(log.has(messages[1]!, 2)).toBe(false);
  expect(log.deliver(2, makePayload(1, 70_000), 5, 130)).toBe(1);
  expect(log.has(messages[1]!, 2)).toBe(true);
  expect(log.has(messages[0]!, 2)).toBe(false);
  expect(log.latency(messages[1]!, 2)).toBe(30);
  expect(log.hops(messages[1]!, 2)).toBe(5);
});

it('a second delivery is a duplicate and changes nothing', () => {
  log.deliver(1, makePayload(0, 200), 2, 110);
  log.deliver(1, makePayload(0, 200), 3, 120);
  expect([log.duplicates, log.delivered]).toEqual([1, 1]);
  expect(log.latency(messages[0]!, 1)).toBe(10);
});

it('what nobody sent is a fault of the run', () => {
  const swapped = makePayload(1, 70_000);
  swapped.set(swapped.slice(1_100, 2_200), 0);
  const wrong = [makePayload(2, 200), makePayload(0, 199), makePayload(0, 3_000), new Uint8Array(2), swapped];
  wrong.push(makePayload(0, 200).fill(0, 100, 101));
  for (const payload of wrong) expect(() => log.deliver(1, payload, 1, 110)).toThrow('nobody sent');
});
