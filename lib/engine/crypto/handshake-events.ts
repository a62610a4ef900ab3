import type { Endpoint } from '../endpoint.js';
import type { NodeId } from '../node-id.js';
import type { Session, SessionRole } from './session.js';

/** Why a datagram that matched no session led to nothing. Each has a counter in `Handshakes.drops`. */
export const HANDSHAKE_DROPS = [
  /** Too short or too long for a handshake. */
  'bad_size',
  /** Fits none of our keys: noise, another cluster, or a packet of a session that is gone. */
  'undecryptable',
  /** Opened, but no message of this version. */
  'malformed',
  /** The source is no IP address. */
  'bad_address',
  /** The MAC inside a Hello or Ohai is wrong. */
  'bad_mac',
  /** It carries our own node id. */
  'self',
  /** The Hello's time is too far from ours. */
  'clock_skew',
  /** The Hello was answered already. */
  'replayed',
  /** Too many Hellos from everybody, or from this address. */
  'rate_limited',
  'prefix_limited',
  /** An Ohai or GoTeam for no handshake of ours. */
  'unknown_handshake',
  /** The handshake is not at the point where this message belongs. */
  'unexpected',
  /** The envelope is of another key than the handshake. */
  'wrong_key',
  /** Another node than the one that was dialled. */
  'wrong_id',
  /** A public key of low order. */
  'low_order',
  /** The OkBoss came too late, or claims a time to come. */
  'stale',
  /** The OkBoss names an epoch whose keys are gone. */
  'unknown_epoch',
  /** We gave no such cookie to this address. */
  'bad_cookie',
  /** The box inside OkBoss or GoTeam does not open. */
  'bad_box',
  /** The same OkBoss again, too often or after its session was dropped. */
  'resend_limited',
  'session_gone',
  /** No place for another session. */
  'table_full',
  /** Our own payload is longer than a handshake carries. A mistake of the caller. */
  'payload_too_long',
] as const;

export type HandshakeDrop = (typeof HANDSHAKE_DROPS)[number];

/**
 * Why a dial failed. `self` and `wrong_id` say what was seen meanwhile: the address is our own, or somebody else's
 * than expected. They are authenticated by the pre-shared key but not against a replay on the path, so they are
 * reported only when no proper answer came.
 */
export type HandshakeFailure = 'no_answer' | 'self' | 'wrong_id' | 'table_full';

export type HandshakeEvent =
  /** For the responder the session is not confirmed yet. */
  | {
      readonly type: 'established';
      readonly session: Session;
      readonly endpoint: Endpoint;
      readonly payload: Uint8Array;
      readonly role: SessionRole;
    }
  | {
      readonly type: 'failed';
      readonly endpoint: Endpoint;
      readonly expectedId: NodeId | undefined;
      readonly reason: HandshakeFailure;
    }
  /** Somebody sends datagrams of handshake size that fit no key. At most one in 10 s. */
  | { readonly type: 'undecryptable'; readonly endpoint: Endpoint }
  /** A genuine Hello was refused for its time: `skewMs` is their clock less ours. At most one in 10 s. */
  | { readonly type: 'clock_skew'; readonly endpoint: Endpoint; readonly skewMs: number };

export type DialResult = 'started' | 'pending' | 'too_soon' | 'full';

export interface HandshakeTransmit {
  readonly to: Endpoint;
  readonly datagram: Uint8Array;
}
