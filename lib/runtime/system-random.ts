import { randomFillSync } from 'node:crypto';

/** How much is fetched from the system at once, bytes: one call fills a thousand small requests. More would only lie around. */
const SUPPLY_BYTES = 4_096;

/**
 * Longest request that is met from the supply, bytes: tokens, jitter, choices. Keys are longer, and never lie in memory before
 * they are asked for.
 */
const LONGEST_FROM_SUPPLY = 8;

const supply = new Uint8Array(SUPPLY_BYTES);
let position = SUPPLY_BYTES;

/**
 * Randomness of the operating system. A call to it takes some microseconds, whatever the length, and a node at rest needs
 * four bytes for every heartbeat. What was handed out is wiped.
 */
export function systemRandom(buffer: Uint8Array): void {
  if (buffer.length > LONGEST_FROM_SUPPLY) {
    randomFillSync(buffer);
    return;
  }
  if (position + buffer.length > SUPPLY_BYTES) {
    randomFillSync(supply);
    position = 0;
  }
  for (let i = 0; i < buffer.length; i++) {
    buffer[i] = supply[position]!;
    supply[position++] = 0;
  }
}
