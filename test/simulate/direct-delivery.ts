import { DATA_OVERHEAD } from '../../lib/engine/crypto/data-header.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { drawJitter } from './jitter.js';
import { RECEIVING_MICROSECONDS, SENDING_MICROSECONDS, type World } from './world.js';

/**
 * The yardstick: each message sent from its origin straight to each node, as if it had nothing else to do. The same
 * latency and jitter, drawn by a generator of its own; no loss and no queues.
 */
export class DirectDelivery {
  private readonly random: SeededRandom;

  constructor(
    private readonly world: World,
    seed: number,
  ) {
    this.random = new SeededRandom(seed);
  }

  /** How long one node would wait for a message in frames of these sizes, ms. */
  delayMs(from: number, to: number, frames: readonly number[]): number {
    const { world } = this;
    // Datagrams follow each other as fast as the slowest of the three stages takes them: sender, uplink, receiver.
    let sent = 0;
    let departed = 0;
    let received = 0;
    const latency = world.latencyBetween(from, to) * drawJitter(this.random);
    for (const frame of frames) {
      sent += SENDING_MICROSECONDS;
      departed = Math.max(departed, sent) + world.serialisation(frame + DATA_OVERHEAD);
      received = Math.max(received, departed + latency) + RECEIVING_MICROSECONDS;
    }
    return Math.round(received) / 1_000;
  }

  /** How long the uplink of the origin would be busy with sending a message to so many nodes itself, ms. */
  fanOutMs(receivers: number, frames: readonly number[]): number {
    return (
      (receivers * frames.reduce((sum, frame) => sum + this.world.serialisation(frame + DATA_OVERHEAD), 0)) / 1_000
    );
  }
}
