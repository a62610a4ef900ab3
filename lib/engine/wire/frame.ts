/**
 * Frame types. A data datagram's plaintext is a sequence of frames, each a MessagePack array whose first element is the
 * type. A receiver passes over types it does not know.
 */
export const Frame = {
  /** `[1, token, roles, digest]`: a sign of life that wants an answer. */
  heartbeat: 1,
  /** `[2, token, roles, digest]`: the answer, with the token of the heartbeat. */
  heartbeatReply: 2,
  /** `[3, record...]`: members that changed. */
  news: 3,
  /** `[4, after]`: wants the members whose ids follow `after` (binary, empty for the first page). */
  membersRequest: 4,
  /** `[5, next, record...]`: a page of members; `next` is the `after` of the following page, nil when there is none. */
  membersPage: 5,
  /** `[6, hops, origin, boot, sequence, index, count, payload]` or the same with `zones`: a segment of a broadcast. */
  segment: 6,
  /** `[7, origin, boot, newest, age, ...]`: the newest segment of origins that the sender holds, and since when, µs. */
  digest: 7,
  /** `[8, origin, boot, first, length, ...]`: asks for segments again. */
  repairRequest: 8,
  /** `[9, token]`: is this address really yours? Answered from where it arrived. */
  pathChallenge: 9,
  /** `[10, token]`. */
  pathResponse: 10,
  /** `[11, origin, boot, wish, from]`: how the sender wants this stream from the receiver, and from which sequence on. */
  wish: 11,
  /** `[12, origin, boot, first, count]`: the sender is receiving a large message and passes it on to who wants it. */
  offer: 12,
  /** `[13, id]`: try to reach this member, which is silent for us. */
  probeRequest: 13,
  /** `[14, id, reached]`: 1 when it was heard, 0 when it was tried in vain. */
  probeResult: 14,
  /** `[15]`: how much of what I sent has arrived? Answered at once. */
  reportRequest: 15,
  /** `[16, session, counter, received, arrived, window]`: what arrived until the packet that asked, and when it did, µs. */
  report: 16,
  /** `[17, hops, tag, sequence, index, count, payload]`: a segment but the first of its message, of a stream that is known. */
  continuation: 17,
} as const;

/** What the sender of a heartbeat says of the link, added up. */
export const Role = {
  /** You are one of my feeds: send me broadcasts. */
  feed: 1,
  /** You are my ring predecessor: you should not refuse, as long as nobody else claims that of you with more right. */
  locked: 2,
  /** I count you as my subscriber. */
  subscribed: 4,
  /** The cluster hears me and I hear it. */
  ready: 8,
} as const;

/** Elements of the frames of a fixed shape, their type included. */
export const FIXED_ELEMENTS: Readonly<Record<number, number>> = {
  [Frame.heartbeat]: 4,
  [Frame.heartbeatReply]: 4,
  [Frame.membersRequest]: 2,
  [Frame.pathChallenge]: 2,
  [Frame.pathResponse]: 2,
  [Frame.wish]: 5,
  [Frame.offer]: 5,
  [Frame.probeRequest]: 2,
  [Frame.probeResult]: 3,
  [Frame.reportRequest]: 1,
  [Frame.report]: 6,
};

export const KNOWN_FRAMES: ReadonlySet<number> = new Set(Object.values(Frame));
