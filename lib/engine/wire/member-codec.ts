import { MAX_ACCUSERS, MAX_INCARNATION, MEMBER_STATES, type MemberRecord, NOBODY } from '../membership/member.js';
import { NODE_ID_BYTES, type NodeId, nodeIdFromBytes, nodeIdToBytes } from '../node-id.js';
import { decodeEndpoint, encodeEndpoint } from './endpoint-codec.js';
import type { MessagePackReader } from './message-pack-reader.js';
import type { MessagePackWriter } from './message-pack-writer.js';

/** Longest zone name in bytes of UTF-8: long enough for cloud zone names, short enough to travel with every record. */
export const MAX_ZONE_BYTES = 64;

/** Bytes of an id with its head. */
const ID_BYTES = 2 + NODE_ID_BYTES;

/** Most bytes of a record: array, id, incarnation, state, IPv6 endpoint, zone, accusers. */
export const MAX_RECORD_BYTES = 1 + ID_BYTES + 9 + 1 + (2 + 18) + (2 + MAX_ZONE_BYTES) + MAX_ACCUSERS * ID_BYTES;

/** Elements of a record without accusers. */
const ELEMENTS = 5;

/** An upper bound of what a record takes: a UTF-16 unit of the zone's name is at most three bytes of UTF-8. */
export function recordBytes({ zone, accusers = NOBODY }: MemberRecord): number {
  const spared = MAX_ZONE_BYTES - Math.min(MAX_ZONE_BYTES, 3 * zone.length);
  return MAX_RECORD_BYTES - spared - (MAX_ACCUSERS - accusers.length) * ID_BYTES;
}

/** `[id, incarnation, state, endpoint or nil, zone, accuser...]`; only a suspect has accusers, and it has at least one. */
export function writeMemberRecord(writer: MessagePackWriter, record: MemberRecord): void {
  const accusers = record.accusers ?? NOBODY;
  writer.array(ELEMENTS + accusers.length);
  writer.bytes(nodeIdToBytes(record.id));
  writer.uint(record.incarnation);
  writer.uint(MEMBER_STATES.indexOf(record.state));
  const endpoint = record.endpoint === undefined ? undefined : encodeEndpoint(record.endpoint);
  if (endpoint === undefined) writer.nil();
  else writer.bytes(endpoint);
  writer.text(record.zone);
  for (const accuser of accusers) writer.bytes(nodeIdToBytes(accuser));
}

/** Undefined when the record is malformed; the reader has failed then, and the rest of the datagram is dropped. */
export function readMemberRecord(reader: MessagePackReader): MemberRecord | undefined {
  const elements = reader.array();
  const id = reader.bytesOf(NODE_ID_BYTES);
  const incarnation = reader.uint();
  const state = MEMBER_STATES[reader.uint()];
  const endpointBytes = reader.nil() ? undefined : reader.bytes();
  const zone = reader.text(MAX_ZONE_BYTES);
  const [least, most] = state === 'suspect' ? [ELEMENTS + 1, ELEMENTS + MAX_ACCUSERS] : [ELEMENTS, ELEMENTS];
  if (state === undefined || incarnation > MAX_INCARNATION || elements < least || elements > most) reader.fail();
  const accusers: NodeId[] = [];
  for (let i = ELEMENTS; i < elements && !reader.failed; i++) {
    accusers.push(nodeIdFromBytes(reader.bytesOf(NODE_ID_BYTES)));
  }
  if (reader.failed || state === undefined) return undefined;
  const endpoint = endpointBytes === undefined ? undefined : decodeEndpoint(endpointBytes);
  const record = { id: nodeIdFromBytes(id), incarnation, state, endpoint, zone };
  return accusers.length === 0 ? record : { ...record, accusers };
}
