import { expect, it, vi } from 'vitest';
import { udpNetwork } from '../../../lib/runtime/udp-network.js';

it('a UDP socket has a copy of what it sent, unless that is queued', async () => {
  const local = { address: '127.0.0.1', port: 0 };
  const texts: string[] = [];
  const listener = await udpNetwork.bind(local, (_from, datagram) => texts.push(new TextDecoder().decode(datagram)));
  const sender = await udpNetwork.bind(local, () => {});
  const datagram = new Uint8Array(3);
  for (const text of ['one', 'two', 'six']) {
    datagram.set(new TextEncoder().encode(text));
    sender.send(listener.address, datagram);
    expect([sender.releasesSent, sender.queuedBytes]).toEqual([true, 0]);
  }
  await vi.waitUntil(() => texts.length === 3);
  await Promise.all([listener.close(), sender.close()]);
  expect(texts).toEqual(['one', 'two', 'six']);
});
