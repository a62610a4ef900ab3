/** Lower-case hex digits of the bytes, for names in logs and map keys. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += OCTETS[bytes[i]!];
  return text;
}

const OCTETS = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));
