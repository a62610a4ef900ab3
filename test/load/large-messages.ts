import type { GwyhNodeOptions } from 'nestjs-gwyh';
import { monotonicMs } from '../processes/clock.js';
import { Fleet } from '../processes/fleet.js';
import { freePorts } from '../processes/free-ports.js';
import type { Figure } from './limit.js';

const KEY = `hex:${'4d'.repeat(32)}`;
const MEGABYTE = 1_048_576;
/** Memory of a process, all that Node takes included, by the bytes that are under way in all. */
const MOST_MEMORY_FACTOR = 4;

export interface LargeMessagesOptions {
  /** Each with one node; so many of them send one message each, at the same time. */
  readonly processes: number;
  readonly senders: number;
  readonly bytes: number;
  /** Nothing may take longer, ms. */
  readonly hangMs: number;
}

/** Large messages from several processes at once to all others. */
export async function largeMessages(options: LargeMessagesOptions, tell: (text: string) => void): Promise<Figure[]> {
  const { processes, senders, bytes } = options;
  const fleet = new Fleet(options.hangMs);
  const places = Array.from({ length: processes }, (_, place) => place);
  try {
    const [port] = await freePorts(1);
    const common: GwyhNodeOptions = { keys: [KEY], peers: [`127.0.0.1:${port}`], maxMessageBytes: bytes };
    await Promise.all(
      places.map(place => fleet.start(place, [{ ...common, bind: `127.0.0.1:${place === 0 ? port : 0}` }])),
    );
    await fleet.allSeeAll();
    await fleet.ready();
    const idle = await memoryOf(fleet, places);
    tell(`${senders} of ${processes} processes send ${bytes / MEGABYTE} MiB each, at the same time`);
    const beganMs = monotonicMs();
    const sent = await Promise.all(
      places.slice(0, senders).map(place => fleet.worker(place).ask('broadcastFilled', 0, bytes, place + 1)),
    );
    await fleet.until('all have all messages', async () => {
      const received = await fleet.received(places);
      return received.every((texts, place) => texts.length >= sent.length - (place < senders ? 1 : 0));
    });
    const tookMs = monotonicMs() - beganMs;
    const received = await fleet.received(places);
    const expected = (place: number) => sent.filter((_, sender) => sender !== place).sort();
    const wrong = received.filter((texts, place) => texts.sort().join() !== expected(place).join());
    const memory = await memoryOf(fleet, places);
    const bytesUnderWay = senders * bytes;
    return [
      { name: 'large: processes that got anything but all of them', value: wrong.length, unit: '', most: 0 },
      { name: 'large: until all had all', value: tookMs, unit: 'ms' },
      { name: 'large: memory of an idle process', value: most(idle) / MEGABYTE, unit: 'MB' },
      { name: 'large: most memory of a process', value: most(memory) / MEGABYTE, unit: 'MB' },
      {
        name: 'large: the same by the bytes under way',
        value: most(memory) / bytesUnderWay,
        unit: '',
        most: MOST_MEMORY_FACTOR,
      },
      { name: 'large: without that of an idle one', value: (most(memory) - most(idle)) / bytesUnderWay, unit: '' },
    ];
  } finally {
    await fleet.close();
  }
}

async function memoryOf(fleet: Fleet, places: readonly number[]): Promise<number[]> {
  const all = await Promise.all(places.map(place => fleet.worker(place).ask('memory')));
  return all.map(({ peakBytes }) => peakBytes);
}

function most(values: readonly number[]): number {
  return Math.max(...values);
}
