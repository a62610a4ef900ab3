/**
 * How long a session lives. Times in milliseconds. The order matters: rekey by the initiator < rekey by the responder <
 * refusal, each with room for the jitter and for one whole handshake with its resends (15 s) before the next.
 */

/**
 * The side that made the session makes the next one at this age (as in WireGuard). Longer: a stolen memory image opens
 * more recorded traffic. Shorter: more handshakes, 180 us of CPU each for the pair.
 */
export const REKEY_AFTER_MS = 120_000;

/** The responder takes over at this age, when the initiator cannot reach it (one-way firewall) or does not try. */
export const RESPONDER_REKEY_AFTER_MS = 150_000;

/** Nothing is sealed or opened beyond this age. Bounds what one key protects even if every rekey fails. */
export const REJECT_AFTER_MS = 180_000;

/**
 * Rekey times are spread by this share to both sides. Without it, sessions that were made together (a node restarted)
 * would all be renewed together, for ever. At 10 % the two roles' ranges (108-132 s, 135-165 s) do not overlap.
 */
export const REKEY_JITTER = 0.1;

/** A new session is made after this many packets sent: half of what the counter can number. */
export const REKEY_AFTER_PACKETS = 2 ** 31;

/**
 * Counters from here on are never used. The counter is 32 bits and part of the nonce: wrapping it would reuse nonces,
 * which reveals plaintexts and lets anyone forge. The distance to 2^32 is margin against off-by-one errors.
 */
export const REJECT_AFTER_PACKETS = 2 ** 32 - 2 ** 13;

/** A session that has a successor still receives for this long, for packets that were on their way. */
export const PREVIOUS_SESSION_MS = 15_000;

/** Forgeries tried on one key before it is given up: the integrity limit of Poly1305 in RFC 9001 section 6.6. */
export const REJECT_AFTER_FORGERIES = 2 ** 36;
