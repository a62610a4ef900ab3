import { type RandomFill, randomUint32 } from '../random.js';
import type { NodeId } from '../node-id.js';
import { DATA_OVERHEAD, readMaskedHeader, unmasked } from './data-header.js';
import type { Keyring } from './keyring.js';
import type { Session } from './session.js';

export interface SessionTableLimits {
  /**
   * All sessions, about 1 kB each. Peers times up to three (previous, current, next). Too small and a large cluster
   * cannot keep its links.
   */
  readonly maxSessions: number;
  /**
   * Sessions whose initiator has not been heard yet. One is dropped to make room for the next, and its initiator, which
   * believes in it, is then talking to nobody. So it has to hold the joiners of one round trip: as many as Ohais are
   * given out in a second.
   */
  readonly maxUnconfirmed: number;
  /** How long a session may stay unconfirmed. Shorter than a slow first packet with a resend, and joins fail. */
  readonly unconfirmedMs: number;
  /** Sessions with one node id: previous, current, next. Keeps one peer from filling the table. */
  readonly maxPerNode: number;
}

export const SESSION_TABLE_LIMITS: SessionTableLimits = {
  maxSessions: 4096,
  maxUnconfirmed: 1000,
  unconfirmedMs: 5_000,
  maxPerNode: 3,
};

/** All live sessions by the index that arrives in packets. Indices of pending handshakes are taken from the same space. */
export class SessionTable {
  /** Counter of the datagram that `match` found a session for. */
  lastCounter = 0;

  private readonly random: RandomFill;
  private readonly limits: SessionTableLimits;
  // Keys are int32 (`index | 0`): V8 keeps those unboxed, so that a lookup allocates nothing.
  private readonly sessions = new Map<number, Session>();
  private readonly reserved = new Set<number>();
  /** Expiry of each session added unconfirmed, soonest first. It may have been confirmed since. */
  private readonly unconfirmed = new Map<Session, number>();
  private readonly perNode = new Map<NodeId, number>();
  private headerKeys: HeaderKey[] = [];
  private nextExpiry = Infinity;
  private readonly dropped: Session[] = [];

  constructor(random: RandomFill, limits: Partial<SessionTableLimits> = {}) {
    this.random = random;
    this.limits = { ...SESSION_TABLE_LIMITS, ...limits };
  }

  get size(): number {
    return this.sessions.size;
  }

  get unconfirmedCount(): number {
    let count = 0;
    for (const session of this.unconfirmed.keys()) if (!session.confirmed) count++;
    return count;
  }

  has(session: Session): boolean {
    return this.sessions.get(session.index | 0) === session;
  }

  /** A random index that nothing else uses; never 0, which looks like a forgotten field in a dump. */
  reserveIndex(): number {
    let index = randomUint32(this.random);
    while (index === 0 || this.reserved.has(index | 0) || this.sessions.has(index | 0)) index = (index + 1) >>> 0;
    this.reserved.add(index | 0);
    return index;
  }

  /** Gives back an index that did not become a session. */
  releaseIndex(index: number): void {
    this.reserved.delete(index | 0);
  }

  /** Whether `add` would accept a session with this node now. Lets a handshake stop before its costly part. */
  hasRoom(remoteId: NodeId): boolean {
    if (this.dropped.length >= this.limits.maxSessions) return false;
    if (this.sessions.size >= this.limits.maxSessions && this.oldestUnconfirmed() === undefined) return false;
    const slots = this.perNode.get(remoteId) ?? 0;
    return slots < this.limits.maxPerNode || this.oldestUnconfirmed(remoteId) !== undefined;
  }

  /**
   * Takes over a session and its index. When the table is full the oldest unconfirmed session makes room, never a
   * confirmed one; returns false when there is none. The index is no longer reserved either way.
   */
  add(session: Session, now: number): boolean {
    this.reserved.delete(session.index | 0);
    if (this.sessions.has(session.index | 0) || !this.hasRoom(session.remoteId)) return false;
    if ((this.perNode.get(session.remoteId) ?? 0) >= this.limits.maxPerNode) {
      this.evict(this.oldestUnconfirmed(session.remoteId));
    }
    // Counting is a walk, so it is only done when it can matter.
    const { maxUnconfirmed } = this.limits;
    if (!session.confirmed && this.unconfirmed.size >= maxUnconfirmed && this.unconfirmedCount >= maxUnconfirmed) {
      this.evict(this.oldestUnconfirmed());
    }
    if (this.sessions.size >= this.limits.maxSessions) this.evict(this.oldestUnconfirmed());

    this.sessions.set(session.index | 0, session);
    this.perNode.set(session.remoteId, (this.perNode.get(session.remoteId) ?? 0) + 1);
    this.retainHeaderKey(session);
    if (!session.confirmed) this.renew(session, now);
    return true;
  }

  /** Starts the waiting time of an unconfirmed session again, when its GoTeam is sent again. */
  renew(session: Session, now: number): void {
    if (session.confirmed || !this.has(session)) return;
    this.unconfirmed.delete(session);
    this.unconfirmed.set(session, now + this.limits.unconfirmedMs);
    this.refreshExpiry();
  }

  /** Forgets a session and zeroes its keys. */
  remove(session: Session): void {
    session.wipe();
    if (!this.has(session)) return;
    this.sessions.delete(session.index | 0);
    if (this.unconfirmed.delete(session)) this.refreshExpiry();
    const slots = this.perNode.get(session.remoteId)! - 1;
    if (slots === 0) this.perNode.delete(session.remoteId);
    else this.perNode.set(session.remoteId, slots);
    this.releaseHeaderKey(session);
  }

  /** Forgets all sessions. For a node that stops. */
  wipe(): void {
    for (const session of this.sessions.values()) this.remove(session);
  }

  /** Finds the session a datagram is meant for, trying every header key in use. Proves nothing: `open` does. */
  match(datagram: Uint8Array): Session | undefined {
    if (datagram.length < DATA_OVERHEAD) return undefined;
    for (let i = 0; i < this.headerKeys.length; i++) {
      const candidate = this.headerKeys[i]!;
      readMaskedHeader(datagram, candidate.key);
      const session = this.sessions.get(unmasked.index | 0);
      if (session !== undefined && session.keyId === candidate.id) {
        this.lastCounter = unmasked.counter;
        return session;
      }
    }
    return undefined;
  }

  /** Drops sessions that were not confirmed in time. */
  timeout(now: number): void {
    if (now < this.nextExpiry) return;
    for (const [session, expiry] of this.unconfirmed) {
      if (session.confirmed) this.unconfirmed.delete(session);
      else if (expiry <= now) this.evict(session);
      else break;
    }
    this.refreshExpiry();
  }

  deadline(): number {
    return this.nextExpiry;
  }

  /** A session the table dropped by itself, until there are no more. `add` refuses when these are not drained. */
  nextDropped(): Session | undefined {
    return this.dropped.shift();
  }

  /** Header keys tried are those of the keyring and those that live sessions still need. */
  setKeyring(keyring: Keyring): void {
    const previous = this.headerKeys;
    this.headerKeys = keyring.keys.map(key => ({
      id: key.id,
      key: key.header,
      accepted: true,
      sessions: previous.find(old => old.id === key.id)?.sessions ?? 0,
    }));
    for (const old of previous) {
      if (old.sessions > 0 && keyring.positionOf(old.id) < 0) this.headerKeys.push({ ...old, accepted: false });
    }
  }

  /** Asserts what must always hold. */
  check(): void {
    const { maxSessions, maxUnconfirmed, maxPerNode } = this.limits;
    if (this.sessions.size > maxSessions) throw new Error('more sessions than allowed');
    if (this.unconfirmedCount > maxUnconfirmed) throw new Error('more unconfirmed sessions than allowed');
    let slots = 0;
    for (const count of this.perNode.values()) {
      if (count < 1 || count > maxPerNode) throw new Error('wrong number of sessions for a node');
      slots += count;
    }
    if (slots !== this.sessions.size) throw new Error('sessions per node do not add up');
    const references = this.headerKeys.reduce((sum, key) => sum + key.sessions, 0);
    if (references !== this.sessions.size) throw new Error('header key references do not add up');
    for (const [index, session] of this.sessions) {
      if (index !== (session.index | 0) || session.isClosed) throw new Error('a closed session in the table');
      if (this.reserved.has(index)) throw new Error('an index both reserved and in use');
      if (!session.confirmed && !this.unconfirmed.has(session))
        throw new Error('an unconfirmed session without expiry');
    }
  }

  private oldestUnconfirmed(remoteId?: NodeId): Session | undefined {
    for (const session of this.unconfirmed.keys()) {
      if (session.confirmed) this.unconfirmed.delete(session);
      else if (remoteId === undefined || session.remoteId === remoteId) return session;
    }
    return undefined;
  }

  private evict(session: Session | undefined): void {
    if (session === undefined) return;
    this.remove(session);
    this.dropped.push(session);
  }

  private refreshExpiry(): void {
    this.nextExpiry = Infinity;
    for (const expiry of this.unconfirmed.values()) {
      this.nextExpiry = expiry;
      return;
    }
  }

  private retainHeaderKey(session: Session): void {
    const entry = this.headerKeys.find(candidate => candidate.id === session.keyId);
    if (entry === undefined) {
      this.headerKeys.push({ id: session.keyId, key: session.headerKey, accepted: false, sessions: 1 });
    } else {
      entry.sessions++;
    }
  }

  private releaseHeaderKey(session: Session): void {
    const at = this.headerKeys.findIndex(candidate => candidate.id === session.keyId);
    const entry = this.headerKeys[at]!;
    entry.sessions--;
    if (entry.sessions === 0 && !entry.accepted) this.headerKeys.splice(at, 1);
  }
}

interface HeaderKey {
  readonly id: string;
  readonly key: Uint8Array;
  /** In the keyring; otherwise kept only for the sessions made with it. */
  readonly accepted: boolean;
  sessions: number;
}
