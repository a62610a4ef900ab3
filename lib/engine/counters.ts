import type { SessionDrop } from './crypto/session.js';

/** Why something was dropped. Every drop in the engine has one of these reasons and is counted. */
export const DROP_REASONS = [
  /** A datagram shorter than any of ours. */
  'short',
  /** A data datagram of no session and no handshake: noise, a forgery, or a session that is over. */
  'unreadable',
  /** A data datagram that was received before. */
  'replayed',
  /** A data datagram whose tag does not fit. */
  'forged',
  /** A data datagram of a session past its limits. */
  'expired',
  /** Bytes inside an authentic datagram that are no frame. */
  'malformed',
  /** A member record that could not be used: table full, or no address. */
  'member',
  /** A request to reach a member for somebody else, while too many are under way, or of a member we do not know. */
  'probe_refused',
  /** A segment of ours that came back. */
  'own_segment',
  /** A segment of an earlier life of its origin. */
  'stale_segment',
  /** A segment but the first of a message, of a stream that nothing is known of yet. */
  'unknown_stream',
  /** A segment too far behind its stream to know whether it was seen. */
  'old_segment',
  /** A segment that travelled too many hops. */
  'hop_limit',
  /** A segment of one origin more than the table holds. */
  'origins_full',
  /** A message larger than `maxMessageBytes`, or segments that contradict each other. */
  'message_refused',
  /** A message given up before it was complete, to make room. */
  'reassembly_full',
  /** A message given up before it was complete, because nothing of it came any more. */
  'reassembly_stalled',
  /** A frame of our own making that fits no datagram. Always 0, unless this engine has a fault. */
  'too_long',
  /** A frame refused because the peer's outbox is full. */
  'outbox_full',
  /** A segment that waited for a peer and made room for newer ones: the oldest message of the busiest origin. */
  'crowded_out',
  /** A frame that waited for a peer that went away. */
  'peer_gone',
  /** A frame for a peer whose session had just come to its end. */
  'session_over',
  /** A missing segment nobody could bring any more. */
  'segment_lost',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

const SESSION_DROPS: Record<SessionDrop, DropReason> = {
  too_short: 'short',
  closed: 'expired',
  expired: 'expired',
  counter_limit: 'expired',
  replayed: 'replayed',
  too_old: 'replayed',
  forged: 'forged',
};

/** What an engine has done since it started. Plain numbers, never reset. */
export class Counters {
  datagramsReceived = 0;
  datagramsSent = 0;
  bytesReceived = 0;
  bytesSent = 0;
  /** Own messages handed to the links. */
  broadcastsSent = 0;
  /** Own messages made while there was no link to send them on. */
  broadcastsUnheard = 0;
  /** Messages of others handed to the application. */
  broadcastsDelivered = 0;
  /** Messages of others meant for other zones. */
  broadcastsElsewhere = 0;
  segmentsReceived = 0;
  segmentsDuplicate = 0;
  /** Copies handed to links, own segments included. */
  segmentsSent = 0;
  /** Copies taken back before they were sent, because their link choked the stream. */
  segmentsRetracted = 0;
  repairsRequested = 0;
  segmentsRepaired = 0;
  /** Datagrams sent to find out whether larger ones get through, those that did not, and how often larger ones did no more. */
  sizeProbes = 0;
  sizeProbesLost = 0;
  blackHoles = 0;
  /** How often we were accused or taken for dead, and said that we live. */
  refutations = 0;
  readonly drops = Object.fromEntries(DROP_REASONS.map(reason => [reason, 0])) as Record<DropReason, number>;

  drop(reason: DropReason, count = 1): void {
    this.drops[reason] += count;
  }

  /** A data datagram that its session refused. */
  dropDatagram(reason: SessionDrop): void {
    this.drops[SESSION_DROPS[reason]]++;
  }

  /** All of them, the drops under `drop.` and their reason. */
  record(): Record<string, number> {
    const { drops, ...counters } = this as Counters;
    const record: Record<string, number> = { ...counters };
    for (const reason of DROP_REASONS) record[`drop.${reason}`] = drops[reason];
    return record;
  }
}
