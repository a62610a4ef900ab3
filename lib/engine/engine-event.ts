import type { Endpoint } from './endpoint.js';
import type { Member } from './membership/member-table.js';
import type { NodeId } from './node-id.js';

/** What an engine tells its host, in the order in which it happened. */
export type EngineEvent =
  BroadcastEvent | MessageLostEvent | MemberEvent | ReadinessEvent | NoKeyFitsEvent | ClockSkewEvent;

/**
 * What came with a broadcast.
 *
 * @publicApi
 */
export interface BroadcastMeta {
  readonly origin: BroadcastOrigin;
  /** Number of the message's first segment in its origin's stream: grows with each message of one origin. */
  readonly sequence: number;
  /** Links that the copy which arrived first crossed; 0 for a node's own broadcast delivered to itself. */
  readonly hops: number;
  readonly receivedFrom: NodeId;
}

/**
 * A message of another node, whole, and what came with it. One object for both, and the payload as a place in other bytes:
 * a cluster's events are many, and each view of bytes costs the collector as much as all else here.
 */
export class BroadcastEvent implements BroadcastMeta {
  // Private to the runtime as well, not to the compiler alone: listeners get this object, and may print it.
  #bytes: Uint8Array;
  #start: number;
  #end: number;

  /** @param bytes what holds the payload, from `start` to `end`; the engine may still read it, so that nobody may change it. */
  constructor(
    readonly origin: BroadcastOrigin,
    readonly sequence: number,
    readonly hops: number,
    readonly receivedFrom: NodeId,
    bytes: Uint8Array,
    start: number,
    end: number,
  ) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  get type(): 'broadcast' {
    return 'broadcast';
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** Lets go of the bytes when all have been told: whoever keeps this object would keep a whole datagram. */
  release(): void {
    this.#bytes = NO_BYTES;
    this.#start = 0;
    this.#end = 0;
  }

  /** A view, made anew each time. */
  get payload(): Uint8Array {
    const bytes = this.#bytes;
    if (bytes !== viewed) {
      viewed = bytes;
      memory = bytes.buffer;
      offset = bytes.byteOffset;
    }
    return new Uint8Array(memory, offset + this.#start, this.#end - this.#start);
  }
}

const NO_BYTES = new Uint8Array(0);

/** What the last view was made of. Many events come in one datagram, and to ask it for its memory takes as long as the view. */
let viewed: Uint8Array = NO_BYTES;
let { buffer: memory, byteOffset: offset } = viewed;

/** A message of another node of which a part came, and that was given up. */
export interface MessageLostEvent {
  readonly type: 'message_lost';
  readonly message: LostMessage;
}

/**
 * A message in several segments that was given up before it was whole.
 *
 * @publicApi
 */
export interface LostMessage {
  readonly origin: BroadcastOrigin;
  /** As in {@link BroadcastMeta}. */
  readonly sequence: number;
  /** Payload that had arrived, bytes; segments of the whole message, and those that never came. */
  readonly receivedBytes: number;
  readonly segments: number;
  readonly missingSegments: number;
  /** `stalled`: nothing of it came for 30 s. `crowded_out`: too many messages were incomplete at once, and it was the oldest. */
  readonly reason: 'stalled' | 'crowded_out';
}

/** The node that made a broadcast. Its zone is undefined as long as it is not known. */
export interface BroadcastOrigin {
  readonly id: NodeId;
  readonly zone: string | undefined;
}

export interface MemberEvent {
  readonly type: 'up' | 'suspect' | 'down' | 'left';
  readonly member: Member;
}

/** The node gained its first feed and subscriber, or lost the last. */
export interface ReadinessEvent {
  readonly type: 'ready' | 'unready';
}

/** Datagrams of the size of a handshake come from there, and no key opens them. At most one in ten seconds. */
export interface NoKeyFitsEvent {
  readonly type: 'no_key_fits';
  readonly endpoint: Endpoint;
}

/** A node with the right key was refused because its clock differs by more than the time lock. At most one in ten seconds. */
export interface ClockSkewEvent {
  readonly type: 'clock_skew';
  readonly endpoint: Endpoint;
  readonly skewMs: number;
}
