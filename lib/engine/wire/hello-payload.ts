import type { Endpoint } from '../endpoint.js';
import { MAX_INCARNATION } from '../membership/member.js';
import { decodeEndpoint, encodeEndpoint } from './endpoint-codec.js';
import { MAX_ZONE_BYTES } from './member-codec.js';
import { MessagePackReader } from './message-pack-reader.js';
import { MessagePackWriter } from './message-pack-writer.js';

/** What the two sides of a handshake tell each other of themselves, encrypted, in OkBoss and GoTeam. */
export interface HelloPayload {
  readonly zone: string;
  readonly incarnation: number;
  /** Where others should dial, if it differs from where the datagram came from. */
  readonly advertised: Endpoint | undefined;
}

/** `[zone, incarnation, advertised or nil]`. */
export function encodeHelloPayload(payload: HelloPayload): Uint8Array {
  const writer = new MessagePackWriter(128);
  writer.array(3);
  writer.text(payload.zone);
  writer.uint(payload.incarnation);
  const endpoint = payload.advertised === undefined ? undefined : encodeEndpoint(payload.advertised);
  if (endpoint === undefined) writer.nil();
  else writer.bytes(endpoint);
  return writer.take();
}

/** Undefined when malformed. Further elements of a later version are passed over. */
export function decodeHelloPayload(bytes: Uint8Array): HelloPayload | undefined {
  const reader = new MessagePackReader();
  reader.reset(bytes);
  const length = reader.array();
  const zone = reader.text(MAX_ZONE_BYTES);
  const incarnation = reader.uint();
  const endpointBytes = reader.nil() ? undefined : reader.bytes();
  if (reader.failed || length < 3 || incarnation > MAX_INCARNATION) return undefined;
  const advertised = endpointBytes === undefined ? undefined : decodeEndpoint(endpointBytes);
  return { zone, incarnation, advertised };
}
