import type { Endpoint } from '../endpoint.js';

/** An address as the cookie covers it: 16 bytes of IPv6, IPv4 as `::ffff:a.b.c.d`, then the port in network order. */
export const ADDRESS_BYTES = 18;

/** Writes an endpoint as 18 bytes. False, with nothing useful written, when its address is no address. */
export function writeAddress(endpoint: Endpoint, into: Uint8Array): boolean {
  const address = addressToBytes(endpoint.address);
  if (address === undefined) return false;
  into.set(address);
  into[16] = (endpoint.port >>> 8) & 0xff;
  into[17] = endpoint.port & 0xff;
  return true;
}

/**
 * The 16 bytes of an address, undefined when it is none. An IPv6 scope (`%eth0`) is left out: it names a local interface
 * and may be written in two ways for the same peer.
 */
export function addressToBytes(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(16);
  const scope = text.indexOf('%');
  const address = scope < 0 ? text : text.slice(0, scope);
  if (address.includes(':')) return writeIpv6(address, bytes) ? bytes : undefined;
  bytes[10] = 0xff;
  bytes[11] = 0xff;
  return writeIpv4(address, bytes, 12) ? bytes : undefined;
}

/**
 * What one sender is assumed to command: its IPv4 address, or the /56 that providers delegate to one customer. Limits
 * per single IPv6 address would be worth nothing, and per /48 would punish neighbours.
 */
export function addressPrefix(bytes: Uint8Array): string {
  return isMappedIpv4(bytes)
    ? String.fromCharCode(...bytes.subarray(12, 16))
    : String.fromCharCode(...bytes.subarray(0, 7));
}

function isMappedIpv4(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

/** Writes the four bytes of a dotted address. False, with nothing useful written, when it is none. */
export function writeIpv4(text: string, into: Uint8Array, at: number): boolean {
  let parts = 0;
  let digits = 0;
  let value = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : DOT;
    if (code === DOT) {
      if (parts === 4 || digits === 0 || value > 255) return false;
      into[at + parts++] = value;
      digits = 0;
      value = 0;
    } else {
      if (code < ZERO || code > ZERO + 9 || ++digits > 3) return false;
      value = 10 * value + code - ZERO;
    }
  }
  return parts === 4;
}

function writeIpv6(text: string, into: Uint8Array): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = parseGroups(halves[1] ?? '', true);
  if (head === undefined || tail === undefined) return false;
  const length = head.length + tail.length;
  // `::` stands for at least one group of zeros.
  if (halves.length === 1 ? length !== 16 : length > 14) return false;
  into.set(head, 0);
  into.set(tail, 16 - tail.length);
  return true;
}

/** Bytes of `a:b:c`; the last group may be dotted IPv4 where the address ends with it. */
function parseGroups(text: string, atEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  if (groups.length > 8) return undefined;
  for (const [position, group] of groups.entries()) {
    if (atEnd && position === groups.length - 1 && group.includes('.')) {
      const ipv4 = new Uint8Array(4);
      if (!writeIpv4(group, ipv4, 0)) return undefined;
      bytes.push(...ipv4);
    } else {
      if (!GROUP.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >>> 8, value & 0xff);
    }
  }
  return bytes;
}

const ZERO = 0x30;
const DOT = 0x2e;
const GROUP = /^[0-9a-fA-F]{1,4}$/;
