import sodium from 'sodium-native';
import type { Endpoint } from '../endpoint.js';
import type { NodeId } from '../node-id.js';
import { type RandomFill, randomUnit } from '../random.js';
import { ADDRESS_BYTES, writeAddress } from './address-bytes.js';
import { AnsweredHellos } from './answered-hellos.js';
import { writeUint64 } from './byte-order.js';
import { COOKIE_LIFETIME_MS, CookieEpochs, makeCookie, type CookieEpoch } from './cookie.js';
import { BOX_TAG_BYTES, openInnerBox, sealEnvelope, sealInnerBox, startEnvelope } from './envelope.js';
import type { HandshakeDrop } from './handshake-events.js';
import {
  encodeGoTeam,
  encodeOhai,
  encodeSignedOhai,
  GOTEAM_HEAD_BYTES,
  GOTEAM_SECRET_BYTES,
  MAX_HELLO_PAYLOAD,
  OHAI_BYTES,
  RESPONDER_RANDOM_BYTES,
  type Hello,
  type OkBoss,
} from './handshake-messages.js';
import type { HandshakeOutbox } from './handshake-outbox.js';
import { goTeamKey, handshakeSecret, helloMac, ohaiMac, okBossKey, transcriptHash } from './key-schedule.js';
import type { PreSharedKey } from './keyring.js';
import { OhaiLimits } from './ohai-limits.js';
import { RecentCookies, MAX_GOTEAM_RESENDS } from './recent-cookies.js';
import { createSession, uint32Bytes } from './session-keys.js';
import type { SessionTable } from './session-table.js';
import { sharedSecret, X25519_BYTES } from './x25519.js';

export interface ResponderOptions {
  readonly nodeId: NodeId;
  readonly prologue: Uint8Array;
  readonly sessions: SessionTable;
  readonly random: RandomFill;
  readonly wallClock: () => number;
  /** Largest difference between a Hello's time and ours; 0 turns the time lock off, and the clock is never read. */
  readonly timeLockMs: number;
  readonly payload: () => Uint8Array;
  readonly outbox: HandshakeOutbox;
}

/** The side that is dialled. It keeps nothing about anybody until an OkBoss has proved both address and key. */
export class Responder {
  /** How far the last Hello dropped as `clock_skew` was off. */
  lastSkewMs = 0;

  private readonly options: ResponderOptions;
  private readonly epochs: CookieEpochs;
  private readonly limits = new OhaiLimits();
  private readonly answered = new AnsweredHellos();
  private readonly recent = new RecentCookies();
  private readonly address = new Uint8Array(ADDRESS_BYTES);
  private readonly sentAt = new Uint8Array(8);

  constructor(options: ResponderOptions) {
    this.options = options;
    this.epochs = new CookieEpochs(options.random);
  }

  /** Answers a Hello with an Ohai. Cheapest checks first; only an answered Hello leaves a trace. */
  receiveHello(
    now: number,
    from: Endpoint,
    hello: Hello,
    key: PreSharedKey,
    nonce: Uint8Array,
  ): HandshakeDrop | undefined {
    if (!sodium.sodium_memcmp(hello.mac, helloMac(key.mac, hello.bytes))) return 'bad_mac';
    if (hello.nodeId === this.options.nodeId) return 'self';
    if (!this.passesTimeLock(hello.timestamp)) return 'clock_skew';
    if (this.answered.has(nonce)) return 'replayed';
    if (!writeAddress(from, this.address)) return 'bad_address';
    const limit = this.limits.refuse(now, this.address);
    if (limit !== undefined) return limit;

    this.answered.add(nonce);
    const epoch = this.epochs.issue(now);
    writeUint64(this.sentAt, 0, Math.floor(now));
    const cookie = makeCookie(epoch, this.address, this.sentAt, hello.mac);
    const signed = this.signedOhai(epoch, hello.index, this.sentAt, cookie);
    const envelope = startEnvelope(OHAI_BYTES, this.options.random);
    encodeOhai(envelope.body, signed, ohaiMac(key.mac, hello.mac, signed));
    this.options.outbox.transmit({ to: from, datagram: sealEnvelope(envelope, key) });
    return undefined;
  }

  /** Makes a session of an OkBoss. Everything up to the cookie is checked before the first costly step. */
  receiveOkBoss(
    now: number,
    from: Endpoint,
    okBoss: OkBoss,
    key: PreSharedKey,
    nonce: Uint8Array,
  ): HandshakeDrop | undefined {
    const age = Math.floor(now) - okBoss.sentAt;
    if (!(age >= 0 && age < COOKIE_LIFETIME_MS)) return 'stale';
    const epoch = this.epochs.find(now, okBoss.epoch);
    if (epoch === undefined) return 'unknown_epoch';
    if (!writeAddress(from, this.address)) return 'bad_address';
    const { core } = okBoss;
    const mac = helloMac(key.mac, core.bytes);
    const cookie = makeCookie(epoch, this.address, okBoss.sentAtBytes, mac);
    if (!sodium.sodium_memcmp(okBoss.cookie, cookie)) return 'bad_cookie';
    // From here on: the sender holds the key, and packets to its address reach it.
    const recent = this.recent.find(now, cookie);
    if (recent !== undefined) {
      if (!this.options.sessions.has(recent.session)) return 'session_gone';
      if (recent.resends >= MAX_GOTEAM_RESENDS) return 'resend_limited';
      recent.resends++;
      this.options.sessions.renew(recent.session, now);
      this.options.outbox.transmit({ to: from, datagram: recent.goTeam });
      return undefined;
    }
    if (!this.options.sessions.hasRoom(core.nodeId)) return 'table_full';
    const ourPayload = this.options.payload();
    if (ourPayload.length > MAX_HELLO_PAYLOAD) return 'payload_too_long';

    const shared = new Uint8Array(X25519_BYTES);
    if (!sharedSecret(shared, epoch.ephemeral.secretKey, core.ephemeral)) return 'low_order';
    const signed = this.signedOhai(epoch, core.index, okBoss.sentAtBytes, cookie);
    const transcript = transcriptHash(this.options.prologue, core.bytes, mac, signed);
    const secret = handshakeSecret(key.mix, shared, transcript);
    sodium.sodium_memzero(shared);
    const boxKey = okBossKey(secret);
    const payload = openInnerBox(okBoss.box, nonce, boxKey);
    sodium.sodium_memzero(boxKey);
    const dropped =
      payload === undefined ? 'bad_box' : this.accept(now, from, okBoss, key, secret, payload, ourPayload);
    sodium.sodium_memzero(secret);
    return dropped;
  }

  timeout(now: number): void {
    this.epochs.timeout(now);
    this.recent.timeout(now);
  }

  deadline(): number {
    return this.epochs.deadline();
  }

  wipe(): void {
    this.epochs.wipe();
  }

  check(): void {
    this.limits.check();
    this.answered.check();
    this.recent.check();
  }

  private accept(
    now: number,
    from: Endpoint,
    okBoss: OkBoss,
    key: PreSharedKey,
    secret: Uint8Array,
    payload: Uint8Array,
    ourPayload: Uint8Array,
  ): HandshakeDrop | undefined {
    const { sessions, random, outbox } = this.options;
    // Fresh for every accepted OkBoss: without it a replay would make the same keys again.
    const responderRandom = new Uint8Array(RESPONDER_RANDOM_BYTES);
    random(responderRandom);
    const responderIndex = sessions.reserveIndex();
    const session = createSession({
      role: 'responder',
      secret,
      responderRandom,
      initiatorIndex: okBoss.core.index,
      responderIndex,
      remoteId: okBoss.core.nodeId,
      key,
      createdAt: now,
      jitter: randomUnit(random),
    });
    if (!sessions.add(session, now)) {
      session.wipe();
      return 'table_full';
    }
    const envelope = startEnvelope(GOTEAM_HEAD_BYTES + BOX_TAG_BYTES + GOTEAM_SECRET_BYTES + ourPayload.length, random);
    encodeGoTeam(envelope.body, okBoss.core.index, responderRandom, uint32Bytes(responderIndex), ourPayload);
    const boxKey = goTeamKey(secret);
    sealInnerBox(envelope.body.subarray(GOTEAM_HEAD_BYTES), envelope.nonce, boxKey);
    sodium.sodium_memzero(boxKey);
    const datagram = sealEnvelope(envelope, key);
    this.recent.add(now, okBoss.cookie, session, datagram);
    outbox.transmit({ to: from, datagram });
    outbox.emit({ type: 'established', session, endpoint: from, payload, role: 'responder' });
    return undefined;
  }

  private signedOhai(epoch: CookieEpoch, index: number, sentAt: Uint8Array, cookie: Uint8Array): Uint8Array {
    return encodeSignedOhai(epoch.number, index, sentAt, this.options.nodeId, epoch.ephemeral.publicKey, cookie);
  }

  private passesTimeLock(timestamp: number): boolean {
    if (this.options.timeLockMs === 0) return true;
    this.lastSkewMs = timestamp - this.options.wallClock();
    return Math.abs(this.lastSkewMs) <= this.options.timeLockMs;
  }
}
