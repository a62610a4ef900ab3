import { type HandshakeEvent, Handshakes } from '../crypto/handshakes.js';
import type { Keyring } from '../crypto/keyring.js';
import { DATA_OVERHEAD, type Session } from '../crypto/session.js';
import type { SessionTable } from '../crypto/session-table.js';
import type { EngineContext } from '../engine-context.js';
import type { Endpoint } from '../endpoint.js';
import type { NodeId } from '../node-id.js';
import { decodeHelloPayload, encodeHelloPayload, type HelloPayload } from '../wire/hello-payload.js';

/** What handshakes lead to. */
export interface IntroductionsHost {
  /** What we say of ourselves. */
  readonly hello: HelloPayload;
  /** Both sides hold the session and know it. */
  introduced(session: Session, endpoint: Endpoint, hello: HelloPayload, now: number): void;
  /** Whether a member, of now or of lately, has this address. */
  isMember(endpoint: Endpoint): boolean;
  /** The endpoint is our own. */
  metOurself(endpoint: Endpoint, now: number): void;
  /** The node we expected there did not answer. */
  dialFailed(expected: NodeId, now: number): void;
}

/** From datagrams of strangers to sessions with peers: handshakes, and sessions that wait for their first packet. */
export class Introductions {
  readonly handshakes: Handshakes;
  /** Sessions whose initiator has not been heard yet, with what it said of itself. Bounded by the session table. */
  private readonly unconfirmed = new Map<Session, { endpoint: Endpoint; payload: Uint8Array }>();

  constructor(
    private readonly context: EngineContext,
    private readonly sessions: SessionTable,
    private readonly host: IntroductionsHost,
  ) {
    const { id, keyring, random, wallClock, timeLockMs } = context.options;
    this.handshakes = new Handshakes({
      nodeId: id,
      keyring,
      sessions,
      random,
      wallClock,
      timeLockMs,
      payload: () => encodeHelloPayload(host.hello),
    });
  }

  get pending(): number {
    return this.unconfirmed.size;
  }

  get metrics(): Record<string, number> {
    const metrics: Record<string, number> = { unconfirmedSessions: this.pending };
    const { drops } = this.handshakes;
    for (const [reason, count] of Object.entries(drops)) metrics[`drop.handshake.${reason}`] = count;
    return metrics;
  }

  setKeyring(now: number, keyring: Keyring): void {
    this.handshakes.setKeyring(now, keyring);
    for (const session of this.unconfirmed.keys()) {
      if (keyring.positionOf(session.keyId) >= 0) continue;
      this.unconfirmed.delete(session);
      this.sessions.remove(session);
    }
  }

  /** A datagram that belongs to no session. */
  receive(from: Endpoint, datagram: Uint8Array, now: number): void {
    if (datagram.length < DATA_OVERHEAD) return this.context.counters.drop('short');
    if (this.handshakes.receive(now, from, datagram) !== undefined) this.context.counters.drop('unreadable');
    this.drain(now);
  }

  timeout(now: number): void {
    this.sessions.timeout(now);
    this.handshakes.timeout(now);
    this.drain(now);
  }

  deadline(): number {
    return Math.min(this.handshakes.deadline(), this.sessions.deadline());
  }

  /** The first packet on a session that the other side began: now both sides know it. */
  confirm(session: Session, now: number): void {
    const waiting = this.unconfirmed.get(session);
    if (waiting === undefined) return;
    this.unconfirmed.delete(session);
    this.introduce(session, waiting.endpoint, waiting.payload, now);
  }

  /** Zeroes all keys. */
  wipe(): void {
    this.handshakes.wipe();
    this.sessions.wipe();
    this.unconfirmed.clear();
  }

  check(): void {
    this.sessions.check();
    this.handshakes.check();
    if (this.unconfirmed.size > this.sessions.size) throw new Error('unconfirmed sessions that are not in the table');
  }

  private drain(now: number): void {
    const { handshakes, sessions } = this;
    for (let event = handshakes.nextEvent(); event !== undefined; event = handshakes.nextEvent()) {
      this.onEvent(event, now);
    }
    for (let session = sessions.nextDropped(); session !== undefined; session = sessions.nextDropped()) {
      this.unconfirmed.delete(session);
    }
  }

  private onEvent(event: HandshakeEvent, now: number): void {
    switch (event.type) {
      case 'established':
        if (event.role === 'responder') this.unconfirmed.set(event.session, event);
        else this.introduce(event.session, event.endpoint, event.payload, now);
        return;
      case 'failed':
        if (event.reason === 'self') this.host.metOurself(event.endpoint, now);
        if (event.expectedId !== undefined) this.host.dialFailed(event.expectedId, now);
        return;
      case 'undecryptable':
        // A member's datagram belongs to a session that we have given up already: its key does fit.
        if (this.host.isMember(event.endpoint)) return;
        this.context.events.push({ type: 'no_key_fits', endpoint: event.endpoint });
        return;
      case 'clock_skew':
        this.context.events.push(event);
    }
  }

  private introduce(session: Session, endpoint: Endpoint, payload: Uint8Array, now: number): void {
    const hello = decodeHelloPayload(payload);
    if (hello !== undefined) return this.host.introduced(session, endpoint, hello, now);
    this.context.counters.drop('malformed');
    this.sessions.remove(session);
  }
}
