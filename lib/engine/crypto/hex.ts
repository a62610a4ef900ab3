/** Lower-case hex digits of the bytes. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += OCTETS[bytes[i]!];
  return text;
}

/** Writes the bytes of a hex string at `offset`. False, with nothing written, when it is not exactly `length` bytes of hex. */
export function writeHex(text: string, into: Uint8Array, offset: number, length: number): boolean {
  if (text.length !== length * 2 || !HEX.test(text)) return false;
  for (let i = 0; i < length; i++) into[offset + i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16);
  return true;
}

const HEX = /^[0-9a-f]*$/;
const OCTETS = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));
