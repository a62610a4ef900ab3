import sodium from 'sodium-native';
import type { NodeId } from '../node-id.js';
import { DATA_OVERHEAD, readTag, tag, writeMaskedHeader, writeTag } from './data-header.js';
import { TRAFFIC_BLOCK_BYTES, TRAFFIC_IV_BYTES, TRAFFIC_KEY_BYTES } from './key-schedule.js';
import type { PreSharedKey } from './keyring.js';
import { ReplayWindow } from './replay-window.js';
import {
  PREVIOUS_SESSION_MS,
  REJECT_AFTER_FORGERIES,
  REJECT_AFTER_MS,
  REJECT_AFTER_PACKETS,
  REKEY_AFTER_MS,
  REKEY_AFTER_PACKETS,
  REKEY_JITTER,
  RESPONDER_REKEY_AFTER_MS,
} from './session-limits.js';

export { DATA_OVERHEAD } from './data-header.js';

export type SessionRole = 'initiator' | 'responder';

/** Why a datagram that matched a session was dropped. */
export type SessionDrop = 'too_short' | 'closed' | 'expired' | 'counter_limit' | 'replayed' | 'too_old' | 'forged';

/** What a handshake hands over. The traffic blocks are copied; the caller zeroes its own. */
export interface SessionSecrets {
  readonly role: SessionRole;
  /** The index that the other side writes into its packets to us, and the one that we write into ours. */
  readonly index: number;
  readonly remoteIndex: number;
  readonly remoteId: NodeId;
  readonly key: PreSharedKey;
  readonly id: string;
  readonly sendBlock: Uint8Array;
  readonly receiveBlock: Uint8Array;
  readonly createdAt: number;
  /** Uniform in [0, 1): spreads the rekey time. */
  readonly jitter: number;
}

/** Two one-way keys with their counters. Never copied, saved or resumed: a counter that goes back reuses nonces. */
export class Session {
  readonly index: number;
  readonly remoteIndex: number;
  readonly role: SessionRole;
  readonly remoteId: NodeId;
  readonly keyId: string;
  /** The pre-shared key's header key: packets in both directions are masked with it. */
  readonly headerKey: Uint8Array;
  /** 32 hex digits, safe to log. */
  readonly id: string;
  readonly createdAt: number;
  /** When `needsRekey` turns true by age alone. */
  readonly rekeyAt: number;

  /**
   * The other side has proved that it holds the keys. For the initiator the GoTeam was the proof; the responder waits
   * for the first authentic packet, since an OkBoss may be a replay.
   */
  confirmed: boolean;
  receivedCount = 0;
  failedOpens = 0;
  /** Why the last `open` returned undefined. */
  lastDrop: SessionDrop = 'closed';

  private sent = 0;
  private expiresAt: number;
  private wiped = false;
  private readonly window = new ReplayWindow();
  private readonly sendKey = new Uint8Array(TRAFFIC_KEY_BYTES);
  private readonly receiveKey = new Uint8Array(TRAFFIC_KEY_BYTES);
  private readonly sendNonce = new Uint8Array(NONCE_BYTES);
  private readonly receiveNonce = new Uint8Array(NONCE_BYTES);

  constructor(secrets: SessionSecrets) {
    this.index = secrets.index;
    this.remoteIndex = secrets.remoteIndex;
    this.role = secrets.role;
    this.remoteId = secrets.remoteId;
    this.keyId = secrets.key.id;
    this.headerKey = secrets.key.header;
    this.id = secrets.id;
    this.createdAt = secrets.createdAt;
    this.confirmed = secrets.role === 'initiator';
    this.expiresAt = secrets.createdAt + REJECT_AFTER_MS;
    const rekeyAfter = secrets.role === 'initiator' ? REKEY_AFTER_MS : RESPONDER_REKEY_AFTER_MS;
    this.rekeyAt = secrets.createdAt + rekeyAfter * (1 - REKEY_JITTER + 2 * REKEY_JITTER * secrets.jitter);
    splitTrafficBlock(secrets.sendBlock, this.sendKey, this.sendNonce);
    splitTrafficBlock(secrets.receiveBlock, this.receiveKey, this.receiveNonce);
  }

  /** Packets sealed so far, which is also the counter of the next one. */
  get sentCount(): number {
    return this.sent;
  }

  /** Highest counter received, -1 before the first packet. */
  get highestReceived(): number {
    return this.window.highest;
  }

  get isClosed(): boolean {
    return this.wiped;
  }

  /**
   * Seals the `length` bytes of plaintext at `buffer[24]`, in place. Returns the length of the datagram that now begins
   * at `buffer[0]`, or 0 when the session may not send any more.
   */
  seal(buffer: Uint8Array, length: number, now: number): number {
    const end = DATA_OVERHEAD + length;
    if (this.wiped || now >= this.expiresAt || this.sent >= REJECT_AFTER_PACKETS) return 0;
    if (!(length >= 0) || buffer.length < end) return 0;
    const counter = this.sent;
    // Counted before it is used: whatever happens below, the nonce is never taken again.
    this.sent = counter + 1;
    writeCounter(this.sendNonce, counter);
    const body = buffer.subarray(DATA_OVERHEAD, end);
    sodium.crypto_secretbox_detached(body, tag, body, this.sendNonce, this.sendKey);
    writeTag(buffer);
    writeMaskedHeader(buffer, this.headerKey, this.remoteIndex, counter);
    return end;
  }

  /**
   * Opens a datagram in place and returns its plaintext, a view of it. Returns undefined, with the datagram unchanged
   * and the reason in `lastDrop`, when it is not authentic, not new, or too late.
   */
  open(datagram: Uint8Array, counter: number, now: number): Uint8Array | undefined {
    if (datagram.length < DATA_OVERHEAD) return this.drop('too_short');
    if (this.wiped) return this.drop('closed');
    if (now >= this.expiresAt || this.failedOpens >= REJECT_AFTER_FORGERIES) return this.drop('expired');
    if (counter >= REJECT_AFTER_PACKETS) return this.drop('counter_limit');
    const verdict = this.window.check(counter);
    if (verdict !== 'fresh') return this.drop(verdict);
    writeCounter(this.receiveNonce, counter);
    const body = datagram.subarray(DATA_OVERHEAD);
    readTag(datagram);
    if (!sodium.crypto_secretbox_open_detached(body, body, tag, this.receiveNonce, this.receiveKey)) {
      this.failedOpens++;
      return this.drop('forged');
    }
    this.window.accept(counter);
    this.receivedCount++;
    this.confirmed = true;
    return body;
  }

  /** Whether this side should make the next session now. */
  needsRekey(now: number): boolean {
    return now >= this.rekeyAt || this.sent >= REKEY_AFTER_PACKETS;
  }

  /** Whether the session can neither send nor receive any more and should be removed. */
  isExpired(now: number): boolean {
    return (
      this.wiped ||
      now >= this.expiresAt ||
      this.sent >= REJECT_AFTER_PACKETS ||
      this.failedOpens >= REJECT_AFTER_FORGERIES
    );
  }

  /** When `isExpired` turns true by age alone. */
  get expiry(): number {
    return this.expiresAt;
  }

  /** Says that a newer session has taken over: this one ends in 15 s at the latest. */
  retire(now: number): void {
    this.expiresAt = Math.min(this.expiresAt, now + PREVIOUS_SESSION_MS);
  }

  /** Zeroes the keys. The session refuses everything from here on. */
  wipe(): void {
    this.wiped = true;
    sodium.sodium_memzero(this.sendKey);
    sodium.sodium_memzero(this.receiveKey);
    sodium.sodium_memzero(this.sendNonce);
    sodium.sodium_memzero(this.receiveNonce);
  }

  private drop(reason: SessionDrop): undefined {
    this.lastDrop = reason;
    return undefined;
  }
}

/** XSalsa20 nonce: 20 secret bytes of the direction, then the counter. */
const NONCE_BYTES = TRAFFIC_IV_BYTES + 4;

function splitTrafficBlock(block: Uint8Array, key: Uint8Array, nonce: Uint8Array): void {
  if (block.length !== TRAFFIC_BLOCK_BYTES) throw new RangeError('a traffic block has 64 bytes');
  key.set(block.subarray(0, TRAFFIC_KEY_BYTES));
  nonce.set(block.subarray(TRAFFIC_KEY_BYTES, TRAFFIC_KEY_BYTES + TRAFFIC_IV_BYTES));
}

function writeCounter(nonce: Uint8Array, counter: number): void {
  nonce[TRAFFIC_IV_BYTES] = counter & 0xff;
  nonce[TRAFFIC_IV_BYTES + 1] = (counter >>> 8) & 0xff;
  nonce[TRAFFIC_IV_BYTES + 2] = (counter >>> 16) & 0xff;
  nonce[TRAFFIC_IV_BYTES + 3] = counter >>> 24;
}
