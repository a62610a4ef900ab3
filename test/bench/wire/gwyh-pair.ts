import { GwyhNode } from '../../../lib/index.js';
import { until } from '../processes.js';
import type { Received, Sender } from './carrier.js';

const OPTIONS = { zone: 'bench', bind: '127.0.0.1:0', maxMessageBytes: 2 * 1024 * 1024 };

export async function createGwyhSender(): Promise<Sender> {
  const node = new GwyhNode({ ...OPTIONS, peers: [] });
  await node.start();
  return {
    port: node.address.port,
    ready: () => until(() => node.subscriberCount > 0, 10_000, 'the receiver to subscribe'),
    // Who awaits each message is never refused: it waits for room.
    send: payload => node.broadcast(payload),
  };
}

export async function startGwyhReceiver(port: number, onReceived: Received): Promise<void> {
  const node = new GwyhNode({ ...OPTIONS, peers: [`127.0.0.1:${port}`] });
  node.onBroadcast(payload => onReceived(payload.length));
  await node.start();
  await node.ready();
}
