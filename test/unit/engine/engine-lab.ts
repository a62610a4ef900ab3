import { decode } from '@msgpack/msgpack';
import { Keyring } from '../../../lib/engine/crypto/keyring.js';
import { createSession } from '../../../lib/engine/crypto/session-keys.js';
import type { SessionRole } from '../../../lib/engine/crypto/session.js';
import { SessionTable } from '../../../lib/engine/crypto/session-table.js';
import { EngineContext } from '../../../lib/engine/engine-context.js';
import { ENGINE_DEFAULTS, type EngineOptions } from '../../../lib/engine/engine-options.js';
import type { Endpoint } from '../../../lib/engine/endpoint.js';
import type { NodeId } from '../../../lib/engine/node-id.js';
import type { Peer } from '../../../lib/engine/peers/peer.js';
import { PeerTable } from '../../../lib/engine/peers/peer-table.js';
import { MessagePackReader } from '../../../lib/engine/wire/message-pack-reader.js';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { pack } from './insider.js';

const keyring = Keyring.derive('lab', [new Uint8Array(32).fill(7)]);

/** A node id that sorts by its number. */
export function idOf(number: number): NodeId {
  return number.toString(16).padStart(8, '0').padEnd(32, '0');
}

export function endpointOf(number: number): Endpoint {
  return { address: `10.0.${number >> 8}.${number & 255}`, port: 6969 };
}

export function engineOptions(overrides: Partial<EngineOptions> = {}): EngineOptions {
  return {
    id: idOf(0x80),
    zone: 'here',
    keyring,
    bound: undefined,
    advertised: undefined,
    ...ENGINE_DEFAULTS,
    random: new SeededRandom(1).fill,
    wallClock: () => 1_700_000_000_000,
    ...overrides,
  };
}

/** One node's insides without the engine around them: what the parts share, and peers with real sessions. */
export class EngineLab {
  readonly context: EngineContext;
  readonly sessions: SessionTable;
  readonly peers: PeerTable;
  /** Peers whose service timer fired, in order. */
  readonly serviced: Peer[] = [];
  private secrets = 0;

  constructor(overrides: Partial<EngineOptions> = {}, onService?: (peer: Peer, now: number) => void) {
    this.context = new EngineContext(engineOptions(overrides));
    this.sessions = new SessionTable(this.context.options.random);
    this.sessions.setKeyring(keyring);
    this.peers = new PeerTable(this.context, this.sessions, (peer, now) => {
      this.serviced.push(peer);
      onService?.(peer, now);
    });
  }

  /** A session as a handshake leaves it. */
  session(remoteId: NodeId, now = 0, role: SessionRole = 'initiator') {
    const index = this.sessions.reserveIndex();
    const session = createSession({
      role,
      secret: new Uint8Array(64).fill(++this.secrets),
      responderRandom: new Uint8Array(32),
      initiatorIndex: role === 'initiator' ? index : 1,
      responderIndex: role === 'initiator' ? 1 : index,
      remoteId,
      key: keyring.primary,
      createdAt: now,
      jitter: 0.5,
    });
    this.sessions.add(session, now);
    return session;
  }

  /** Holds a session with this node from now on; a link if it is to be one. */
  meet(number: number, { now = 0, zone = 'here', isSubscriber = false, endpoint = endpointOf(number) } = {}): Peer {
    const peer = this.peers.attach(this.session(idOf(number), now), endpoint, zone, now);
    peer.isSubscriber = isSubscriber;
    this.peers.refreshLink(peer);
    return peer;
  }

  /** Fires timers up to then, each at its own time. */
  advanceTo(until: number): void {
    const { timers } = this.context;
    while (timers.deadline() <= until) timers.fireDue(timers.deadline());
  }
}

/** Takes the frames that wait for a peer, decoded by the library. */
export function framesTo(peer: Peer): unknown[][] {
  const frames: unknown[][] = [];
  for (let frame = peer.outbox.shift(Infinity, true); frame !== undefined; frame = peer.outbox.shift(Infinity, true)) {
    frames.push(decode(frame) as unknown[]);
  }
  return frames;
}

/** A reader of one frame, behind its type, as the engine hands it to the part that understands it. */
export function frameReader(frame: unknown[]): { reader: MessagePackReader; length: number } {
  const reader = new MessagePackReader();
  reader.reset(pack(frame));
  const length = reader.array();
  reader.uint();
  return { reader, length };
}
