import { DATA_OVERHEAD } from '../../../lib/engine/crypto/data-header.js';

/** What a datagram of a baseline holds, in the terms of the Plumtree paper. */
export const PacketKind = { gossip: 1, announcement: 2, graft: 3, prune: 4 } as const;
export type PacketKind = (typeof PacketKind)[keyof typeof PacketKind];

export interface Packet {
  readonly kind: PacketKind;
  /** Number of the message; NO_MESSAGE in a prune, and in a graft that asks for none. */
  readonly message: number;
  /** Links that the message has crossed when this arrives. */
  readonly round: number;
}

export const NO_MESSAGE = 0xffff_ffff;

/**
 * A frame that names one message, as an announcement or a graft does: type, origin, boot, sequence and round, in the
 * encoding of the real frames. With the head of the datagram, 61 bytes.
 */
const NAMING_FRAME_BYTES = 37;

/** A frame with nothing but its type. */
const PRUNE_FRAME_BYTES = 3;

/** A datagram as long as the real one would be. All copies of a packet may share it. */
export function encodePacket(packet: Packet, segmentFrameBytes: number): Uint8Array {
  const datagram = new Uint8Array(DATA_OVERHEAD + frameBytes(packet.kind, segmentFrameBytes));
  const view = new DataView(datagram.buffer);
  view.setUint8(0, packet.kind);
  view.setUint16(1, packet.round);
  view.setUint32(3, packet.message);
  return datagram;
}

export function decodePacket(datagram: Uint8Array): Packet {
  const view = new DataView(datagram.buffer, datagram.byteOffset);
  return { kind: view.getUint8(0) as PacketKind, round: view.getUint16(1), message: view.getUint32(3) };
}

function frameBytes(kind: PacketKind, segmentFrameBytes: number): number {
  if (kind === PacketKind.gossip) return segmentFrameBytes;
  return kind === PacketKind.prune ? PRUNE_FRAME_BYTES : NAMING_FRAME_BYTES;
}
