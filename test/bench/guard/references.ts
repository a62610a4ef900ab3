import sodium from 'sodium-native';
import type { Operation } from '../engine/operation.js';

/** How often a reference does its work in a run: long enough for the clock, too short to be interrupted each time. */
const JAVASCRIPT_COUNT = 400;
const LIBSODIUM_COUNT = 20;

/** Objects that are alive at a time, a power of two: as few as to stay in the fastest cache, as an engine's busy ones do. */
const RING = 256;

/** What the reference seals: about a full datagram of a network. */
const SEALED_BYTES = 1_024;
const NONCE_BYTES = 24;
const TAG_BYTES = 16;

/**
 * The load that an operation is measured against: one of the same kind, as a busy neighbour slows down computing and
 * memory each in its own way. No change of the library touches these loads; a change here makes every baseline void.
 */
export function createReferences(): (operation: Operation) => Operation {
  const ofJavaScript = javascript();
  const ofLibsodium = libsodium();
  return ({ name }) => (/^(seal|open) /.test(name) ? ofLibsodium : ofJavaScript);
}

interface Link {
  readonly value: number;
  readonly key: string;
  next: Link | undefined;
}

/**
 * What the engine does all day, but nothing that the compiler of JavaScript treats now this way and now that: small objects
 * made, linked and dropped, bytes written and read.
 */
function javascript(): Operation {
  const ring = Array.from<Link | undefined>({ length: RING });
  const bytes = new Uint8Array(4 * RING);
  const last = bytes.length - 1;
  let made = 0;
  let sum = 0;
  return {
    name: 'JavaScript',
    what: 'a small object made and linked, 16 bytes written and read',
    count: JAVASCRIPT_COUNT,
    run() {
      for (let i = 0; i < JAVASCRIPT_COUNT; i++) {
        const at = made++ & (RING - 1);
        const link: Link = { value: sum + made, key: 'product', next: ring[(at + RING / 2) & (RING - 1)] };
        ring[at] = link;
        if (link.next !== undefined) {
          sum = (sum + link.next.value) | 0;
          // Otherwise all that ever was stays alive.
          link.next.next = undefined;
        }
        for (let j = 0; j < 16; j++) bytes[(4 * at + j) & last] = sum >>> j;
        for (let j = 0; j < 16; j++) sum = (Math.imul(sum, 31) + bytes[(4 * at + j) & last]!) | 0;
      }
    },
  };
}

function libsodium(): Operation {
  const nonce = new Uint8Array(NONCE_BYTES);
  const key = new Uint8Array(32).fill(7);
  const plaintext = new Uint8Array(SEALED_BYTES);
  const sealed = new Uint8Array(SEALED_BYTES + TAG_BYTES);
  return {
    name: 'libsodium',
    what: `${SEALED_BYTES} bytes sealed`,
    count: LIBSODIUM_COUNT,
    run() {
      for (let i = 0; i < LIBSODIUM_COUNT; i++) {
        nonce[0]!++;
        sodium.crypto_secretbox_easy(sealed, plaintext, nonce, key);
      }
    },
  };
}
