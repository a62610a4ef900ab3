import { DedupeWindow } from '../../../lib/engine/broadcast/dedupe-window.js';
import { Dissemination } from '../../../lib/engine/broadcast/dissemination.js';
import { DATA_OVERHEAD } from '../../../lib/engine/crypto/session.js';
import { MAX_FRAME_BYTES } from '../../../lib/engine/engine-context.js';
import { MemberTable } from '../../../lib/engine/membership/member-table.js';
import { nodeIdToBytes } from '../../../lib/engine/node-id.js';
import { Packer } from '../../../lib/engine/peers/packer.js';
import { Timer, TimerHeap } from '../../../lib/engine/timer-heap.js';
import { MessagePackReader } from '../../../lib/engine/wire/message-pack-reader.js';
import { MessagePackWriter } from '../../../lib/engine/wire/message-pack-writer.js';
import { readSegment, Segment, writeSegment } from '../../../lib/engine/wire/segment-frame.js';
import { decodeEvent, encodeEvent } from '../../../lib/nest/event-codec.js';
import { readMaskedHeader, unmasked } from '../../../lib/engine/crypto/data-header.js';
import { CREATED_AT, sessionPair } from '../../unit/crypto/session-pair.js';
import { EngineLab, idOf } from '../../unit/engine/engine-lab.js';
import { EventPath } from './event-path.js';
import type { LoopNetwork } from './loop-network.js';
import type { Operation } from './operation.js';

const COUNT = 1_000;
/**
 * Events on the event path at once: as many in one turn, and as many in turns of their own, as the emitter's links may have under
 * way without a report. More, and the rest waits for reports, so that what is measured is less than what is counted.
 */
const PATH_COUNT = 250;
const SINGLE_COUNT = 50;
/** Payload of a small event, about that of a cache invalidation. */
const EVENT_BYTES = 60;
const EVENT = { run: 1, version: 123_456, key: 'product:123456', sentAtUs: 0 };
const ORIGIN = nodeIdToBytes(idOf(0x77));

/** @param network that the event path is on; one on the real clock, if left out. */
export async function createOperations(network?: LoopNetwork): Promise<Operation[]> {
  return [
    ...sealing('seal 1,176 bytes', 'open 1,176 bytes', MAX_FRAME_BYTES),
    ...sealing('seal 16 KiB', 'open 16 KiB', 16_384 - DATA_OVERHEAD),
    ...frames(),
    forward(),
    ...structures(),
    ...events(),
    ...(await eventPath(network)),
  ];
}

function sealing(sealName: string, openName: string, bytes: number): Operation[] {
  const { initiator, responder } = sessionPair();
  const buffers = Array.from({ length: 100 }, () => new Uint8Array(DATA_OVERHEAD + bytes));
  const sealAll = () => {
    for (const buffer of buffers) initiator.seal(buffer, bytes, CREATED_AT);
  };
  const openAll = () => {
    for (const buffer of buffers) {
      readMaskedHeader(buffer, responder.headerKey);
      responder.open(buffer, unmasked.counter, CREATED_AT);
    }
  };
  return [
    { name: sealName, what: 'a datagram in place, header masked', count: buffers.length, run: sealAll },
    {
      name: openName,
      what: 'a datagram in place, header unmasked',
      count: buffers.length,
      prepare: sealAll,
      run: openAll,
    },
  ];
}

function segmentAt(sequence: number): Segment {
  const segment = new Segment();
  Object.assign(segment, { hops: 1, origin: ORIGIN, boot: 1_700_000_000_000, sequence });
  segment.payload = new Uint8Array(EVENT_BYTES);
  return segment;
}

/** Frames of small events, one after the other, as the plaintext of one datagram. */
function plaintextOf(first: number, count: number): Uint8Array {
  const writer = new MessagePackWriter(200 * count);
  writer.reset();
  for (let i = 0; i < count; i++) writeSegment(writer, segmentAt(first + i));
  return writer.take();
}

function frames(): Operation[] {
  const writer = new MessagePackWriter(2_400, 16_384);
  const written = segmentAt(123_456);
  const plaintext = plaintextOf(100_000, COUNT);
  const reader = new MessagePackReader();
  const read = new Segment();
  return [
    {
      name: 'encode a segment',
      what: `${EVENT_BYTES} bytes of payload`,
      count: COUNT,
      run() {
        for (let i = 0; i < COUNT; i++) {
          writer.reset();
          writeSegment(writer, written);
          writer.take();
        }
      },
    },
    {
      name: 'decode a segment',
      what: `${EVENT_BYTES} bytes of payload`,
      count: COUNT,
      run() {
        reader.reset(plaintext);
        while (!reader.isAtEnd) {
          const length = reader.array();
          reader.uint();
          readSegment(reader, length, read);
        }
      },
    },
  ];
}

function forward(): Operation {
  const lab = new EngineLab();
  const links = [1, 2, 3, 4].map(number => lab.meet(number, { isSubscriber: true }));
  const dissemination = new Dissemination(lab.context, lab.peers, new MemberTable(), 5, 0);
  const packer = new Packer(lab.context);
  const reader = new MessagePackReader();
  let plaintext = new Uint8Array(0);
  let sequence = 1;
  let now = 0;
  return {
    name: 'forward a segment',
    what: 'from one link to three others, packed and sealed',
    count: COUNT,
    prepare() {
      plaintext = plaintextOf(sequence, COUNT) as Uint8Array<ArrayBuffer>;
      sequence += COUNT;
      now += 10;
    },
    run() {
      reader.reset(plaintext);
      while (!reader.isAtEnd) {
        const start = reader.position;
        const length = reader.array();
        reader.uint();
        dissemination.onSegment(links[0]!, plaintext, start, reader, length, now);
      }
      for (const link of links) while (packer.pack(link, now) !== undefined);
    },
    cleanUp() {
      lab.context.events.clear();
    },
  };
}

function structures(): Operation[] {
  const window = new DedupeWindow(1, 0);
  const timers = new TimerHeap();
  const set = Array.from({ length: 50 }, () => new Timer(() => undefined));
  for (const [i, timer] of set.entries()) timers.set(timer, 1_000 + i);
  let sequence = 0;
  let now = 0;
  return [
    {
      name: 'dedupe',
      what: 'the next segment of a stream, and then again',
      count: COUNT,
      run() {
        for (let i = 0; i < COUNT; i++) {
          window.add(++sequence, sequence);
          window.add(sequence, sequence);
        }
      },
    },
    {
      name: 'timer',
      what: 'one of fifty moved ahead',
      count: COUNT,
      run() {
        for (let i = 0; i < COUNT; i++) timers.set(set[i % set.length]!, ++now + 1_000);
      },
    },
  ];
}

function events(): Operation[] {
  const payload = encodeEvent('bench.load', EVENT).slice();
  return [
    {
      name: 'encode an event',
      what: 'pattern and four properties',
      count: COUNT,
      run() {
        for (let i = 0; i < COUNT; i++) encodeEvent('bench.load', EVENT);
      },
    },
    {
      name: 'decode an event',
      what: 'pattern and four properties',
      count: COUNT,
      run() {
        for (let i = 0; i < COUNT; i++) decodeEvent(payload);
      },
    },
  ];
}

async function eventPath(network?: LoopNetwork): Promise<Operation[]> {
  const path = await EventPath.create(network);
  const settle = async () => {
    path.settle();
    await nextTurn();
  };
  const emitting = (count: number, run: () => void) => ({
    count,
    async prepare() {
      await path.choosePaths();
      path.prepare(count);
    },
    run,
    cleanUp() {
      path.checkSent();
      return settle();
    },
  });
  const receiving = (count: number, emit: () => void) => ({
    count,
    async prepare() {
      await path.choosePaths();
      path.prepare(count);
      emit();
      path.beforeReceive();
    },
    async run() {
      path.receive();
      await nextTurn();
    },
    cleanUp() {
      path.checkReceived();
      return settle();
    },
  });
  const emitAll = () => path.emit();
  const emitEach = () => path.emitEach();
  const emitWhat = 'client.emit() to the sealed datagrams of three links';
  const receiveWhat = "a datagram to the call of Nest's handler, with what settles after it";
  return [
    { name: 'emit one', what: `${emitWhat}, an event in each`, ...emitting(SINGLE_COUNT, emitEach) },
    { name: 'receive one', what: `${receiveWhat}, an event in each`, ...receiving(SINGLE_COUNT, emitEach) },
    { name: 'emit path', what: emitWhat, ...emitting(PATH_COUNT, emitAll) },
    { name: 'receive path', what: receiveWhat, ...receiving(PATH_COUNT, emitAll) },
  ];
}

function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
