import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openEnvelope } from '../../../lib/engine/crypto/envelope.js';
import { decodeOhai } from '../../../lib/engine/crypto/handshake-messages.js';
import { Keyring } from '../../../lib/engine/crypto/keyring.js';
import { fromHex, hexOf } from '../crypto/seeded-random.js';
import { checkedRows, code } from './markdown-tables.js';

const vector = JSON.parse(
  readFileSync(new URL('../crypto/vectors/handshake-v1.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;

const example = checkedRows('PROTOCOL.md', 'example').map(([name, hex]) => ({ name: code(name!), hex: code(hex!) }));

describe('the worked example in docs/PROTOCOL.md', () => {
  it.each(example)('$name is that of the vector', ({ name, hex }) => {
    expect(hex).toBe(vector[name]);
  });

  it('has every value of the vector', () => {
    const { sizes: _sizes, ...values } = vector;
    expect(example.map(({ name }) => name).sort()).toEqual(Object.keys(values).sort());
  });

  it('has an Ohai datagram with the MAC of the vector', () => {
    const [row] = checkedRows('PROTOCOL.md', 'ohai');
    const datagram = fromHex(code(row![1]!));
    const body = new Uint8Array(datagram.length - 40);
    openEnvelope(datagram, body, Keyring.derive('default', [Uint8Array.from({ length: 32 }, (_, i) => i)]).keys);
    expect(hexOf(decodeOhai(body)!.mac)).toBe(vector.mac_ohai);
  });
});
