import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { LoopbackCluster, until } from '../sockets/loopback-cluster.js';

const cluster = new LoopbackCluster();
afterEach(() => cluster.close());

/** Stands between two nodes on real sockets, passes everything on, and keeps a copy. */
async function startRelay(target: number) {
  const front = createSocket('udp4');
  const back = createSocket('udp4');
  front.bind(0, '127.0.0.1');
  back.bind(0, '127.0.0.1');
  await Promise.all([once(front, 'listening'), once(back, 'listening')]);
  const copies: Buffer[] = [];
  let client = 0;
  front.on('message', (datagram, from) => {
    client = from.port;
    copies.push(Buffer.from(datagram));
    back.send(datagram, target, '127.0.0.1');
  });
  back.on('message', datagram => {
    copies.push(Buffer.from(datagram));
    front.send(datagram, client, '127.0.0.1');
  });
  const close = () => {
    front.close();
    back.close();
  };
  return { port: front.address().port, copies, close };
}

it('who reads along sees no plaintext: no payload, no zone, no node id, no frame', async () => {
  await cluster.add({ zone: 'secret-zone-one' });
  const relay = await startRelay(cluster.nodes[0]!.address.port);
  await cluster.add({ zone: 'secret-zone-two', peers: [`127.0.0.1:${relay.port}`] });
  await cluster.ready();
  const marker = Buffer.from('the quick brown fox jumps over the lazy dog');
  for (let i = 0; i < 50; i++) {
    await cluster.nodes[0]!.broadcast(marker);
    await cluster.nodes[1]!.broadcast(marker);
  }
  await until(() => cluster.received.every(list => list.length === 50));
  relay.close();

  const bytes = Buffer.concat(relay.copies);
  expect(cluster.received[1]![0]!.payload).toEqual(marker);
  expect(bytes.length).toBeGreaterThan(100 * marker.length);
  const secrets = [marker, marker.subarray(0, 8), Buffer.from('secret-zone'), Buffer.from('gwyh')];
  for (const node of cluster.nodes) secrets.push(Buffer.from(node.id, 'hex').subarray(0, 6), Buffer.from(node.id));
  for (const secret of secrets) expect([secret.toString(), bytes.indexOf(secret)]).toEqual([secret.toString(), -1]);
});
