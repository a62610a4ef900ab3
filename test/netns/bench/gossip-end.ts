/** One node at an end of the bottleneck, in a process of its own: pushes messages, or counts those that arrive. */
import { GwyhNode, type GwyhNodeOptions, GwyhQueueFullError } from 'nestjs-gwyh';
import { monotonicMs, pause } from '../../processes/clock.js';
import { serve } from '../../processes/commands.js';

/** Size of the small messages beside the load: the time of sending and some. */
const SMALL_BYTES = 64;
const SMALL_EVERY_MS = 50;
/** How often the round trip is looked at, ms. */
const LOOK_EVERY_MS = 50;
/** After a refusal the pushing side waits so long, ms. */
const REFUSED_PAUSE_MS = 2;

/** A message that arrived, or a figure that was seen. */
export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

let node: GwyhNode;
/** Large messages: how long each took from `broadcast()` to here, ms. */
const large: Sample[] = [];
/** Small messages, alike. */
const small: Sample[] = [];
const roundTrips: Sample[] = [];
/** Moments at which a living node was suspected, or worse. */
const suspicions: Sample[] = [];
let corrupt = 0;

/** What every large message holds after its time of sending. */
function pattern(bytes: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 31 + (i >> 8)) & 255));
}

let expected: Buffer = Buffer.alloc(0);

function receive(payload: Uint8Array): void {
  const now = monotonicMs();
  const message = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const sample = { atMs: now, value: now - message.readDoubleLE(0) };
  if (message.length === SMALL_BYTES) {
    small.push(sample);
    return;
  }
  if (expected.length !== message.length) expected = pattern(message.length);
  if (message.compare(expected, 8, undefined, 8) === 0) large.push(sample);
  else corrupt++;
}

const commands = {
  /** Returns the port. */
  async start(options: GwyhNodeOptions): Promise<number> {
    node = new GwyhNode(options);
    node.onBroadcast(receive);
    for (const event of ['suspect', 'down'] as const) {
      node.on(event, () => suspicions.push({ atMs: monotonicMs(), value: 1 }));
    }
    await node.start();
    setInterval(() => {
      for (const { roundTripMs } of node.members()) {
        if (roundTripMs !== undefined) roundTrips.push({ atMs: monotonicMs(), value: roundTripMs });
      }
    }, LOOK_EVERY_MS);
    return node.address.port;
  },

  ready: () => node.ready({ timeoutMs: 30_000 }),

  /** Pushes messages one after the other, each as soon as the one before is accepted. */
  async push(bytes: number, forMs: number): Promise<{ accepted: number; refused: number }> {
    const until = monotonicMs() + forMs;
    const counts = { accepted: 0, refused: 0 };
    const content = pattern(bytes);
    const beside = setInterval(sendSmall, SMALL_EVERY_MS);
    while (monotonicMs() < until) {
      const message = Buffer.from(content);
      message.writeDoubleLE(monotonicMs());
      try {
        await node.broadcast(message);
        counts.accepted++;
      } catch (error) {
        if (!(error instanceof GwyhQueueFullError)) throw error;
        counts.refused++;
        await pause(REFUSED_PAUSE_MS);
      }
    }
    clearInterval(beside);
    return counts;
  },

  report: () => ({ large, small, roundTrips, suspicions, corrupt, metrics: node.metrics() }),

  close: () => node.close(),
};
export type GossipEnd = typeof commands;

function sendSmall(): void {
  const message = Buffer.alloc(SMALL_BYTES);
  message.writeDoubleLE(monotonicMs());
  node.broadcast(message).catch(() => undefined);
}

serve(commands);
