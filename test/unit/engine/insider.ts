import { Encoder } from '@msgpack/msgpack';
import { VirtualCluster, type VirtualClusterOptions, type VirtualHomie } from '../../../lib/testing/virtual-cluster.js';

const encoder = new Encoder();

/** A MessagePack value as a stranger's library writes it. */
export function pack(...values: unknown[]): Uint8Array {
  const parts = values.map(value => encoder.encode(value));
  return Uint8Array.from(Buffer.concat(parts));
}

/** Two homies that know each other, on a network without faults. */
export function startPair(options: VirtualClusterOptions = {}) {
  const cluster = new VirtualCluster(options);
  const [first, second] = [cluster.add(), cluster.add()];
  if (!cluster.join()) throw new Error('the two did not meet');
  return { cluster, first, second };
}

/** Hands `to` a datagram that is authentic, being sealed with the session of `from`, and says whatever it likes. */
export function sendRaw(from: VirtualHomie, to: VirtualHomie, plaintext: Uint8Array, at = from.endpoint): void {
  const session = from.engine.peer(to.id)!.current;
  const datagram = new Uint8Array(24 + plaintext.length);
  datagram.set(plaintext, 24);
  if (session.seal(datagram, plaintext.length, to.now) === 0) throw new Error('the session is over');
  to.inject(at, datagram);
}
