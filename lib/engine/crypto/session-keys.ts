import sodium from 'sodium-native';
import type { NodeId } from '../node-id.js';
import { writeUint32 } from './byte-order.js';
import { toHex } from './hex.js';
import { sessionIdentifier, trafficBlock } from './key-schedule.js';
import type { PreSharedKey } from './keyring.js';
import { Session, type SessionRole } from './session.js';

/** What both sides know once the GoTeam is made or opened. */
export interface SessionAgreement {
  readonly role: SessionRole;
  readonly secret: Uint8Array;
  readonly responderRandom: Uint8Array;
  readonly initiatorIndex: number;
  readonly responderIndex: number;
  readonly remoteId: NodeId;
  readonly key: PreSharedKey;
  readonly createdAt: number;
  readonly jitter: number;
}

/** Makes the session of one side: what the initiator sends with, the responder receives with. */
export function createSession(agreement: SessionAgreement): Session {
  const { role, secret, responderRandom } = agreement;
  const responderIndex = uint32Bytes(agreement.responderIndex);
  const initiatorIndex = uint32Bytes(agreement.initiatorIndex);
  const toResponder = trafficBlock(secret, 'i2r', responderRandom, responderIndex, initiatorIndex);
  const toInitiator = trafficBlock(secret, 'r2i', responderRandom, responderIndex, initiatorIndex);
  const initiates = role === 'initiator';
  const session = new Session({
    role,
    index: initiates ? agreement.initiatorIndex : agreement.responderIndex,
    remoteIndex: initiates ? agreement.responderIndex : agreement.initiatorIndex,
    remoteId: agreement.remoteId,
    key: agreement.key,
    id: toHex(sessionIdentifier(secret, responderRandom)),
    sendBlock: initiates ? toResponder : toInitiator,
    receiveBlock: initiates ? toInitiator : toResponder,
    createdAt: agreement.createdAt,
    jitter: agreement.jitter,
  });
  sodium.sodium_memzero(toResponder);
  sodium.sodium_memzero(toInitiator);
  return session;
}

export function uint32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeUint32(bytes, 0, value);
  return bytes;
}
