import { describe, expect, it } from 'vitest';
import { makeKeyring } from '../../../lib/runtime/keys.js';

const RAW = Buffer.alloc(32, 0xab);

const idsOf = async (cluster: string, keys: string[] | undefined) =>
  (await makeKeyring(cluster, keys)).keys.map(key => key.id);

describe('a keyring', () => {
  it('has the same key for the same bytes, as hex of either case or as base64 of either alphabet', async () => {
    const forms = [
      `hex:${RAW.toString('hex')}`,
      `hex:${RAW.toString('hex').toUpperCase()}`,
      `base64:${RAW.toString('base64')}`,
      `base64:${RAW.toString('base64url')}`,
    ];
    const ids = await Promise.all(forms.map(async form => (await idsOf('a', [form]))[0]));
    expect(new Set(ids).size).toBe(1);
  });

  it('keeps the order of the keys: the first is the one in use', async () => {
    const keys = ['01', '02', '03'].map(byte => `hex:${byte.repeat(32)}`);
    const [first, , third] = await idsOf('a', keys);
    expect(await idsOf('a', keys.toReversed())).toMatchObject({ 0: third, 2: first });
  });

  it('has other keys in another cluster', async () => {
    const key = `hex:${RAW.toString('hex')}`;
    expect(await idsOf('a', [key])).not.toEqual(await idsOf('b', [key]));
  });

  it('has a key of its own for nodes without keys, which is no key that could be given', async () => {
    const [keyless] = await idsOf('a', undefined);
    expect(keyless).toMatch(/^[0-9a-f]{16}$/);
    expect(await idsOf('a', [`hex:${RAW.toString('hex')}`])).not.toContain(keyless);
  });

  it('takes a passphrase in whatever way its letters are composed', async () => {
    const [composed, decomposed] = await Promise.all([
      idsOf('a', ['passw\u00f6rter']),
      idsOf('a', ['passwo\u0308rter']),
    ]);
    expect(composed).toEqual(decomposed);
  });

  it('salts a passphrase with the name of the cluster, and stretches it once', async () => {
    const [first, again, elsewhere] = [
      await idsOf('a', ['correct horse']),
      await idsOf('a', ['correct horse']),
      await idsOf('b', ['correct horse']),
    ];
    expect(again).toEqual(first);
    expect(elsewhere).not.toEqual(first);
  });
});
