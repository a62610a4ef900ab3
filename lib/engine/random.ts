/** The injected source of randomness: fills the buffer. Seeded in simulations, the operating system's in production. */
export type RandomFill = (buffer: Uint8Array) => void;

/** A uniform integer in [0, 2^32). */
export function randomUint32(random: RandomFill): number {
  random(scratch);
  return view.getUint32(0, true);
}

/** A uniform number in [0, 1) with 32 bits of resolution: enough for jitter and for picking peers. */
export function randomUnit(random: RandomFill): number {
  return randomUint32(random) / 0x1_0000_0000;
}

const scratch = new Uint8Array(4);
const view = new DataView(scratch.buffer);
