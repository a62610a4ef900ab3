import type { Dissemination } from './broadcast/dissemination.js';
import type { Session } from './crypto/session.js';
import type { EngineContext } from './engine-context.js';
import type { Endpoint } from './endpoint.js';
import type { IndirectProbes } from './membership/indirect-probes.js';
import type { Membership } from './membership/membership.js';
import type { Heartbeats } from './peers/heartbeats.js';
import { acceptResponse, answerChallenge } from './peers/path-validation.js';
import type { Peer } from './peers/peer.js';
import type { ReceiverReports } from './peers/receiver-reports.js';
import type { Strays } from './peers/strays.js';
import { FIXED_ELEMENTS, Frame, KNOWN_FRAMES } from './wire/frame.js';
import { MessagePackReader } from './wire/message-pack-reader.js';

/** The parts of an engine that understand frames. */
export interface FrameHandlers {
  readonly heartbeats: Heartbeats;
  readonly membership: Membership;
  readonly probes: IndirectProbes;
  readonly dissemination: Dissemination;
  readonly strays: Strays;
  readonly reports: ReceiverReports;
}

/** Takes authentic datagrams apart and hands each frame to the part that understands it. */
export class FrameDispatch {
  private readonly reader = new MessagePackReader();

  constructor(
    private readonly context: EngineContext,
    private readonly handlers: FrameHandlers,
  ) {}

  /** @param counter of the packet, in its session. */
  read(peer: Peer, from: Endpoint, plaintext: Uint8Array, session: Session, counter: number, now: number): void {
    const { reader } = this;
    const { heartbeats, membership, probes, dissemination, strays, reports } = this.handlers;
    reader.reset(plaintext);
    while (!reader.isAtEnd && !reader.failed) {
      const start = reader.position;
      const length = reader.array();
      const type = length === 0 ? 0 : reader.uint();
      const elements = FIXED_ELEMENTS[type] ?? Math.min(1, length);
      if (length < elements) reader.fail();
      if (reader.failed) break;
      switch (type) {
        case Frame.segment:
          dissemination.onSegment(peer, plaintext, start, reader, length, now);
          continue;
        case Frame.continuation:
          dissemination.onContinuation(peer, plaintext, start, reader, length, now);
          continue;
        case Frame.heartbeat:
          heartbeats.onHeartbeat(peer, reader, session, counter, now);
          break;
        case Frame.heartbeatReply:
          heartbeats.onReply(peer, reader, session, counter, now);
          break;
        case Frame.news:
          membership.onNews(peer, reader, length, now);
          break;
        case Frame.membersRequest:
          membership.onRequest(peer, reader);
          break;
        case Frame.membersPage:
          membership.onPage(peer, reader, length, now);
          break;
        case Frame.digest:
          dissemination.onDigest(peer, reader, length, now);
          break;
        case Frame.repairRequest:
          dissemination.repair.onRequest(peer, reader, length);
          break;
        case Frame.wish:
          dissemination.wishes.onWish(peer, reader, now);
          break;
        case Frame.offer:
          dissemination.onOffer(peer, reader, now);
          break;
        case Frame.pathChallenge:
          strays.push(peer, from, answerChallenge(reader, this.context.writer), now);
          break;
        case Frame.pathResponse:
          if (acceptResponse(peer, from, reader)) {
            peer.flow.path.moved(now);
            membership.moved(peer);
          }
          break;
        case Frame.probeRequest:
          probes.onRequest(peer, reader, now);
          break;
        case Frame.probeResult:
          probes.onResult(peer, reader);
          break;
        case Frame.reportRequest:
          reports.onRequest(peer, session, counter, now);
          break;
        case Frame.report:
          reports.onReport(peer, reader, now);
          break;
      }
      // What a later version added behind the elements we know, or a whole frame that we do not know.
      if (type in FIXED_ELEMENTS || !KNOWN_FRAMES.has(type)) for (let i = elements; i < length; i++) reader.skip();
    }
    dissemination.datagramRead();
    if (reader.failed) this.context.counters.drop('malformed');
  }
}
