/**
 * Lower-case hex digits of the bytes, for names in logs and map keys. Made at once, and not put together of pieces: these
 * would be put together anew whenever the text is compared.
 */
export function toHex(bytes: Uint8Array): string {
  const codes: number[] = [];
  for (const byte of bytes) codes.push(DIGITS.charCodeAt(byte >> 4), DIGITS.charCodeAt(byte & 0xf));
  return String.fromCharCode(...codes);
}

const DIGITS = '0123456789abcdef';
