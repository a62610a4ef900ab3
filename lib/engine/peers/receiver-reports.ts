import type { Session } from '../crypto/session.js';
import type { EngineContext } from '../engine-context.js';
import { Frame } from '../wire/frame.js';
import type { MessagePackReader } from '../wire/message-pack-reader.js';
import { Priority } from './outbox.js';
import type { Peer } from './peer.js';
import type { PeerTable } from './peer-table.js';

/**
 * Who asked for a report within this time, ms, sends data, and shares our socket buffer with the others who do. Shorter, and
 * the shares jump; longer, and one that is alone gets too little for longer.
 */
export const ASKER_MS = 1_000;

/** How often those who ask, and those of our links whose rate holds something back, are counted, ms. */
const COUNT_MS = 50;

/**
 * Reports of what arrived, for those who ask: they alone know when they need one. So a link that carries next to nothing
 * costs nothing, and a report is never reported on, for nobody asks for a report of reports.
 */
export class ReceiverReports {
  private askers = 1;
  private limited = 1;
  private countedAt = -Infinity;

  constructor(
    private readonly context: EngineContext,
    private readonly peers: PeerTable,
  ) {}

  /** `[15]`, in the packet with this counter of this session. */
  onRequest(peer: Peer, session: Session, counter: number, now: number): void {
    const isNew = now - peer.askedUsAt >= ASKER_MS;
    peer.askedUsAt = now;
    this.count(isNew ? -Infinity : this.countedAt, now);
    const { writer, options, overload } = this.context;
    writer.reset();
    writer.array(6);
    writer.uint(Frame.report);
    writer.uint(session.index);
    writer.uint(counter);
    writer.uint(session.receivedCount);
    writer.uint(Math.max(0, Math.round(now * 1_000)));
    const room = options.receiveBufferBytes * overload.windowShare(now);
    writer.uint(Math.floor(room / this.askers));
    this.peers.send(peer, Priority.control, writer.take());
  }

  /** `[16, session, counter, received, arrived, window]` */
  onReport(peer: Peer, reader: MessagePackReader, now: number): void {
    const session = reader.uint();
    const counter = reader.uint();
    const received = reader.uint();
    const arrivedAt = reader.uint() / 1_000;
    const window = reader.uint();
    if (reader.failed) return;
    this.count(this.countedAt, now);
    const report = { counter, received, arrivedAt, window };
    if (!peer.flow.onReport(session, report, 1 / this.limited, now)) return;
    peer.datagramSize.reported(counter, peer.flow.path.datagramsMissing, now);
    // What waited for the report, or goes faster now.
    if (!peer.outbox.isEmpty) this.peers.enqueue(peer);
  }

  private count(countedAt: number, now: number): void {
    if (now - countedAt < COUNT_MS) return;
    this.countedAt = now;
    let askers = 0;
    let limited = 0;
    for (const peer of this.peers.all()) {
      if (now - peer.askedUsAt < ASKER_MS) askers++;
      if (now - peer.flow.limitedAt < COUNT_MS) limited++;
    }
    this.askers = Math.max(1, askers);
    this.limited = Math.max(1, limited);
  }
}

/** `[15]`: how much of what I sent has arrived? */
export const REPORT_REQUEST = Uint8Array.of(0x91, Frame.reportRequest);
