import type { Endpoint } from '../endpoint.js';
import type { NodeId } from '../node-id.js';
import type { RandomFill } from '../random.js';
import {
  ENVELOPE_NONCE_BYTES,
  ENVELOPE_OVERHEAD,
  isHandshakeSize,
  MAX_HANDSHAKE_DATAGRAM,
  openEnvelope,
} from './envelope.js';
import {
  HANDSHAKE_DROPS,
  type DialResult,
  type HandshakeDrop,
  type HandshakeEvent,
  type HandshakeTransmit,
} from './handshake-events.js';
import {
  decodeGoTeam,
  decodeHello,
  decodeOhai,
  decodeOkBoss,
  GOTEAM,
  HELLO,
  OHAI,
  OKBOSS,
} from './handshake-messages.js';
import { HandshakeOutbox } from './handshake-outbox.js';
import { Initiator } from './initiator.js';
import type { Keyring, PreSharedKey } from './keyring.js';
import { Responder } from './responder.js';
import type { SessionTable } from './session-table.js';

export type {
  DialResult,
  HandshakeDrop,
  HandshakeEvent,
  HandshakeFailure,
  HandshakeTransmit,
} from './handshake-events.js';

/** Between two events about strangers' packets: enough for a warning, too few to fill a log. */
export const STRANGER_EVENT_INTERVAL_MS = 10_000;

export interface HandshakeOptions {
  readonly nodeId: NodeId;
  readonly keyring: Keyring;
  readonly sessions: SessionTable;
  readonly random: RandomFill;
  /** Milliseconds since 1970, for the time lock only. */
  readonly wallClock: () => number;
  /** Hellos whose time differs more are not answered. 0 turns this off: then the clock is never read, nor told. */
  readonly timeLockMs: number;
  /** What we tell the other side, at most 1,000 bytes. Encrypted, and authenticated before it is handed over. */
  readonly payload: () => Uint8Array;
  /** Whether dials that get no answer go on with the other keys. Default: false. */
  readonly fallbackKeys?: boolean;
}

/**
 * Hello, Ohai, OkBoss, GoTeam: four messages after which both sides hold a session that only they can read. Both ends of
 * all handshakes of a node, behind one door.
 */
export class Handshakes {
  /** How many datagrams were dropped, by reason. */
  readonly drops: Record<HandshakeDrop, number>;

  private keyring: Keyring;
  private readonly sessions: SessionTable;
  private readonly outbox = new HandshakeOutbox();
  private readonly initiator: Initiator;
  private readonly responder: Responder;
  private readonly body = new Uint8Array(MAX_HANDSHAKE_DATAGRAM - ENVELOPE_OVERHEAD);
  private undecryptableEventAt = -Infinity;
  private clockSkewEventAt = -Infinity;

  constructor(options: HandshakeOptions) {
    if (!NODE_ID.test(options.nodeId)) throw new RangeError('a node id is 32 lower-case hex digits');
    this.drops = Object.fromEntries(HANDSHAKE_DROPS.map(reason => [reason, 0])) as Record<HandshakeDrop, number>;
    this.keyring = options.keyring;
    this.sessions = options.sessions;
    this.sessions.setKeyring(options.keyring);
    this.initiator = new Initiator({
      ...options,
      fallbackKeys: options.fallbackKeys ?? false,
      outbox: this.outbox,
    });
    this.responder = new Responder({ ...options, prologue: options.keyring.prologue, outbox: this.outbox });
  }

  /** Says Hello. With an expected id, nobody else's answer is accepted. */
  dial(now: number, to: Endpoint, expectedId?: NodeId): DialResult {
    return this.initiator.dial(now, to, expectedId);
  }

  isDialling(to: Endpoint): boolean {
    return this.initiator.isDialling(to);
  }

  /** Whether the node there has answered a Hello of ours since then that has not led to a session yet: it lives. */
  isAnsweredSince(to: Endpoint, since: number): boolean {
    return this.initiator.isAnsweredSince(to, since);
  }

  get pendingCount(): number {
    return this.initiator.pendingCount;
  }

  /**
   * Handles a datagram that matched no session. Returns undefined when it was a valid step of a handshake, else why it
   * was dropped. Nothing invalid is ever answered.
   */
  receive(now: number, from: Endpoint, datagram: Uint8Array): HandshakeDrop | undefined {
    const drop = this.process(now, from, datagram);
    if (drop === undefined) return undefined;
    this.drops[drop]++;
    if (drop === 'undecryptable' && now >= this.undecryptableEventAt + STRANGER_EVENT_INTERVAL_MS) {
      this.undecryptableEventAt = now;
      this.outbox.emit({ type: 'undecryptable', endpoint: from });
    }
    if (drop === 'clock_skew' && now >= this.clockSkewEventAt + STRANGER_EVENT_INTERVAL_MS) {
      this.clockSkewEventAt = now;
      this.outbox.emit({ type: 'clock_skew', endpoint: from, skewMs: this.responder.lastSkewMs });
    }
    return drop;
  }

  timeout(now: number): void {
    this.initiator.timeout(now);
    this.responder.timeout(now);
  }

  deadline(): number {
    return Math.min(this.initiator.deadline(), this.responder.deadline());
  }

  nextTransmit(): HandshakeTransmit | undefined {
    return this.outbox.nextTransmit();
  }

  nextEvent(): HandshakeEvent | undefined {
    return this.outbox.nextEvent();
  }

  /** Changes the accepted keys. Dials under a key that is gone begin again with the new primary. */
  setKeyring(now: number, keyring: Keyring): void {
    if (keyring.cluster !== this.keyring.cluster) throw new RangeError('a node cannot change its cluster');
    this.keyring = keyring;
    this.sessions.setKeyring(keyring);
    this.initiator.setKeyring(now, keyring);
  }

  /** Zeroes the secrets of all handshakes. For a node that stops: nothing is answered or reported any more. */
  wipe(): void {
    this.initiator.wipe();
    this.responder.wipe();
  }

  /** Asserts what must always hold. */
  check(): void {
    this.initiator.check();
    this.responder.check();
    this.outbox.check();
    this.sessions.check();
    if (this.outbox.overflowed > 0) throw new Error('handshake output was not taken');
    if (this.drops.payload_too_long > 0) throw new Error('our payload does not fit a handshake');
  }

  private process(now: number, from: Endpoint, datagram: Uint8Array): HandshakeDrop | undefined {
    if (!isHandshakeSize(datagram.length)) return 'bad_size';
    const body = this.body.subarray(0, datagram.length - ENVELOPE_OVERHEAD);
    const key = openEnvelope(datagram, body, this.keyring.keys);
    if (key === undefined) return 'undecryptable';
    const nonce = datagram.subarray(0, ENVELOPE_NONCE_BYTES);
    switch (body[0]) {
      case HELLO:
        return this.receiveHello(now, from, body, key, nonce);
      case OHAI: {
        const ohai = decodeOhai(body);
        return ohai === undefined ? 'malformed' : this.initiator.receiveOhai(now, ohai, key);
      }
      case OKBOSS: {
        const okBoss = decodeOkBoss(body);
        return okBoss === undefined ? 'malformed' : this.responder.receiveOkBoss(now, from, okBoss, key, nonce);
      }
      case GOTEAM: {
        const goTeam = decodeGoTeam(body);
        return goTeam === undefined ? 'malformed' : this.initiator.receiveGoTeam(now, goTeam, key, nonce);
      }
      default:
        return 'malformed';
    }
  }

  private receiveHello(
    now: number,
    from: Endpoint,
    body: Uint8Array,
    key: PreSharedKey,
    nonce: Uint8Array,
  ): HandshakeDrop | undefined {
    const hello = decodeHello(body);
    if (hello === undefined) return 'malformed';
    const drop = this.responder.receiveHello(now, from, hello, key, nonce);
    if (drop === 'self') this.initiator.noticeOwnHello(hello);
    return drop;
  }
}

const NODE_ID = /^[0-9a-f]{32}$/;
