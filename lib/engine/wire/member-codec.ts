import { MAX_INCARNATION, MEMBER_STATES, type MemberRecord } from '../membership/member.js';
import { NODE_ID_BYTES, nodeIdFromBytes, nodeIdToBytes } from '../node-id.js';
import { decodeEndpoint, encodeEndpoint } from './endpoint-codec.js';
import type { MessagePackReader } from './message-pack-reader.js';
import type { MessagePackWriter } from './message-pack-writer.js';

/** Longest zone name in bytes of UTF-8: long enough for cloud zone names, short enough to travel with every record. */
export const MAX_ZONE_BYTES = 64;

/** Most bytes of a record: array, id, incarnation, state, IPv6 endpoint, zone. */
export const MAX_RECORD_BYTES = 1 + (2 + NODE_ID_BYTES) + 9 + 1 + (2 + 18) + (2 + MAX_ZONE_BYTES);

/** `[id, incarnation, state, endpoint or nil, zone]`. */
export function writeMemberRecord(writer: MessagePackWriter, record: MemberRecord): void {
  writer.array(5);
  writer.bytes(nodeIdToBytes(record.id));
  writer.uint(record.incarnation);
  writer.uint(MEMBER_STATES.indexOf(record.state));
  const endpoint = record.endpoint === undefined ? undefined : encodeEndpoint(record.endpoint);
  if (endpoint === undefined) writer.nil();
  else writer.bytes(endpoint);
  writer.text(record.zone);
}

/** Undefined when the record is malformed; the reader has failed then, and the rest of the datagram is dropped. */
export function readMemberRecord(reader: MessagePackReader): MemberRecord | undefined {
  if (reader.array() !== 5) reader.fail();
  const id = reader.bytesOf(NODE_ID_BYTES);
  const incarnation = reader.uint();
  const state = MEMBER_STATES[reader.uint()];
  const endpointBytes = reader.nil() ? undefined : reader.bytes();
  const zone = reader.text(MAX_ZONE_BYTES);
  if (state === undefined || incarnation > MAX_INCARNATION) reader.fail();
  if (reader.failed || state === undefined) return undefined;
  const endpoint = endpointBytes === undefined ? undefined : decodeEndpoint(endpointBytes);
  return { id: nodeIdFromBytes(id), incarnation, state, endpoint, zone };
}
