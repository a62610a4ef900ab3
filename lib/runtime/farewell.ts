import type { GwyhEngine } from '../engine/engine.js';
import type { DatagramNetwork, DatagramSocket } from './datagram-network.js';
import type { BroadcastQueue } from './broadcast-queue.js';
import type { EnginePump } from './engine-pump.js';

/**
 * How long a node that closes goes on sending what waits, ms: a message of the largest default size takes a third of it.
 * Then it takes its leave, and what still waits is lost.
 */
const FLUSH_MS = 1_000;

/** How often it looks whether everything has gone, ms. */
const FLUSH_POLL_MS = 10;

/** Time before each of the two announcements of the leave, ms: none shall overtake what was sent before it. */
const LEAVE_PAUSE_MS = 25;

/** Sends what waits, and only then announces the leave: the others end their sessions with us when they hear of it. */
export async function sayFarewell(
  network: DatagramNetwork,
  engine: GwyhEngine,
  queue: BroadcastQueue,
  pump: EnginePump,
  socket: DatagramSocket,
): Promise<void> {
  const pause = (ms: number) =>
    new Promise<void>(resolve => void network.schedule(network.now() + ms, () => resolve()));
  const until = network.now() + FLUSH_MS;
  pump.drain();
  const hasWork = () => queue.bytes + engine.waitingBytes + socket.queuedBytes > 0 || engine.isAwaited(network.now());
  while (hasWork() && network.now() < until) await pause(FLUSH_POLL_MS);
  // Twice, since one datagram may get lost.
  for (let i = 0; i < 2; i++) {
    await pause(LEAVE_PAUSE_MS);
    engine.leave(network.now());
    pump.drain();
  }
}
