import type { EngineContext } from '../engine-context.js';
import { Priority } from '../peers/outbox.js';
import type { Peer } from '../peers/peer.js';
import type { PeerTable } from '../peers/peer-table.js';
import type { MessagePackReader } from '../wire/message-pack-reader.js';
import type { Announcements } from './announcements.js';
import type { LargeMessages } from './large-messages.js';
import type { Paths } from './paths.js';
import type { SegmentCache } from './segment-cache.js';
import { type StreamLink, Wish } from './stream-link.js';
import { isWaiting, waitingOf } from './waiting.js';

/** Least time between two wishes of one link that are answered with what is held of a stream, ms: to look for it takes time. */
export const LEAST_SERVICE_MS = 50;

/** Does at once what peers wish: sends what is held of a stream already, or takes back what waits. */
export class WishService {
  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
    private readonly cache: SegmentCache,
    private readonly paths: Paths,
    private readonly large: LargeMessages,
    private readonly announcements: Announcements,
  ) {}

  /** `[11, origin, boot, wish, from]` */
  onWish(peer: Peer, reader: MessagePackReader, now: number): void {
    const wanted = this.paths.onWish(peer, reader);
    if (wanted === undefined) return;
    const { link, before, from } = wanted;
    // A link that was choked before got nothing since.
    if (link.theirs <= Wish.eager) this.serve(link, from, now);
    else if (before <= Wish.eager) this.takeBack(link, now);
  }

  private serve(link: StreamLink, from: number, now: number): void {
    if (from === 0) return;
    const { stream, peer } = link;
    if (stream.isOwn) this.large.claimed();
    if (now - link.servedAt < LEAST_SERVICE_MS) return;
    link.servedAt = now;
    const waiting = waitingOf(stream, peer);
    for (const frame of this.cache.from(stream, from)) {
      if (isWaiting(frame, waiting)) continue;
      // What does not fit is asked for when it is missed.
      if (!this.peers.send(peer, Priority.bulk, frame, stream.lane)) return;
      this.context.counters.segmentsSent++;
    }
  }

  /** The peer hears the stream elsewhere: what waits for it would come twice. What it misses all the same, it is told of. */
  private takeBack(link: StreamLink, now: number): void {
    const { stream, peer } = link;
    const retracted = peer.outbox.retract(stream, stream.lane);
    if (retracted === 0) return;
    this.context.counters.segmentsRetracted += retracted;
    if (link.theirs === Wish.lazy) this.announcements.soon(link, now);
  }
}
