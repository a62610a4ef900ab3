import { DATA_OVERHEAD } from '../crypto/session.js';
import { type EngineContext, NETWORK_DATAGRAM_BYTES } from '../engine-context.js';
import { Priority } from './outbox.js';
import { writePaddedChallenge } from './path-validation.js';
import type { Peer } from './peer.js';
import { REPORT_REQUEST } from './receiver-reports.js';

/**
 * Datagrams are cut from slabs of this size: one allocation for dozens of them, and no copy, since frames are gathered
 * and sealed where they will be sent from.
 */
const SLAB_BYTES = 65_536;

/** Gathers the frames that wait for a peer into one sealed datagram. */
export class Packer {
  private slab = new Uint8Array(SLAB_BYTES);
  private used = 0;

  constructor(private readonly context: EngineContext) {}

  /** The next datagram for the peer; undefined when nothing waits or the pacer holds it back. */
  pack(peer: Peer, now: number): Uint8Array | undefined {
    const { outbox, flow, datagramSize } = peer;
    if (outbox.isEmpty) return undefined;
    const probeBytes = datagramSize.probeDue(flow.path.roundTripMs, now);
    if (probeBytes > 0) return this.probe(peer, probeBytes, now);
    const datagram = this.gather(peer, now);
    if (flow.shouldAsk(now) && outbox.push(Priority.control, REPORT_REQUEST)) {
      datagramSize.asked(peer.current.sentCount, now);
    }
    return datagram;
  }

  private gather(peer: Peer, now: number): Uint8Array | undefined {
    const { outbox, flow, datagramSize } = peer;
    const readyAt = outbox.hasData ? flow.readyAt(now) : now;
    // Control goes in datagrams that get through everywhere: reports have to be asked for when larger ones do no more.
    const most = outbox.hasControl
      ? datagramSize.base
      : outbox.isBulkNext
        ? datagramSize.bulkBytes
        : datagramSize.bytes;
    const limit = Math.min(most, Math.max(NETWORK_DATAGRAM_BYTES, flow.longestDatagram));
    this.reserve(Math.min(limit, DATA_OVERHEAD + outbox.bytes));
    const { slab } = this;
    const start = this.used + DATA_OVERHEAD;
    let length = 0;
    let frames = 0;
    let isData = false;
    for (;;) {
      const frame = outbox.shift(limit - DATA_OVERHEAD - length, readyAt <= now);
      if (frame === undefined) break;
      if (outbox.lastPriority !== Priority.control) isData = true;
      slab.set(frame, start + length);
      length += frame.length;
      frames++;
    }
    if (isData && !outbox.isEmpty) datagramSize.wasFull();
    if (frames > 0) return this.finish(peer, length, frames, isData, now);
    this.context.timers.setEarlier(peer.paced, readyAt);
    return undefined;
  }

  /** A datagram of just so many bytes, to see whether it gets through. */
  private probe(peer: Peer, bytes: number, now: number): Uint8Array | undefined {
    this.reserve(bytes);
    const token = peer.datagramSize.probe(bytes, this.context.options.random, now);
    writePaddedChallenge(this.slab.subarray(this.used + DATA_OVERHEAD, this.used + bytes), token);
    return this.finish(peer, bytes - DATA_OVERHEAD, 1, false, now);
  }

  /** One frame as a datagram of its own. */
  seal(peer: Peer, frame: Uint8Array, now: number): Uint8Array | undefined {
    this.reserve(DATA_OVERHEAD + frame.length);
    this.slab.set(frame, this.used + DATA_OVERHEAD);
    return this.finish(peer, frame.length, 1, false, now);
  }

  /** None of the datagrams is needed any more: the next ones take the place of those. */
  reuse(): void {
    this.used = 0;
  }

  /** Makes room for a datagram of so many bytes. */
  private reserve(bytes: number): void {
    if (this.used + bytes <= SLAB_BYTES) return;
    this.slab = new Uint8Array(SLAB_BYTES);
    this.used = 0;
  }

  /**
   * Seals the frames that lie behind the room for the head, `length` bytes. Undefined when the session is at its end; they are
   * lost with it.
   */
  private finish(peer: Peer, length: number, frames: number, isData: boolean, now: number): Uint8Array | undefined {
    const { current } = peer;
    const counter = current.sentCount;
    const datagram = this.slab.subarray(this.used, this.used + DATA_OVERHEAD + length);
    const bytes = current.seal(datagram, length, now);
    if (bytes === 0) {
      this.context.counters.drop('session_over', frames);
      return undefined;
    }
    peer.flow.sent(current.remoteIndex, counter, bytes, isData, now);
    if (isData) peer.datagramSize.sent(bytes);
    this.used += bytes;
    return datagram;
  }
}
