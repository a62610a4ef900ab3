import sodium from 'sodium-native';
import { formatEndpoint, type Endpoint } from '../endpoint.js';
import type { NodeId } from '../node-id.js';
import { type RandomFill, randomUnit } from '../random.js';
import { readUint32 } from './byte-order.js';
import { BOX_TAG_BYTES, openInnerBox, sealEnvelope, sealInnerBox, startEnvelope } from './envelope.js';
import type { DialResult, HandshakeDrop, HandshakeFailure } from './handshake-events.js';
import {
  encodeCore,
  encodeHello,
  encodeOkBoss,
  GOTEAM_SECRET_BYTES,
  HELLO_BYTES,
  MAX_EXTRA_PADDING_BYTES,
  MAX_HELLO_PAYLOAD,
  OKBOSS_HEAD_BYTES,
  RESPONDER_RANDOM_BYTES,
  type GoTeam,
  type Hello,
  type Ohai,
} from './handshake-messages.js';
import type { HandshakeOutbox } from './handshake-outbox.js';
import { goTeamKey, handshakeSecret, helloMac, ohaiMac, okBossKey, transcriptHash } from './key-schedule.js';
import type { Keyring, PreSharedKey } from './keyring.js';
import { PendingHandshake } from './pending-handshake.js';
import { RecentDials } from './recent-dials.js';
import { createSession } from './session-keys.js';
import type { SessionTable } from './session-table.js';
import { generateKeyPair, sharedSecret, X25519_BYTES } from './x25519.js';

/** Handshakes begun at once. Bounds memory (1 kB each) and the burst of resends. */
export const MAX_PENDING = 256;
/** First wait for an answer, and its growth. Shorter than a slow round trip, and every handshake is sent twice. */
export const RESEND_AFTER_MS = 1_000;
export const RESEND_FACTOR = 1.5;
/** Up to this much is added to each wait, so that nodes started together do not resend together. */
export const RESEND_JITTER_MS = 333;
/** Hellos said under one key: at about 0, 1, 2.5, 5 and 9 s. With 30 % loss each way, 1 in 30 gets no answer to any. */
export const MAX_HELLOS = 5;
/** A dial ends after this long under one key. */
export const GIVE_UP_MS = 15_000;
/** An OkBoss is sent again for as long as its cookie lives. After that, only a new Hello can help. */
export const OKBOSS_RESEND_MS = 10_000;

export interface InitiatorOptions {
  readonly nodeId: NodeId;
  readonly keyring: Keyring;
  readonly sessions: SessionTable;
  readonly random: RandomFill;
  readonly wallClock: () => number;
  /** 0 turns the time lock off: Hellos then carry the time 0. */
  readonly timeLockMs: number;
  readonly payload: () => Uint8Array;
  readonly outbox: HandshakeOutbox;
  /**
   * Try the other keys when the primary gets no answer. Off by default: whoever can drop our Hellos could otherwise
   * choose that we use the oldest key.
   */
  readonly fallbackKeys: boolean;
}

/** The side that dials. A packet that fails any check leaves the handshake as it was: the first good one wins. */
export class Initiator {
  private readonly options: InitiatorOptions;
  private keyring: Keyring;
  private readonly byAddress = new Map<string, PendingHandshake>();
  private readonly byIndex = new Map<number, PendingHandshake>();
  private readonly dials = new RecentDials();
  private soonest = Infinity;
  private soonestIsStale = false;

  constructor(options: InitiatorOptions) {
    this.options = options;
    this.keyring = options.keyring;
  }

  get pendingCount(): number {
    return this.byAddress.size;
  }

  isDialling(to: Endpoint): boolean {
    return this.byAddress.has(formatEndpoint(to));
  }

  /** Whether the node there has answered a Hello of ours since then, so that it lives, and the handshake is not complete. */
  isAnsweredSince(to: Endpoint, since: number): boolean {
    const pending = this.byAddress.get(formatEndpoint(to));
    return pending !== undefined && pending.answeredAt > since;
  }

  dial(now: number, to: Endpoint, expectedId: NodeId | undefined): DialResult {
    const pending = new PendingHandshake(to, expectedId, this.keyring.primary);
    const former = this.byAddress.get(pending.address);
    if (former !== undefined && !isInVain(former, expectedId)) return 'pending';
    if (former === undefined && this.byAddress.size >= MAX_PENDING) return 'full';
    const refused = this.dials.refuse(now, pending.address);
    // Of one that gives way the address was dialled a moment ago.
    if (refused === 'full' || (refused === 'too_soon' && former === undefined)) return refused;
    if (former !== undefined) this.fail(former, 'wrong_id');
    this.dials.add(now, pending.address);
    this.byAddress.set(pending.address, pending);
    this.begin(now, pending);
    return 'started';
  }

  /** Answers an Ohai with an OkBoss. */
  receiveOhai(now: number, ohai: Ohai, key: PreSharedKey): HandshakeDrop | undefined {
    const pending = this.byIndex.get(ohai.index);
    if (pending === undefined) return 'unknown_handshake';
    if (pending.step !== 'hello_sent') return 'unexpected';
    if (key.id !== pending.key.id) return 'wrong_key';
    if (!sodium.sodium_memcmp(ohai.mac, ohaiMac(key.mac, pending.mac, ohai.signed))) return 'bad_mac';
    if (ohai.nodeId === this.options.nodeId) {
      pending.failure = 'self';
      return 'self';
    }
    if (pending.expectedId !== undefined && ohai.nodeId !== pending.expectedId) {
      pending.failure = 'wrong_id';
      return 'wrong_id';
    }
    const payload = this.options.payload();
    if (payload.length > MAX_HELLO_PAYLOAD) return 'payload_too_long';
    const shared = new Uint8Array(X25519_BYTES);
    if (!sharedSecret(shared, pending.secretKey, ohai.ephemeral)) return 'low_order';

    const transcript = transcriptHash(this.keyring.prologue, pending.core, pending.mac, ohai.signed);
    pending.secret = handshakeSecret(key.mix, shared, transcript);
    pending.goTeamKey = goTeamKey(pending.secret);
    sodium.sodium_memzero(shared);
    sodium.sodium_memzero(pending.secretKey);

    const envelope = startEnvelope(OKBOSS_HEAD_BYTES + BOX_TAG_BYTES + payload.length, this.options.random);
    encodeOkBoss(envelope.body, ohai, pending.core, payload);
    const boxKey = okBossKey(pending.secret);
    sealInnerBox(envelope.body.subarray(OKBOSS_HEAD_BYTES), envelope.nonce, boxKey);
    sodium.sodium_memzero(boxKey);
    pending.step = 'okboss_sent';
    pending.answeredAt = now;
    pending.failure = 'no_answer';
    pending.remoteId = ohai.nodeId;
    pending.okBoss = sealEnvelope(envelope, key);
    pending.okBossUntil = now + OKBOSS_RESEND_MS;
    pending.delay = RESEND_AFTER_MS;
    this.sendOkBoss(now, pending);
    return undefined;
  }

  /** Ends the handshake with a session. */
  receiveGoTeam(now: number, goTeam: GoTeam, key: PreSharedKey, nonce: Uint8Array): HandshakeDrop | undefined {
    const pending = this.byIndex.get(goTeam.index);
    if (pending === undefined) return 'unknown_handshake';
    if (pending.step !== 'okboss_sent') return 'unexpected';
    if (key.id !== pending.key.id) return 'wrong_key';
    const opened = openInnerBox(goTeam.box, nonce, pending.goTeamKey);
    if (opened === undefined) return 'bad_box';

    const session = createSession({
      role: 'initiator',
      secret: pending.secret,
      responderRandom: opened.subarray(0, RESPONDER_RANDOM_BYTES),
      initiatorIndex: pending.index,
      responderIndex: readUint32(opened, RESPONDER_RANDOM_BYTES),
      remoteId: pending.remoteId,
      key,
      createdAt: now,
      jitter: randomUnit(this.options.random),
    });
    const payload = opened.slice(GOTEAM_SECRET_BYTES);
    sodium.sodium_memzero(opened);
    if (!this.options.sessions.add(session, now)) {
      session.wipe();
      this.fail(pending, 'table_full');
      return 'table_full';
    }
    this.forget(pending);
    this.options.outbox.emit({ type: 'established', session, endpoint: pending.to, payload, role: 'initiator' });
    return undefined;
  }

  /**
   * A Hello with our own id has arrived. If it is one that waits for its answer, we have most likely dialled ourselves.
   * Somebody on the path may also have sent it back, so the dial only fails if no answer has come by the next resend.
   */
  noticeOwnHello(hello: Hello): void {
    const pending = this.byIndex.get(hello.index);
    if (pending === undefined || pending.step !== 'hello_sent') return;
    if (sodium.sodium_memcmp(pending.core, hello.bytes)) pending.failure = 'self';
  }

  setKeyring(now: number, keyring: Keyring): void {
    this.keyring = keyring;
    for (const pending of this.byAddress.values()) {
      // Due at once: `timeout` says Hello again with a key that still counts.
      if (keyring.positionOf(pending.key.id) < 0) this.schedule(pending, now);
    }
  }

  timeout(now: number): void {
    if (now < this.deadline()) return;
    for (const pending of this.byAddress.values()) if (now >= pending.deadline) this.advance(now, pending);
  }

  deadline(): number {
    if (this.soonestIsStale) {
      this.soonest = Infinity;
      for (const pending of this.byAddress.values()) this.soonest = Math.min(this.soonest, pending.deadline);
      this.soonestIsStale = false;
    }
    return this.soonest;
  }

  /** Ends all dials without a word. */
  wipe(): void {
    for (const pending of this.byAddress.values()) {
      this.abandonAttempt(pending);
      this.forget(pending);
    }
  }

  check(): void {
    if (this.byAddress.size > MAX_PENDING) throw new Error('too many pending handshakes');
    if (this.byAddress.size !== this.byIndex.size) throw new Error('pending handshakes and indices differ');
    for (const pending of this.byAddress.values()) {
      if (this.byIndex.get(pending.index) !== pending) throw new Error('a pending handshake without its index');
      if (pending.deadline === Infinity) throw new Error('a pending handshake that never ends');
    }
    this.dials.check();
  }

  private advance(now: number, pending: PendingHandshake): void {
    if (this.keyring.positionOf(pending.key.id) < 0) this.useKey(now, pending, this.keyring.primary);
    else if (now >= pending.giveUpAt) this.tryNextKeyOrFail(now, pending);
    else if (now >= pending.okBossUntil) this.restart(now, pending);
    else if (pending.step === 'okboss_sent') this.sendOkBoss(now, pending);
    else if (pending.failure === 'self') this.fail(pending, 'self');
    else if (pending.hellos < MAX_HELLOS) this.sendHello(now, pending);
    else if (this.nextKey(pending) !== undefined) this.tryNextKeyOrFail(now, pending);
    else this.schedule(pending, Infinity);
  }

  private nextKey(pending: PendingHandshake): PreSharedKey | undefined {
    return this.options.fallbackKeys ? this.keyring.keys[this.keyring.positionOf(pending.key.id) + 1] : undefined;
  }

  private tryNextKeyOrFail(now: number, pending: PendingHandshake): void {
    const key = this.nextKey(pending);
    if (key === undefined) this.fail(pending, pending.failure);
    else this.useKey(now, pending, key);
  }

  private useKey(now: number, pending: PendingHandshake, key: PreSharedKey): void {
    this.abandonAttempt(pending);
    pending.key = key;
    this.begin(now, pending);
  }

  private begin(now: number, pending: PendingHandshake): void {
    pending.giveUpAt = now + GIVE_UP_MS;
    this.newHello(now, pending);
  }

  /** No GoTeam came while the cookie lived: a new Hello, within the time the dial has left. */
  private restart(now: number, pending: PendingHandshake): void {
    this.abandonAttempt(pending);
    this.newHello(now, pending);
  }

  private newHello(now: number, pending: PendingHandshake): void {
    const { nodeId, random, sessions, timeLockMs, wallClock } = this.options;
    const { secretKey, publicKey } = generateKeyPair(random);
    pending.step = 'hello_sent';
    pending.secretKey = secretKey;
    pending.index = sessions.reserveIndex();
    pending.core = encodeCore(pending.index, timeLockMs === 0 ? 0 : wallClock(), nodeId, publicKey);
    pending.mac = helloMac(pending.key.mac, pending.core);
    pending.hellos = 0;
    pending.delay = RESEND_AFTER_MS;
    this.byIndex.set(pending.index, pending);
    this.sendHello(now, pending);
  }

  private sendHello(now: number, pending: PendingHandshake): void {
    const { random, outbox } = this.options;
    random(paddingByte);
    const envelope = startEnvelope(HELLO_BYTES + (paddingByte[0]! & MAX_EXTRA_PADDING_BYTES), random);
    encodeHello(envelope.body, pending.core, pending.mac);
    outbox.transmit({ to: pending.to, datagram: sealEnvelope(envelope, pending.key) });
    pending.hellos++;
    this.scheduleResend(now, pending);
  }

  private sendOkBoss(now: number, pending: PendingHandshake): void {
    this.options.outbox.transmit({ to: pending.to, datagram: pending.okBoss });
    this.scheduleResend(now, pending);
  }

  private scheduleResend(now: number, pending: PendingHandshake): void {
    this.schedule(pending, now + pending.delay + randomUnit(this.options.random) * RESEND_JITTER_MS);
    pending.delay *= RESEND_FACTOR;
  }

  private schedule(pending: PendingHandshake, at: number): void {
    pending.resendAt = at;
    this.soonestIsStale = true;
  }

  private fail(pending: PendingHandshake, reason: HandshakeFailure): void {
    this.abandonAttempt(pending);
    this.forget(pending);
    this.options.outbox.emit({ type: 'failed', endpoint: pending.to, expectedId: pending.expectedId, reason });
  }

  private abandonAttempt(pending: PendingHandshake): void {
    pending.wipe();
    this.byIndex.delete(pending.index);
    this.options.sessions.releaseIndex(pending.index);
  }

  private forget(pending: PendingHandshake): void {
    pending.wipe();
    this.byIndex.delete(pending.index);
    this.byAddress.delete(pending.address);
    this.soonestIsStale = true;
  }
}

/**
 * Somebody else than was expected answers at the address, and now it is another one that is looked for: likely whoever
 * answers, as when a node was started again there. To go on would keep everybody from the new one until we give up.
 */
function isInVain(pending: PendingHandshake, expectedId: NodeId | undefined): boolean {
  return pending.failure === 'wrong_id' && pending.expectedId !== expectedId;
}

const paddingByte = new Uint8Array(1);
