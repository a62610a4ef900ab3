import type { Endpoint } from '../endpoint.js';
import { addressToBytes, writeIpv4 } from '../crypto/address-bytes.js';

/** Bytes of an endpoint on the wire: the address (IPv4 4, IPv6 16) and the port, big endian. */
const IPV4_BYTES = 6;
const IPV6_BYTES = 18;

/** Undefined for an address that is no literal address. */
export function encodeEndpoint({ address, port }: Endpoint): Uint8Array | undefined {
  const isIpv4 = !address.includes(':');
  const bytes = new Uint8Array(isIpv4 ? IPV4_BYTES : IPV6_BYTES);
  if (isIpv4) {
    if (!writeIpv4(address, bytes, 0)) return undefined;
  } else {
    const ipv6 = addressToBytes(address);
    if (ipv6 === undefined) return undefined;
    bytes.set(ipv6);
  }
  bytes[bytes.length - 2] = port >> 8;
  bytes[bytes.length - 1] = port & 0xff;
  return bytes;
}

/**
 * Undefined for bytes that are no endpoint that can be dialled: a wrong length, port 0, the unspecified address, a
 * multicast or broadcast one. What others tell of members is hearsay, and must not aim datagrams at such addresses; nor
 * may it hide one of them as IPv4 mapped into IPv6, which no homie writes.
 */
export function decodeEndpoint(bytes: Uint8Array): Endpoint | undefined {
  if (bytes.length !== IPV4_BYTES && bytes.length !== IPV6_BYTES) return undefined;
  const port = bytes[bytes.length - 2]! * 256 + bytes[bytes.length - 1]!;
  if (port === 0) return undefined;
  const isIpv4 = bytes.length === IPV4_BYTES;
  const first = bytes[0]!;
  if (isIpv4 ? first === 0 || first >= 224 : first === 0xff || isUnspecified(bytes) || isMapped(bytes))
    return undefined;
  return { address: isIpv4 ? formatIpv4(bytes) : formatIpv6(bytes), port };
}

function isUnspecified(bytes: Uint8Array): boolean {
  return startsWithZeros(bytes, 16);
}

function isMapped(bytes: Uint8Array): boolean {
  return startsWithZeros(bytes, 10) && bytes[10] === 0xff && bytes[11] === 0xff;
}

function startsWithZeros(bytes: Uint8Array, count: number): boolean {
  for (let i = 0; i < count; i++) if (bytes[i] !== 0) return false;
  return true;
}

function formatIpv4(bytes: Uint8Array): string {
  return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as `::`. */
function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(bytes[i]! * 256 + bytes[i + 1]!);
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
  }
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map(group => group.toString(16))
      .join(':');
  return bestStart < 0 ? text(0, 8) : `${text(0, bestStart)}::${text(bestStart + bestLength, 8)}`;
}
