import type { SeededRandom } from '../../lib/testing/seeded-random.js';
import type { SimulationOptions } from './options.js';

/** One message that is to be sent. */
export interface PlannedMessage {
  /** Virtual time after the settling, ms. */
  readonly at: number;
  readonly origin: number;
  readonly bytes: number;
  readonly isMeasured: boolean;
}

/** What a scenario does. */
export interface Plan {
  /** In the order of their times. */
  readonly messages: readonly PlannedMessage[];
  /** Traffic is counted from the first of these times to the second, ms after the settling. */
  readonly from: number;
  readonly to: number;
}

/** Size of a small message, bytes: an invalidation with a key or two. */
const SMALL_BYTES = 200;

/** One busy origin sends so often, messages a second. */
const BUSY_RATE = 20;
const BUSY_MESSAGES = 200;

/**
 * How long the load goes on after the last message that counts, ms: what is still under way of the warm-up when counting
 * begins is made up for by what is still under way of the measured messages when it ends.
 */
const COOL_DOWN_MS = 1_000;

/** Time between the messages of quiet origins, ms. */
const QUIET_INTERVAL_MS = 10_000;
const QUIET_MESSAGES = 30;

/** Each of many origins sends so often, messages a second. */
const MANY_RATE = 5;
const MANY_MESSAGES = 500;
/** Ten seconds, as with one busy origin: by then each of a hundred has its paths. */
const MANY_WARM_UP = 5_000;

const LARGE_BYTES = 65_536;
const LARGE_MESSAGES = 4;
const LARGE_WARM_UP = 1;
/** Time between large messages, ms: long enough for one to be repaired everywhere before the next. */
const LARGE_INTERVAL_MS = 5_000;

/** After a death of many: one message at once, and one every so many ms. */
const KILL_INTERVAL_MS = 5_000;
const KILL_MESSAGES = 10;

/** @param alive nodes that live when the messages are sent. */
export function planScenario(options: SimulationOptions, alive: readonly number[], random: SeededRandom): Plan {
  const anyNode = () => alive[random.below(alive.length)]!;
  switch (options.scenario) {
    case 'quiet': {
      const { messages, warmUp, bytes } = sizes(options, QUIET_MESSAGES, 0, SMALL_BYTES);
      return spaced(Array.from({ length: warmUp + messages }, anyNode), warmUp, QUIET_INTERVAL_MS, 0, bytes);
    }
    case 'large': {
      const { messages, warmUp, bytes } = sizes(options, LARGE_MESSAGES, LARGE_WARM_UP, LARGE_BYTES);
      const origin = anyNode();
      return spaced(Array<number>(warmUp + messages).fill(origin), warmUp, LARGE_INTERVAL_MS, 0, bytes);
    }
    case 'kill': {
      const { messages, bytes } = sizes(options, KILL_MESSAGES, 0, SMALL_BYTES);
      return spaced(Array.from({ length: messages }, anyNode), 0, KILL_INTERVAL_MS, 0, bytes);
    }
    case 'many-origins': {
      const { messages, warmUp, bytes } = sizes(options, MANY_MESSAGES, MANY_WARM_UP, SMALL_BYTES);
      const origins = drawDistinct(options.origins, alive, random);
      const interval = 1_000 / (MANY_RATE * origins.length);
      const coolDown = Math.ceil(COOL_DOWN_MS / interval);
      const turns = Array.from({ length: warmUp + messages + coolDown }, (_, i) => origins[i % origins.length]!);
      return spaced(turns, warmUp, interval, coolDown, bytes);
    }
    default: {
      const { messages, warmUp, bytes } = sizes(options, BUSY_MESSAGES, BUSY_MESSAGES, SMALL_BYTES);
      const origin = anyNode();
      const interval = 1_000 / BUSY_RATE;
      const coolDown = Math.ceil(COOL_DOWN_MS / interval);
      return spaced(Array<number>(warmUp + messages + coolDown).fill(origin), warmUp, interval, coolDown, bytes);
    }
  }
}

function sizes(options: SimulationOptions, messages: number, warmUp: number, bytes: number) {
  return {
    messages: options.messages ?? messages,
    warmUp: options.warmUp ?? warmUp,
    bytes: options.payloadBytes ?? bytes,
  };
}

/** Messages of these origins in turn, one every `interval` ms. */
function spaced(origins: number[], warmUp: number, interval: number, coolDown: number, bytes: number): Plan {
  const end = origins.length - coolDown;
  const messages = origins.map((origin, i) => ({
    at: i * interval,
    origin,
    bytes,
    isMeasured: i >= warmUp && i < end,
  }));
  return { messages, from: warmUp * interval, to: end * interval };
}

function drawDistinct(count: number, from: readonly number[], random: SeededRandom): number[] {
  const left = [...from];
  return Array.from({ length: Math.min(count, left.length) }, () => left.splice(random.below(left.length), 1)[0]!);
}
