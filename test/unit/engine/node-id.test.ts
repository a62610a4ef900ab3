import { describe, expect, it } from 'vitest';
import { nodeIdFromBytes, nodeIdToBytes, randomNodeId } from '../../../lib/engine/node-id.js';
import { randomUint32, randomUnit } from '../../../lib/engine/random.js';

/** A source of randomness that counts its bytes up. */
function counting() {
  let next = 0;
  return (buffer: Uint8Array) => buffer.forEach((_, i) => (buffer[i] = next++));
}

describe('a node id', () => {
  it('is 16 random bytes, as 32 lower-case hex digits', () => {
    expect(randomNodeId(counting())).toBe('000102030405060708090a0b0c0d0e0f');
  });

  it('is the same after the way to bytes and back', () => {
    const id = 'fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0';
    expect(nodeIdFromBytes(nodeIdToBytes(id))).toBe(id);
  });

  it('sorts as text as it does as bytes', () => {
    const ids = ['00ff'.padEnd(32, '0'), '0a'.padEnd(32, '0'), 'a0'.padEnd(32, '0')];
    const byBytes = ids.toSorted((a, b) => Buffer.compare(nodeIdToBytes(a), nodeIdToBytes(b)));
    expect(ids.toSorted()).toEqual(byBytes);
  });
});

describe('randomness', () => {
  it('is read from the injected source, four bytes a number', () => {
    const random = counting();
    expect([randomUint32(random), randomUint32(random)]).toEqual([0x03020100, 0x07060504]);
  });

  it('is a number from 0 up to, and without, 1', () => {
    expect(randomUnit(buffer => buffer.fill(0))).toBe(0);
    expect(randomUnit(buffer => buffer.fill(255))).toBe(1 - 2 ** -32);
  });
});
