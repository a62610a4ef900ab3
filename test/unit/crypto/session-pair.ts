import { keyringOf } from './handshake-lab.js';
import { bytesOf, seededRandom } from './seeded-random.js';
import { createSession } from '../../../lib/engine/crypto/session-keys.js';
import { readMaskedHeader, unmasked } from '../../../lib/engine/crypto/data-header.js';
import type { Session } from '../../../lib/engine/crypto/session.js';

export const CREATED_AT = 5_000;

/** Both sides of a session, without the handshake. */
export function sessionPair(options: { seed?: number; key?: number; jitter?: number } = {}) {
  const secret = new Uint8Array(64);
  seededRandom(options.seed ?? 1)(secret);
  const agreement = {
    secret,
    responderRandom: bytesOf(3, 32),
    initiatorIndex: 0x89abcdef,
    responderIndex: 0x01020304,
    key: keyringOf([options.key ?? 1]).primary,
    createdAt: CREATED_AT,
    jitter: options.jitter ?? 0.5,
  };
  return {
    initiator: createSession({ ...agreement, role: 'initiator', remoteId: 'b'.repeat(32) }),
    responder: createSession({ ...agreement, role: 'responder', remoteId: 'a'.repeat(32) }),
  };
}

/** A sealed datagram, or undefined when the session refuses. */
export function sealText(session: Session, text: string | Uint8Array, now = CREATED_AT): Uint8Array | undefined {
  const plaintext = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const buffer = new Uint8Array(24 + plaintext.length);
  buffer.set(plaintext, 24);
  return session.seal(buffer, plaintext.length, now) === buffer.length ? buffer : undefined;
}

/** The text, or why the datagram was dropped. */
export function openText(session: Session, datagram: Uint8Array, now = CREATED_AT): string {
  readMaskedHeader(datagram, session.headerKey);
  const plaintext = session.open(datagram.slice(), unmasked.counter, now);
  return plaintext === undefined ? `dropped: ${session.lastDrop}` : new TextDecoder().decode(plaintext);
}

/** Sets a counter that would take hours to reach. */
export function setSentCount(session: Session, count: number): void {
  (session as unknown as { sent: number }).sent = count;
}
